"""The four services of the baseline: nameko's entrypoints; get, change, save, dispatch."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from benchmarks.journey.baseline import texts
from benchmarks.journey.baseline.domain import (
    Assessment,
    Award,
    BudgetLine,
    Call,
    Cashbook,
    Earmark,
    Fields,
    GrantAccount,
    GrantApplication,
    OperationFingerprint,
    PaymentRun,
    Programme,
)
from benchmarks.journey.baseline.extensions import (
    NOT_YET,
    Events,
    Letter,
    Recording,
    command,
    heard,
)
from grant_values.cases import case_id_of


class IntakeService(Recording):
    """Takes applications."""

    name = "intake"

    @command("intake")
    def take(self, letter: Letter) -> None:
        self.obey(letter)

    def register_programme(self, definition: Fields) -> Events:
        self.records.save(Programme(definition))
        return ()

    def open_call(self, call: str, opens_on: str, closes_on: str, **_: str) -> Events:
        self.records.save(Call(call, opens_on, closes_on))
        return ()

    def submit_application(self, reference: str, **form: Any) -> Events:
        self.records.save(GrantApplication(reference, form))
        return [_said("ApplicationSubmitted", reference, form=form)]

    def check_completeness(
        self, reference: str, missing: list[str], checklist: str, effective_on: str
    ) -> Events:
        application = self.records.repository.get(GrantApplication.create_id(reference))
        application.check_completeness(missing, checklist, "S-1101", effective_on)
        self.records.save(application)
        return [_said("CompletenessChecked", reference, effective_on=effective_on)]


class EligibilityService(Recording):
    """Checks what was submitted."""

    name = "eligibility"

    @command("eligibility")
    def take(self, letter: Letter) -> None:
        self.obey(letter)

    @heard("intake", "ApplicationSubmitted")
    def when_submitted(self, fact: Fields) -> None:
        self.record(lambda: self._assess(fact["reference"], fact["form"]))

    @heard("intake", "CompletenessChecked")
    def when_checked(self, fact: Fields) -> None:
        self.record(lambda: self._note(fact["reference"], fact["effective_on"]))

    def propose_finding(
        self, reference: str, eligible: bool, reasons: str, effective_on: str
    ) -> Events:
        assessment = self._assessment(reference)
        assessment.propose(eligible, reasons, "S-1101", effective_on)
        self.records.save(assessment)
        return ()

    def sign_finding(self, reference: str, effective_on: str) -> Events:
        assessment = self._assessment(reference)
        finding = texts.finding(assessment.form)
        assessment.sign(finding, "S-1102", effective_on)
        self.records.save(assessment)
        return [_said("FoundEligible", reference, finding=finding)]

    def _assess(self, reference: str, form: Fields) -> Events:
        fingerprint = form["fingerprint"]
        taken = OperationFingerprint(
            fingerprint, str(case_id_of(reference)), form["programme"], reference
        )
        assessment = Assessment(reference, texts.assessed(form))
        for check in texts.checks(form):
            assessment.record_check(**check)
        self.records.save(taken, assessment)
        return ()

    def _note(self, reference: str, effective_on: str) -> Events:
        assessment = self._assessment(reference)
        assessment.note_completeness(True, effective_on)
        self.records.save(assessment)
        return [_said("CompletenessNoted", reference)]

    def _assessment(self, reference: str) -> Assessment:
        return self.records.repository.get(Assessment.create_id(reference))


class BudgetingService(Recording):
    """Promises money and decides."""

    name = "budgeting"

    @command("budgeting")
    def take(self, letter: Letter) -> None:
        self.obey(letter)

    def open_budget_line(
        self, programme: str, fund: str, year: int, ceiling: str, effective_on: str
    ) -> Events:
        self.records.save(BudgetLine(programme, fund, year, ceiling, effective_on))
        return ()

    @heard("eligibility", "FoundEligible")
    def when_found_eligible(self, fact: Fields) -> None:
        self.record(lambda: self._earmark(fact["reference"], fact["finding"]))

    @heard("disbursement", "PaymentExecuted")
    def when_executed(self, fact: Fields) -> None:
        self.record(lambda: self._spend(**fact))

    def approve_grant(self, reference: str, reasons: str, effective_on: str) -> Events:
        award = self._award(reference)
        terms = texts.terms(award.finding)
        award.approve(terms, reasons, texts.APPROVAL_RULE, "S-1201", effective_on)
        self.records.save(award)
        return ()

    def notify_decision(self, reference: str, channel: str, effective_on: str) -> Events:
        award = self._award(reference)
        award.notify(channel, texts.ANNOUNCEMENT_RULE, effective_on, "S-1201", effective_on)
        self.records.save(award)
        return ()

    def waive_remedy(self, reference: str, effective_on: str) -> Events:
        award = self._award(reference)
        line = self._line(award.finding)
        drawable = texts.drawable(award.finding)
        award.waive("S-1201", effective_on)
        award.finish("approved", drawable, effective_on)
        line.commit(str(case_id_of(reference)), texts.amount_cents(award.finding))
        self.records.save(award, line)
        return [_said("DecisionBecameFinal", reference, terms=drawable, final_on=effective_on)]

    def _earmark(self, reference: str, finding: Fields) -> Events:
        line, amount_cents = self._line(finding), texts.amount_cents(finding)
        award = Award(reference)
        award.note_finding(finding, "S-1101", "S-1102")
        line.earmark(str(case_id_of(reference)), amount_cents, texts.EARMARK_RULE)
        self.records.save(award, line, Earmark(line.id, reference, amount_cents))
        return [_said("FundsEarmarked", reference)]

    def _spend(self, reference: str, order_id: str, effective_on: str, **_: str) -> Events:
        finding = self._award(reference).finding
        line = self._line(finding)
        amount_cents = texts.amount_cents(finding)
        line.spend(str(case_id_of(reference)), order_id, amount_cents, effective_on)
        self.records.save(line)
        return [_said("FundsSpent", reference)]

    def _award(self, reference: str) -> Award:
        return self.records.repository.get(Award.create_id(reference))

    def _line(self, finding: Fields) -> BudgetLine:
        [tranche] = finding["tranches"]
        line_id = BudgetLine.create_id(finding["programme"], tranche["fund"], tranche["year"])
        return self.records.repository.get(line_id)


class DisbursementService(Recording):
    """Pays."""

    name = "disbursement"

    @command("disbursement")
    def take(self, letter: Letter) -> None:
        self.obey(letter)

    @heard("budgeting", "DecisionBecameFinal")
    def when_final(self, fact: Fields) -> None:
        self.record(lambda: self._open(fact["reference"], fact["terms"], fact["final_on"]))

    def submit_claim(
        self, reference: str, claim: str, wanted: list[Fields], purpose: str, effective_on: str
    ) -> Events:
        account = self._account(reference)
        account.submit_claim(claim, wanted, purpose, "client:portal", effective_on)
        self.records.save(account)
        return ()

    def certify_factually(self, reference: str, claim: str, effective_on: str) -> Events:
        account = self._account(reference)
        account.certify_factually(claim, "S-1401", effective_on)
        self.records.save(account)
        return ()

    def certify_arithmetically(self, reference: str, claim: str, effective_on: str) -> Events:
        account = self._account(reference)
        account.certify_arithmetically(claim, "S-1402", effective_on)
        self.records.save(account)
        return ()

    def order_payment(self, reference: str, claim: str, effective_on: str) -> Events:
        account = self._account(reference)
        tranches = account.terms["tranches"]
        account.order(claim, f"{reference}-1", tranches, "S-1501", effective_on)
        self.records.save(account)
        return ()

    def open_payment_run(
        self, run: str, execution_on: str, orders: list[list[str]], **_: str
    ) -> Events:
        cashbook = self._cashbook()
        cashbook.enter(run)
        payments = [
            texts.payment(self._account(reference), order_id) for reference, order_id in orders
        ]
        self.records.save(cashbook, PaymentRun(run, payments, execution_on))
        return ()

    def write_payment_run(self, run: str, effective_on: str) -> Events:
        opened = self._run(run)
        file = texts.file(opened.payments)
        opened.write(f"{run}.xml", sha256(file).hexdigest(), len(file), effective_on)
        self.records.save(opened)
        return ()

    def transmit_payment_run(self, run: str, effective_on: str) -> Events:
        cashbook, written = self._cashbook(), self._run(run)
        cashbook.transmit(run, f"PF-{run}", effective_on)
        accounts = [self._account(payment["reference"]) for payment in written.payments]
        for account in accounts:
            order_id = account.order_id
            account.transmit(order_id, run, f"PF-{run}", f"{order_id}-1", effective_on)
        self.records.save(cashbook, *accounts)
        return ()

    def confirm_payment(
        self, reference: str, order_id: str, end_to_end_id: str, effective_on: str
    ) -> Events:
        account = self._account(reference)
        account.confirm(order_id, account.terms["tranches"], effective_on)
        self.records.save(account)
        executed = {"order_id": order_id, "effective_on": effective_on}
        return [_said("PaymentExecuted", reference, **executed)]

    def _open(self, reference: str, terms: Fields, final_on: str) -> Events:
        self.records.save(GrantAccount(reference, terms, final_on))
        return [_said("GrantAccountOpened", reference)]

    def _account(self, reference: str) -> GrantAccount:
        return self.records.repository.get(GrantAccount.create_id(reference))

    def _run(self, run: str) -> PaymentRun:
        return self.records.repository.get(PaymentRun.create_id(run))

    def _cashbook(self) -> Cashbook:
        try:
            return self.records.repository.get(Cashbook.create_id())
        except NOT_YET:
            return Cashbook()


SERVICES = {
    service.name: service
    for service in (IntakeService, EligibilityService, BudgetingService, DisbursementService)
}


def _said(kind: str, reference: str, **further: Any) -> tuple[str, Fields]:
    """An event as it is dispatched. `caseid` is what the driver reads, on both sides."""
    return kind, {"reference": reference, "caseid": str(case_id_of(reference)), **further}
