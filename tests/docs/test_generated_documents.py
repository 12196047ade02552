"""What is generated in docs/ is what the contracts say today, and it is sound."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from grant_contracts.programme import read_definition
from pruefpfad.published.documents import documents, stale_documents, write_documents
from pruefpfad.published.kinds import published_events, taken_commands
from support.personal import as_sealed

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
DOCUMENTS = documents()
SCHEMAS = [name for name in DOCUMENTS if name.startswith("schemas/")]


def test_the_documents_are_what_the_contracts_say() -> None:
    stale = stale_documents(DOCS)

    assert not stale, f"Run `pruefpfad contracts write`; these are stale: {', '.join(stale)}"


def test_no_schema_lies_about_that_the_contracts_do_not_know() -> None:
    """But for earlier versions of an event, which its stored events are still read by."""
    topics = {event.topic for event in published_events()}
    found = {path.relative_to(DOCS).as_posix() for path in DOCS.glob("schemas/*/*.json")}
    unknown = {
        name
        for name in found - set(DOCUMENTS)
        if name.removeprefix("schemas/events/").rpartition(".v")[0] not in topics
    }

    assert unknown == set()


def test_the_same_contracts_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = write_documents(tmp_path / "a"), write_documents(tmp_path / "b")

    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert stale_documents(tmp_path / "a") == []


def test_a_document_that_was_edited_by_hand_is_stale(tmp_path: Path) -> None:
    write_documents(tmp_path)
    page = tmp_path / "events.md"
    page.write_text(page.read_text(encoding="utf-8") + "by hand", encoding="utf-8")
    (tmp_path / "asyncapi.json").unlink()

    assert stale_documents(tmp_path) == ["events.md", "asyncapi.json"]


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_schema_is_one_and_stands_on_its_own(name: str) -> None:
    schema = json.loads(DOCUMENTS[name])

    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert {ref.partition("/")[0] for ref in _references(schema)} <= {"#"}
    for reference in _references(schema):
        assert reference.removeprefix("#/$defs/") in schema["$defs"]


def test_every_event_and_command_has_its_section_on_the_page() -> None:
    page = DOCUMENTS["events.md"].splitlines()

    for event in published_events():
        assert page.count(f"### {event.topic}") == 1
    for command in taken_commands():
        assert page.count(f"### Command {command.full_name}") == 1


def test_the_application_of_the_story_is_valid_by_the_published_schema() -> None:
    application = as_sealed(_example("zusammen-im-quartier/application.json"))

    _command_validator("intake.submit_application").validate(application)
    del application["applicant"]["key"]
    assert not _command_validator("intake.submit_application").is_valid(application)


@pytest.mark.parametrize("programme", ["zusammen-im-quartier", "esf-nrw-2014-2020"])
def test_a_programme_definition_is_valid_by_the_published_schema(programme: str) -> None:
    path = ROOT / "examples" / programme / "programme.toml"
    definition = read_definition(path.read_text(encoding="utf-8"))

    _command_validator("intake.register_programme").validate({"definition": definition})
    definition["debtor"]["invented"] = "yes"
    assert not _command_validator("intake.register_programme").is_valid({"definition": definition})


def test_money_of_a_command_is_text_with_two_decimals() -> None:
    line = {"programme": "p", "fund": "ESF", "year": 2020, "effective_on": "2020-01-01"}
    schema = _command_validator("budgeting.open_budget_line")

    assert schema.is_valid({**line, "ceiling": "1250.00"})
    assert not schema.is_valid({**line, "ceiling": 1250.0})
    assert not schema.is_valid({**line, "ceiling": "1250.005"})


def test_an_order_of_a_run_is_a_pair() -> None:
    run = {
        "run": "2016-0001",
        "execution_on": "2016-05-02",
        "created_at": "2016-04-29T08:00:00Z",
        "programme": "p",
        "programme_version": "1",
    }
    schema = _command_validator("disbursement.open_payment_run")

    assert schema.is_valid({**run, "orders": [["ZIQ-1", "ZIQ-1/1"]]})
    assert not schema.is_valid({**run, "orders": [["ZIQ-1"]]})
    assert not schema.is_valid({**run, "orders": [["ZIQ-1", "ZIQ-1/1", "again"]]})


def test_every_schema_can_be_found_by_its_id() -> None:
    schemas = [json.loads(DOCUMENTS[name]) for name in SCHEMAS]
    registry: Registry[Any] = Registry().with_resources(
        (schema["$id"], Resource.from_contents(schema)) for schema in schemas
    )

    assert len(registry) == len(schemas)


def _command_validator(command: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(DOCUMENTS[f"schemas/commands/{command}.json"]))


def _example(name: str) -> Any:
    return json.loads((ROOT / "examples" / name).read_text(encoding="utf-8"))


def _references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [ref for inner in part.values() for ref in _references(inner)]
    return [ref for inner in part for ref in _references(inner)] if isinstance(part, list) else []
