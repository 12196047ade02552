"""`make whatif`: each change asked about and played on the whole demonstration."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from journeys.short_list import EXAMPLE
from pruefpfad.processes.memory import look_for_garbage_seldom
from pruefpfad.whatif.rules import NewRules
from whatif.records import records_of
from whatif.reruns import AS_RECORDED, EDUCATION_VOUCHERS, Rerun, play_under, study_of
from whatif.rule_changes import CHANGES


@click.command(epilog="Example: PYTHONPATH=tests python -m whatif --only 'a lower rate'")
@click.option("--full", is_flag=True, help="All 19,389 operations instead of 2,985.")
@click.option("--only", "chosen", multiple=True, type=click.Choice(list(CHANGES)), help="A change.")
def main(full: bool, chosen: tuple[str, ...]) -> None:
    """Say of each change how many cases are named and how many differ when it is played."""
    look_for_garbage_seldom(new_objects=500_000)
    leave_out = () if full else (EDUCATION_VOUCHERS,)
    failed = False
    with TemporaryDirectory() as folder:
        first = Path(folder, "first")
        play_under(AS_RECORDED, EXAMPLE, first, leave_out)
        recorded = records_of(first)
        for name in chosen or CHANGES:
            rules, second = NewRules.read(CHANGES[name]), Path(folder, name.replace(" ", "-"))
            began = time.monotonic()
            said = study_of(first, rules)
            seconds = time.monotonic() - began
            play_under(rules, EXAMPLE, second, leave_out)
            rerun = Rerun(said, study_of(second), recorded, records_of(second))
            same = rerun.named == rerun.differing
            failed = failed or not same
            click.echo(
                f"{name}: {len(rerun.named)} of {len(said.cases)} named,"
                f" {len(rerun.differing)} differ when played"
                f" ({'the same' if same else 'NOT THE SAME'}), asked in {seconds:.1f} s"
            )
    raise SystemExit(failed)


if __name__ == "__main__":
    main()
