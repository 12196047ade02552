"""Rows of the published list and the script that plays them, for the journeys."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import NamedTuple

from joserfc.jwk import OKPKey

from grant_audit import queries
from grant_audit.exports import operations_list
from grant_disbursement.run_file import recorded_file
from pruefpfad.embedded import EmbeddedSystem
from pruefpfad.scripted.bulk import BulkRun
from pruefpfad.scripted.records import StoredRecords
from pruefpfad.scripted.scenario import Records, Scenario
from pruefpfad.scripted.script import Authority
from pruefpfad.scripted.stages import Stages
from pruefpfad.sources.definitions import checked
from pruefpfad.sources.files import read_text
from pruefpfad.sources.list_mapping import read_mapping
from pruefpfad.sources.operation_list import read_list


class Ending(NamedTuple):
    """What a run of the list leaves behind."""

    operations_csv: str
    heads: dict[str, int]
    payment_files: dict[str, str]


def scenario_of(example: Path) -> Scenario:
    return Scenario.read(checked(example / "programme.toml"), example / "demonstration.toml")


def purpose_of(example: Path) -> str:
    return str(scenario_of(example).settings["purpose"])


def play(example: Path, authority: Authority, records: Records, key: OKPKey) -> None:
    """The rows of the example through the whole life of a grant."""
    scenario = scenario_of(example)
    rows = read_list(
        example / "operations.csv.gz",
        read_mapping(read_text(example / "mapping.toml")),
        programme=scenario.programme,
        call=scenario.call,
    )
    stages = Stages(authority, scenario.cast(key), lambda *_: None)
    assert BulkRun(stages, records, scenario).play(rows) == []


def play_embedded(example: Path, folder: Path) -> Ending:
    """The same in one process, without any server."""
    with EmbeddedSystem(folder) as system:
        system.declare_demonstration(purpose_of(example))
        play(example, system, StoredRecords(system.stores["audit"]), system.key)
        return ending_of(system)


def ending_of(system: EmbeddedSystem) -> Ending:
    """What a run of the list has left behind."""
    audit, disbursement = system.stores["audit"], system.stores["disbursement"]
    files = {
        run["run"]: recorded_file(disbursement, system.vault, run["run"]).decode()
        for run in queries.runs(audit)
    }
    return Ending(operations_list(audit, date.max), system.heads(), files)
