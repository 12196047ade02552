"""A million events written into a bundle, and verified by the program in it.

The history has the form of grants in four services: each event of a later service follows from one
of the service before it, aggregates have two to three events each, every 256 leaves there is a head
with both signatures of its log and of a witness. All that is written once for a run. Writing and
verifying run in processes of their own, as an operator and an auditor start them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

from benchmarks.bench import Bench
from benchmarks.results import Measurement
from bundle.operator import Operator, an_operator
from grant_store.event_ids import new_event_id
from grant_store.rows import NewEvent

SERVICES = ("intake", "eligibility", "budgeting", "disbursement")
UPSTREAM = {"eligibility": "intake", "budgeting": "eligibility", "disbursement": "budgeting"}
LEAVES_PER_HEAD = 256
EVENTS_PER_APPEND = 1_000
MOST_ROUNDS = 3
NO_OTHER = "nobody else does this"
# As long as the events of the published list are on average: 290 and 230 bytes.
STATE = b'{"rule":"eligible_from","result":"met","note":"'.ljust(288, b"n") + b'"}'
METADATA = (
    b'{"actorid":"system:%s","actorrole":"system","correlationid":"ESF1420-%06d:submit",'
    b'"causationid":"%s","commandkey":"ESF1420-%06d:certify_arithmetically:2016",'
    b'"caseid":"%s"}'
)


class Run(NamedTuple):
    """What a process took."""

    seconds: float
    peak_mb: float


class History(NamedTuple):
    """A data directory full of events, and what an auditor has of it by another way."""

    folder: Path
    trust: Path
    known: Sequence[Path]

    @property
    def bundle(self) -> Path:
        return self.folder / "bundle.zip"

    def write(self) -> Run:
        words = ("--data", str(self.folder / "data"), "audit", "bundle", "--all")
        return _run("-m", "pruefpfad.cli", *words, "-o", str(self.bundle))

    def verify(self) -> Run:
        """By the program in the bundle. It must find every event proven."""
        program = self.folder / "verify.py"
        with zipfile.ZipFile(self.bundle) as file:
            program.write_bytes(file.read(program.name))
        heads = [word for note in self.known for word in ("--known-head", str(note))]
        return _run("-I", str(program), str(self.bundle), "--trust", str(self.trust), *heads)


def bundles(bench: Bench) -> list[Measurement]:
    """`bundle.seconds_1m`, `verify.seconds_1m` and `verify.memory_mb`, of one history."""
    events, rounds = bench.sizes.bundled_events, min(bench.sizes.rounds, MOST_ROUNDS)
    tenth = _history(bench, events // 10).write()
    history = _history(bench, events)
    written = [history.write() for _ in range(rounds)]
    verified = [history.verify() for _ in range(rounds)]
    megabytes = round(history.bundle.stat().st_size / 1e6, 1)
    bench.say(f"bundle of {events:,} events, {megabytes} MB: {written}, verified {verified}")
    size = {"events": events, "bundle_mb": megabytes, "leaves_per_head": LEAVES_PER_HEAD}
    memory = {"peak_mb": max(each.peak_mb for each in written), "at_a_tenth_mb": tenth.peak_mb}
    seconds = f"s for {events:,} events"
    return [
        _measured("bundle.seconds_1m", seconds, [each.seconds for each in written], size | memory),
        _measured("verify.seconds_1m", seconds, [each.seconds for each in verified], size),
        _measured("verify.memory_mb", "MB at most", [each.peak_mb for each in verified], size),
    ]


def _history(bench: Bench, events: int) -> History:
    folder = bench.new_folder()
    started = perf_counter()
    with an_operator(f"sqlite:///{folder / 'data'}", folder) as operator:
        for service in SERVICES:
            _record(operator, service, events // len(SERVICES))
            operator.sign(service, every=LEAVES_PER_HEAD)
        history = History(folder, operator.trust(), operator.known())
    bench.say(f"bundle: {events:,} events and their heads in {perf_counter() - started:.0f} s")
    return history


def _record(operator: Operator, service: str, count: int) -> None:
    for first in range(1, count + 1, EVENTS_PER_APPEND):
        positions = range(first, min(first + EVENTS_PER_APPEND, count + 1))
        operator.record(service, *(_event(service, position) for position in positions))


def _event(service: str, position: int) -> NewEvent:
    """The event at a position: three to an aggregate, and five of a case in a row."""
    aggregate, version = divmod(position - 1, 3)
    upstream = UPSTREAM.get(service)
    cause = f"event:{upstream}/main/{position}" if upstream else f"command:{position}"
    case = position // 5
    metadata = METADATA % (
        *(service.encode(), case, cause.encode(), case),
        str(UUID(int=case)).encode(),
    )
    return NewEvent(
        new_event_id(),
        uuid5(NAMESPACE_URL, f"/{service}/{aggregate}"),
        version + 1,
        f"{service}.CheckRecorded",
        1,
        STATE,
        metadata,
    )


# A process counts what the one that started it held: so a small one starts it, and tells.
_STARTER = """
import json, os, subprocess, sys, time
started = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
seconds = time.perf_counter() - started
print(json.dumps([os.waitstatus_to_exitcode(status), seconds, usage.ru_maxrss / 1024]))
os._exit(0)
"""


def _run(*words: str) -> Run:
    """A Python process that must end well: how long it took, and the most memory that it held."""
    command = [sys.executable, "-S", "-c", _STARTER, sys.executable, *words]
    told = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    exit_code, seconds, peak_mb = json.loads(told)
    if exit_code:
        raise AssertionError(f"expected exit code 0, not {exit_code}: {words}")
    return Run(round(seconds, 2), round(peak_mb, 1))


def _measured(
    name: str, unit: str, rounds: Sequence[float], details: dict[str, object]
) -> Measurement:
    return Measurement(
        name, unit, median(rounds), reason=NO_OTHER, details=details | {"rounds": list(rounds)}
    )
