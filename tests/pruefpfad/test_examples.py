"""The examples are what they say they are."""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path

from grant_contracts.intake_commands import SubmitApplication
from grant_contracts.personal import AccountInClear
from grant_contracts.programme import read_definition
from grant_eligibility.rules import Case, run, tranches
from grant_values.legal_time import legal_date
from pruefpfad.sources.foerderfinder import decode, draft
from pruefpfad.sources.list_mapping import read_mapping
from support.personal import as_sealed

EXAMPLES = Path(__file__).parents[2] / "examples"
ZIQ = EXAMPLES / "zusammen-im-quartier"
ESF = EXAMPLES / "esf-nrw-2014-2020"
DEFINITION = (ZIQ / "programme.toml").read_text(encoding="utf-8")


def _application() -> dict[str, object]:
    read: dict[str, object] = json.loads((ZIQ / "application.json").read_text(encoding="utf-8"))
    return read


def test_the_finished_definition_keeps_what_was_drafted_from_the_record() -> None:
    drafted = tomllib.loads(draft(decode((ZIQ / "foerderfinder.txt").read_bytes())))
    finished = tomllib.loads(DEFINITION)

    assert finished["record"] == drafted["record"]
    assert finished["figures"][: len(drafted["figures"])] == drafted["figures"]
    assert {name: finished[name] for name in ("title", "authority", "land")} == {
        name: drafted[name] for name in ("title", "authority", "land")
    }


def test_the_application_of_the_story_meets_every_rule() -> None:
    read = SubmitApplication().load(as_sealed(_application()))
    parts = ("applicant", "operation", "plan", "declarations")
    case = Case(
        **{part: read[part] for part in parts},
        received_on=legal_date(read["received_at"]),
        is_late=False,
        original=None,
    )
    definition = read_definition(DEFINITION)

    assert {check.result for check in run(definition["rules"], case)} == {"met"}
    granted = tranches(definition, case)
    assert sum(each.amount_cents for each in granted) == case.plan.requested_cents
    assert {each.year for each in granted} == {2021, 2022}


def test_the_cost_of_the_story_is_the_unit_cost_of_its_post() -> None:
    """6,960 EUR per month, half a post, 22 months."""
    read = SubmitApplication().load(as_sealed(_application()))
    [post] = read["operation"].posts

    assert (post.share, post.months) == ("0.50", 22)
    assert read["plan"].eligible_cents == 696_000 * 22 // 2


def test_the_fingerprint_of_the_story_is_that_of_its_own_words() -> None:
    application = _application()
    said = {part: application[part] for part in ("applicant", "operation", "plan")}
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    assert application["fingerprint"] == hashlib.sha256(text.encode()).hexdigest()


def test_no_account_of_the_examples_can_exist() -> None:
    """No German bank code begins with 9."""
    accounts = [
        AccountInClear().load(_application()["payee"])["iban"],
        read_definition(DEFINITION)["debtor"]["iban"],
        read_definition((ESF / "programme.toml").read_text(encoding="utf-8"))["debtor"]["iban"],
    ]
    scheme = read_mapping((ESF / "mapping.toml").read_text(encoding="utf-8")).invented.payee

    assert {iban[4] for iban in accounts} == {scheme.bank_code[0]} == {"9"}


def test_the_mapping_and_the_definition_speak_of_the_same_programme() -> None:
    mapping = read_mapping((ESF / "mapping.toml").read_text(encoding="utf-8"))
    definition = read_definition((ESF / "programme.toml").read_text(encoding="utf-8"))

    assert mapping.prefix == definition["reference_prefix"]
    assert {each.kind for each in mapping.applicant_classes.values()} == {
        each["kind"] for each in definition["addressees"]
    }
    assert definition["land"] in mapping.lands.values()
