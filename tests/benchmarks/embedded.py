"""The embedded run: grants per second, memory, and rebuilding a read model from the ledgers.

Played by the script that `pruefpfad demo` uses, over the first rows of the published list.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.bench import Bench
from benchmarks.results import Measurement
from pruefpfad.embedded import EmbeddedSystem
from pruefpfad.scripted.bulk import BulkRun
from pruefpfad.scripted.records import StoredRecords
from pruefpfad.scripted.scenario import Scenario
from pruefpfad.scripted.stages import Stages
from pruefpfad.sources.definitions import checked
from pruefpfad.sources.files import read_text
from pruefpfad.sources.list_mapping import read_mapping
from pruefpfad.sources.operation_list import read_list

TESTS = Path(__file__).resolve().parents[1]
EXAMPLE = TESTS.parent / "examples" / "esf-nrw-2014-2020"
READ_MODELS = "audit"


def play(folder: Path, grants: int, told: Callable[[], None] = lambda: None) -> int:
    """That many grants through their whole life. Returns how many events all stores recorded."""
    scenario = Scenario.read(checked(EXAMPLE / "programme.toml"), EXAMPLE / "demonstration.toml")
    rows = read_list(
        EXAMPLE / "operations.csv.gz",
        read_mapping(read_text(EXAMPLE / "mapping.toml")),
        programme=scenario.programme,
        call=scenario.call,
    )
    with EmbeddedSystem(folder) as system:
        system.declare_demonstration(scenario.settings["purpose"])
        stages = Stages(system, scenario.cast(system.key), lambda *_: told())
        records = StoredRecords(system.stores[READ_MODELS])
        broken = BulkRun(stages, records, scenario).play(islice(rows, grants))
        if broken:
            raise AssertionError(f"expected rows that can be read, not {broken[0]}")
        return sum(system.heads().values())


def grants(bench: Bench) -> Measurement:
    """From the submission to the confirmed payment, every answer and every event on disk."""
    rates: list[float] = []
    events = 0
    for number in range(bench.sizes.rounds):
        started = perf_counter()
        events = play(bench.new_folder(), bench.sizes.grants)
        rates.append(bench.sizes.grants / (perf_counter() - started))
        bench.say(f"embedded.grants: round {number + 1}: {rates[-1]:,.1f} grants/s")
    return Measurement(
        name="embedded.grants",
        unit="grants/s",
        ours=median(rates),
        reason="the other way runs on servers only: see journey.grants",
        details={
            "rounds": rates,
            "grants": bench.sizes.grants,
            "events_per_grant": round(events / bench.sizes.grants, 1),
            "synchronous": "FULL",
        },
    )


def memory(bench: Bench) -> Measurement:
    """In a process of its own, whose memory nobody else has used before."""
    result = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.memory"),
            *(str(bench.new_folder()), str(bench.sizes.grants_for_memory)),
        ],
        cwd=TESTS,
        stdout=subprocess.PIPE,
        check=True,
    )
    found = json.loads(result.stdout)
    bench.say(f"embedded.memory: {found['peak_mb']:.0f} MB after {found['events']:,} events")
    return Measurement(
        name="embedded.memory",
        unit="MB at most, all services in one process",
        ours=found["peak_mb"],
        reason="the other way runs on servers only",
        details=found,
    )


def read_models(bench: Bench) -> Measurement:
    """Audit's whole case file built again from the other services' ledgers."""
    folder = bench.new_folder()
    play(folder, bench.sizes.grants)
    rates: list[float] = []
    for number in range(bench.sizes.rounds):
        for file in folder.glob(f"{READ_MODELS}.*.sqlite3*"):
            file.unlink()
        started = perf_counter()
        with EmbeddedSystem(folder) as system:
            seconds = perf_counter() - started
            audit = system.stores[READ_MODELS]
            heads = {store.origin: store.head().position for store in system.stores.values()}
            followed = {origin: audit.tracked(origin).position for origin in heads}
        del heads[audit.origin], followed[audit.origin]
        if followed != heads:
            raise AssertionError(f"audit has followed to {followed}, the ledgers are at {heads}")
        rates.append(sum(heads.values()) / seconds)
        bench.say(f"replay.read_models: round {number + 1}: {rates[-1]:,.0f} events/s")
    return Measurement(
        name="replay.read_models",
        unit="events/s",
        ours=median(rates),
        reason="the library has no read model to compare with",
        details={"rounds": rates, "read_models": [READ_MODELS], "events": sum(heads.values())},
    )
