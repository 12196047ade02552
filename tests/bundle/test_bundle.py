"""What is written into a bundle, and that the verifier inside agrees with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bundle.conftest import bundled, names, read_json, verdict_on
from bundle.operator import PROGRAMME, Operator, a_case, an_event
from grant_audit.bundle.scope import Scope, scope_of
from grant_audit.bundle.source import Source
from grant_store.errors import StoreError
from grant_values.invalid import Invalid


def scoped(operator: Operator, *cases: str, programmes: tuple[str, ...] = ()) -> Scope:
    return scope_of(operator.source("intake").ledger, cases, programmes)


def test_a_bundle_of_everything_is_verified_by_the_program_in_it(
    operator: Operator, tmp_path: Path
) -> None:
    operator.sign_all()
    a_case(operator, "ZIQ-41", 41)
    operator.sign_all()

    bundle = bundled(operator, tmp_path / "b.zip")
    verdict = verdict_on(bundle, operator.trust(), operator.known())

    assert (verdict.exit_code, verdict.report["findings"]) == (0, [])
    assert verdict.report["checks"]["leaf"] == [42 + 82 + 83 + 41, 0]
    assert verdict.report["checks"]["document"] == [42, 0]
    assert verdict.report["checks"]["root"] == [8, 0]


def test_the_same_stores_give_the_same_bytes(operator: Operator, tmp_path: Path) -> None:
    operator.sign_all()

    first = bundled(operator, tmp_path / "first.zip").read_bytes()

    assert bundled(operator, tmp_path / "second.zip").read_bytes() == first


def test_readmes_verifier_schemas_keys_policy_and_rules_are_in_it(
    operator: Operator, tmp_path: Path
) -> None:
    operator.sign_all()

    bundle = bundled(operator, tmp_path / "b.zip")

    assert {"README.de.md", "README.en.md", "verify.py", "manifest.json"} < set(names(bundle))
    assert "schemas/intake.ApplicationSubmitted.v1.json" in names(bundle)
    assert "keys/pruefpfad.test.intake.main.vkey" in names(bundle)
    assert read_json(bundle, "policy.json") == {
        "quorum": 1,
        "witnesses": [],
        "cosigned_by": ["pruefbehoerde.example/w1"],
    }
    assert read_json(bundle, "rules/ziq-v1.1.json") == {
        "code": "ziq",
        "rules": ["late", "complete"],
    }
    [listed, *_] = read_json(bundle, "logs/intake/main/documents/000000000001.json")
    assert listed == {
        "name": "Finanzierungsplan",
        "position": 2,
        "sha256": f"{1:064x}",
        "topic": "intake.ApplicationSubmitted",
    }


def test_what_was_recorded_after_the_last_head_is_in_it_and_not_proven(
    operator: Operator, tmp_path: Path
) -> None:
    operator.sign_all()
    known = operator.known()
    a_case(operator, "ZIQ-41", 41)

    verdict = verdict_on(bundled(operator, tmp_path / "b.zip"), operator.trust(), known)

    assert verdict.exit_code == 2
    assert verdict.places == {
        ("coverage", "intake/main/42"),
        ("coverage", "eligibility/main/81"),
        ("coverage", "budgeting/main/82"),
        ("coverage", "disbursement/main/41"),
    }


def test_stores_that_were_never_signed_make_a_bundle_that_proves_nothing(
    operator: Operator, tmp_path: Path
) -> None:
    verdict = verdict_on(bundled(operator, tmp_path / "b.zip"), _no_keys(tmp_path), [])

    assert verdict.exit_code == 2


def _no_keys(tmp_path: Path) -> Path:
    path = tmp_path / "none.txt"
    path.write_text("# nobody\n")
    return path


def test_a_case_goes_with_its_programme_and_without_other_cases(
    operator: Operator, tmp_path: Path
) -> None:
    operator.sign_all()

    bundle = bundled(operator, tmp_path / "b.zip", scoped(operator, "ZIQ-7"))
    verdict = verdict_on(bundle, operator.trust(), operator.known())

    assert (verdict.exit_code, verdict.report["findings"]) == (0, [])
    events = {log["name"]: log["events"] for log in verdict.report["logs"]}
    assert events == {
        "intake/main": 2,  # The programme and the application.
        "eligibility/main": 2,
        "budgeting/main": 3,  # The line as it was opened, the earmark and the award.
        "disbursement/main": 1,
        "audit/main": 0,
    }
    [line] = [log["shared"] for log in verdict.report["logs"] if log["name"] == "budgeting/main"]
    assert len(line) == 1
    assert read_json(bundle, "manifest.json")["scope"] == {
        "kind": "cases",
        "cases": ["ZIQ-7"],
        "programmes": ["ziq"],
    }


def test_a_programme_goes_with_all_its_cases(operator: Operator, tmp_path: Path) -> None:
    a_case(operator, "OTHER-1", 41, programme="other")
    operator.sign_all()

    scope = scoped(operator, programmes=(PROGRAMME,))
    bundle = bundled(operator, tmp_path / "b.zip", scope)
    verdict = verdict_on(bundle, operator.trust(), operator.known())

    assert (verdict.exit_code, verdict.report["findings"]) == (0, [])
    assert len(read_json(bundle, "manifest.json")["scope"]["cases"]) == 40


def test_a_part_of_a_long_log_has_only_the_tiles_that_it_needs(
    operator: Operator, tmp_path: Path
) -> None:
    for number in range(41, 700):
        a_case(operator, f"ZIQ-{number}", number)
    operator.sign_all()

    bundle = bundled(operator, tmp_path / "b.zip", scoped(operator, "ZIQ-300"))

    tiles = [name for name in names(bundle) if name.startswith("logs/eligibility/main/tile/")]
    assert [name.removeprefix("logs/eligibility/main/") for name in tiles] == [
        "tile/0/002",
        "tile/0/005.p/118",
        "tile/1/000.p/5",
    ]
    assert verdict_on(bundle, operator.trust(), operator.known()).exit_code == 0


def test_an_early_cosigned_head_is_reached_from_a_part(operator: Operator, tmp_path: Path) -> None:
    operator.sign_all()
    early = operator.known()
    for number in range(41, 400):
        a_case(operator, f"ZIQ-{number}", number)
    operator.sign_all()

    bundle = bundled(operator, tmp_path / "b.zip", scoped(operator, "ZIQ-300"))

    verdict = verdict_on(bundle, operator.trust(), early)
    assert (verdict.exit_code, verdict.report["findings"]) == (0, [])


@pytest.mark.parametrize(("cases", "programmes"), [(("ZIQ-999",), ()), ((), ("nothing",))])
def test_what_nobody_knows_is_refused_by_name(
    cases: tuple[str, ...], programmes: tuple[str, ...], operator: Operator
) -> None:
    with pytest.raises(Invalid):
        scope_of(operator.source("intake").ledger, cases, programmes)


def test_disbursement_ends_before_what_follows_from_later_decisions(
    operator: Operator, tmp_path: Path
) -> None:
    """Budgeting's head is read first; what both record before disbursement's head is read waits."""
    operator.sign_all()
    known = operator.known()
    place = next(i for i, each in enumerate(operator.sources) if each.service == "disbursement")
    source = operator.sources[place]

    class GoesOn:
        """A ledger that grows, with its upstream, when it is asked for its head."""

        def head(self) -> Any:
            cause = operator.record("budgeting", an_event("budgeting.Noted", "x", 1))
            late = an_event("disbursement.Noted", "y", 1, cause=f"budgeting/main/{cause}")
            operator.record("disbursement", an_event("disbursement.Noted", "z", 1), late)
            return source.ledger.head()

        def __getattr__(self, name: str) -> Any:
            return getattr(source.ledger, name)

    growing: Any = GoesOn()
    operator.sources[place] = Source("disbursement", "main", growing, source.log)

    bundle = bundled(operator, tmp_path / "b.zip")

    sizes = {log["service"]: log["size"] for log in read_json(bundle, "manifest.json")["logs"]}
    assert sizes["budgeting"] == 81
    assert sizes["disbursement"] == 41
    verdict = verdict_on(bundle, operator.trust(), known)
    assert verdict.places == {("coverage", "disbursement/main/41")}


def test_what_fails_on_the_way_leaves_nothing_behind(operator: Operator, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "b.zip").write_bytes(b"the one of yesterday")
    source = operator.sources[-1]

    class Fails:
        def events_after(self, position: int, limit: int) -> Any:
            raise StoreError("the line is cut")

        def __getattr__(self, name: str) -> Any:
            return getattr(source.ledger, name)

    failing: Any = Fails()
    operator.sources[-1] = Source(source.service, source.lane, failing, source.log)

    with pytest.raises(StoreError, match="the line is cut"):
        bundled(operator, folder / "b.zip")

    assert [path.name for path in folder.iterdir()] == ["b.zip"]
    assert (folder / "b.zip").read_bytes() == b"the one of yesterday"


def test_a_ledger_that_ends_below_its_last_head_is_no_secret(
    operator: Operator, tmp_path: Path
) -> None:
    operator.sign_all()
    source = operator.sources[-1]

    class CutOff:
        """The ledger as a backup would bring it back."""

        def head(self) -> Any:
            return source.ledger.head()._replace(position=30)

        def __getattr__(self, name: str) -> Any:
            return getattr(source.ledger, name)

    shorter: Any = CutOff()
    operator.sources[-1] = Source(source.service, source.lane, shorter, source.log)

    verdict = verdict_on(bundled(operator, tmp_path / "b.zip"), operator.trust(), operator.known())

    assert verdict.exit_code == 1
    assert ("root", "intake/main/1..41") in verdict.places
    assert ("known head", "intake/main/41") in verdict.places
