"""`pruefpfad demo`: one grant as a story, then a whole list through the whole life of a grant."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from grant_audit import queries
from grant_audit.exports import operations_list
from grant_audit.summary import summary
from grant_disbursement.run_file import recorded_file
from grant_values.money import euro_de
from pruefpfad.audit_apart import AuditApart
from pruefpfad.cli.installation import embedded_system
from pruefpfad.cli.output import EXIT_INVALID, say_table
from pruefpfad.cli.whole_files import PRIVATE, write_whole
from pruefpfad.embedded import EmbeddedSystem
from pruefpfad.scripted.bulk import BulkRun
from pruefpfad.scripted.records import StoredRecords
from pruefpfad.scripted.scenario import Scenario
from pruefpfad.scripted.stages import Stages
from pruefpfad.scripted.story import Story
from pruefpfad.sources.definitions import checked
from pruefpfad.sources.files import read_text
from pruefpfad.sources.list_mapping import read_mapping
from pruefpfad.sources.operation_list import BrokenRow, read_list

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
EDUCATION_VOUCHERS = "3.2."


@click.command(epilog="Example: pruefpfad --data var/demo demo")
@click.option("--full", is_flag=True, help="All operations, education vouchers too.")
@click.option(
    "--examples",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=EXAMPLES,
    help="Where the example programmes are.",
)
@click.pass_obj
def demo(data: Path, full: bool, examples: Path) -> None:
    """Tell one grant as a story, then run a published list of operations through the whole life.

    All persons are played by a script, in stores marked as a demonstration. Run again, nothing new
    happens: every command gets its recorded answer.
    """
    console = Console()
    if not full:
        Story(examples / "zusammen-im-quartier", data / "story", console).tell()
    with embedded_system(data) as system:
        broken = _play(system, examples / "esf-nrw-2014-2020", full, console)
        figures = _write_files(system, data)
    _report(figures, broken, data)
    if broken or not all(proof["holds"] for proof in figures["reconciliation"]):
        raise SystemExit(EXIT_INVALID)


def _play(system: EmbeddedSystem, example: Path, full: bool, console: Console) -> list[BrokenRow]:
    scenario = Scenario.read(checked(example / "programme.toml"), example / "demonstration.toml")
    system.declare_demonstration(scenario.settings["purpose"])
    rows = read_list(
        example / "operations.csv.gz",
        read_mapping(read_text(example / "mapping.toml")),
        programme=scenario.programme,
        call=scenario.call,
        leave_out=() if full else (EDUCATION_VOUCHERS,),
    )
    with StageBars(console) as bars, AuditApart(system) as audit:
        stages = Stages(system, scenario.cast(system.key), bars.update)
        records = StoredRecords(system.stores["audit"], audit.catch_up)
        broken = BulkRun(stages, records, scenario).play(rows)
        audit.catch_up()
        return broken


class StageBars:
    """A progress bar for each stage, with its rate."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description:28}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]:>8}"),
            TimeElapsedColumn(),
            console=console,
            # A hundred lines are drawn anew each time, on the core that does the work.
            refresh_per_second=2,
        )
        self._started: dict[str, tuple[Any, float]] = {}

    def __enter__(self) -> StageBars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def update(self, stage: str, done: int, total: int) -> None:
        if stage not in self._started:
            task = self._progress.add_task(stage, total=total, rate="")
            self._started[stage] = (task, time.monotonic())
        task, started = self._started[stage]
        seconds = max(time.monotonic() - started, 0.001)
        self._progress.update(task, completed=done, rate=f"{done / seconds:.0f}/s")


def _write_files(system: EmbeddedSystem, data: Path) -> dict[str, Any]:
    """summary.json, operations.csv and the payment files, each put in place whole."""
    audit, disbursement = system.stores["audit"], system.stores["disbursement"]
    files = list(queries.every_case(audit))
    figures = summary(audit, files)
    folder = data / "payments"
    folder.mkdir(exist_ok=True)
    for run in queries.runs(audit):
        file = recorded_file(disbursement, system.vault, run["run"])
        write_whole(folder / run["file"]["file_name"], file, PRIVATE)
    listed = operations_list(audit, date.max, files)
    write_whole(data / "operations.csv", listed.encode())
    text = json.dumps(figures, ensure_ascii=False, indent=2) + "\n"
    write_whole(data / "summary.json", text.encode())
    return figures


def _report(figures: dict[str, Any], broken: Sequence[BrokenRow], data: Path) -> None:
    rows = [
        (kind, str(found["count"]), euro_de(found["eligible_cents"]), euro_de(found["grant_cents"]))
        for kind, found in figures["applications"].items()
    ]
    say_table("Applications (demonstration)", ("", "cases", "eligible €", "granted €"), rows)
    proofs = [
        (proof["claim"], "holds" if proof["holds"] else "DOES NOT HOLD")
        for proof in figures["reconciliation"]
    ]
    say_table("Reconciliation to the cent", ("claim", ""), proofs)
    for row in broken:
        click.echo(f"row {row.number}, line {row.line}: {row.field}: {row.expected}", err=True)
    click.echo(f"{sum(figures['events'].values())} events. Files: {data}/summary.json,")
    click.echo(f"{data}/operations.csv, {data}/payments/, stores {data}/*.sqlite3")
    click.echo(f"Look: pruefpfad --data {data} case list · case history REFERENCE · budget show")


COMMANDS = (demo,)
