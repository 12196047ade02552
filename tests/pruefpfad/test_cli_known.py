"""At the command line: what the decider knew, and what had not arrived."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from grant_contracts.commands import command_message
from grant_values.shapes import Actor
from pruefpfad.cli.root import main
from pruefpfad.embedded import EmbeddedSystem
from pruefpfad.keys import token_for
from support.story import REFERENCE, tell_story

Known = Callable[..., Result]
APPROVAL, CERTIFICATE = 7, 17


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tell_story(tmp_path_factory.mktemp("told") / "story")


def known(data: Path, *words: str) -> Result:
    words = ("--data", str(data), "case", "known", REFERENCE, *words)
    result = CliRunner().invoke(main, words)
    assert not result.exception or isinstance(result.exception, SystemExit), result.exception
    return result


def found(data: Path, number: int, *words: str) -> Any:
    result = known(data, "--decision", str(number), "--json", *words)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def places(entries: list[dict[str, Any]]) -> list[str]:
    return [f"{each['source'].partition('/')[0]}/{each['position']}" for each in entries]


def certify_while_a_withdrawal_is_on_its_way(data: Path) -> None:
    """Budgeting has noted a withdrawal; disbursement certifies a claim before it hears of it."""

    def give(command: str, role: str, person: str, **payload: Any) -> None:
        days = date(2018, 1, 1), date(2099, 12, 31)
        token = token_for(system.key, Actor(person, role), *days)
        payload = {"reference": REFERENCE, **payload}
        [answer] = system.send([command_message(command, command, token, payload)])
        assert answer.kind == "recorded", answer

    with EmbeddedSystem(data) as system:
        wanted = [{"fund": "ESF", "year": 2021, "amount": "6000.00"}]
        claim = {"claim": "2021-2", "effective_on": "2021-06-01"}
        claimed = {**claim, "wanted": wanted, "purpose": "Mittelabruf 2"}
        give("disbursement.submit_claim", "beneficiary", "B-1", **claimed)
        system.settle()
        system.detach("disbursement")
        day = {"reason": "kein Bedarf", "effective_on": "2021-05-20"}
        give("intake.withdraw_application", "applicant", "client:portal", **day)
        system.settle()
        give("disbursement.certify_factually", "claim_checker", "S-1401", **claim)
        system.attach("disbursement")
        system.settle()


def test_the_decisions_of_a_case_are_numbered_as_they_were_recorded(told: Path) -> None:
    result = known(told, "--json")
    lines = json.loads(result.stdout)["decisions"]
    assert [line["number"] for line in lines] == list(range(1, len(lines) + 1))
    assert lines[APPROVAL - 1]["place"] == "budgeting/21"
    assert "68.904,00 €" in lines[APPROVAL - 1]["sentence"]
    assert "Entscheidungen in diesem Fall" in known(told).stdout


def test_an_approval_shows_who_decided_by_what_rule_and_in_which_state_the_case_was(
    told: Path,
) -> None:
    approval = found(told, APPROVAL)
    decision = approval["decision"]
    assert decision["type"] == "budgeting.GrantApproved"
    assert (decision["actor_id"], decision["actor_role"]) == ("S-1201", "decider")
    assert decision["actor_method"] == "signed-token"
    assert decision["effective"] == "2021-01-11"
    assert decision["data"]["rule"].startswith("VV 4 zu § 44 LHO NRW")
    assert approval["case"]["state"] == "earmarked"
    assert "decision" not in approval["case"]["budgeting"]
    assert approval["followed_at_least"]["eligibility"] == 22
    assert "eligibility/22" in places(approval["known"])
    assert "intake/5" in places(approval["not_followed"])
    assert [each["title"] for each in approval["documents"]] == [
        "konzept.pdf",
        "finanzierungsplan.pdf",
    ]


def test_a_refusal_is_a_decision_too_and_shows_what_was_known(told: Path) -> None:
    refusal = found(told, 4)
    assert refusal["decision"]["type"] == "budgeting.ApprovalRefused"
    assert refusal["case"]["state"] == "on_reserve_list"


def test_a_withdrawal_on_its_way_is_shown_as_not_arrived_with_the_entry_it_became(
    told: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(told, data)
    certify_while_a_withdrawal_is_on_its_way(data)
    certificate = found(data, CERTIFICATE)
    assert certificate["decision"]["type"] == "disbursement.FactualCorrectnessCertified"
    [withdrawal] = certificate["not_yet"]
    assert withdrawal["type"] == "budgeting.WithdrawalNoted"
    heads = withdrawal["reached"].partition("/")
    assert heads[0] == "disbursement"
    assert int(heads[2]) > certificate["decision"]["position"]
    assert "intake.ApplicationWithdrawn" in {each["type"] for each in certificate["not_followed"]}
    in_words = known(data, "--decision", str(CERTIFICATE)).stdout
    assert "Anderswo erfasst, aber noch nicht angekommen" in in_words


def test_it_speaks_english_too(told: Path) -> None:
    result = known(told, "--decision", str(APPROVAL), "--lang", "en")
    assert "What was known" in result.stdout
    assert "the case as the deciding service saw it" in result.stdout


def test_what_a_rule_decided_is_told_of_by_its_place(told: Path) -> None:
    result = known(told, "--place", "eligibility/main/10", "--json")
    check = json.loads(result.stdout)

    assert check["decision"]["type"] == "eligibility.CheckRecorded"
    assert check["decision"]["number"] is None
    assert "intake/4" in places(check["known"])
    in_words = known(told, "--place", "eligibility/10", "--lang", "en").stdout
    assert in_words.startswith("decision eligibility/10")


def test_of_a_payment_run_it_is_told_what_was_known_of_the_case(told: Path) -> None:
    run = json.loads(known(told, "--place", "disbursement/8", "--json").stdout)

    assert run["decision"]["type"].startswith("disbursement.")
    assert "disbursement/7" in places(run["known"])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--place", "budgeting/999"), "place: expected that of an event on this case, or on none"),
        (("--place", "audit/1"), "place: expected SERVICE/N"),
        (
            ("--place", "intake/1", "--decision", "1"),
            "place: expected either --place or --decision",
        ),
    ],
)
def test_a_place_that_is_none_of_the_case_is_refused(
    told: Path, words: tuple[str, ...], expected: str
) -> None:
    result = known(told, *words)
    assert result.exit_code == 4
    assert result.stderr.startswith(expected)


@pytest.mark.parametrize("number", ["0", "99"])
def test_a_number_that_no_decision_has_is_refused(told: Path, number: str) -> None:
    result = known(told, "--decision", number)
    assert result.exit_code == 4
    assert result.stderr.startswith("decision: expected a number from 1 to ")


def test_another_axis_is_refused_because_the_decision_says_as_of_when(told: Path) -> None:
    result = known(told, "--decision", "1", "--effective", "2021-01-01")
    assert result.exit_code == 4
    assert result.stderr.startswith("decision: expected no other axis")
