"""Whatever is ordered, run, sent and returned, in any order: no payment is in two sent files."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grant_disbursement.domain import Cashbook, GrantAccount, PaymentRun

if TYPE_CHECKING:
    from disbursement.conftest import Office

REFERENCES = ["ZIQ-2016-0001", "ZIQ-2016-0002"]
DAYS = {
    "effective_on": "2016-03-10",
    "execution_on": "2016-03-10",
    "created_at": "2016-03-10T08:00:00Z",
}

steps = st.tuples(
    st.sampled_from(["order", "order", "open", "open named", "write", "transmit", "say", "die"]),
    st.sampled_from(REFERENCES),
    st.integers(1, 3),
)


def take(office: Office, step: str, reference: str, number: int) -> None:
    order_id, run = f"{reference}-{number}", f"2016-000{number}"
    opening: dict[str, Any] = {name: DAYS[name] for name in ("execution_on", "created_at")}
    if step == "order":
        office.order_certified(f"C{number}", f"{number * 100}.00", reference)
    elif step == "open":
        office.open_run(run, **opening)
    elif step == "open named":
        office.open_run(run, orders=[[reference, order_id]], **opening)
    elif step == "write":
        office.write_run(run, DAYS["effective_on"])
    elif step == "transmit":
        office.transmit_run(run)
    elif step == "die":
        office.store.close()
        office.start()
    else:
        for attempt in (1, 2, 3):
            office.bank_says("return_payment", order_id, attempt, effective_on="2016-03-10")


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(taken=st.lists(steps, min_size=5, max_size=25))
def test_no_payment_is_in_two_sent_files_and_each_file_has_the_recorded_hash(
    an_office: Callable[[], Office], taken: list[tuple[str, str, int]]
) -> None:
    office = an_office()
    for reference in REFERENCES:
        office.hear_of_award(reference)

    for step in taken:
        take(office, *step)

    sent_runs = [event.run for event in office.events(Cashbook.PaymentRunTransmitted)]
    runs = [office.rebuilt(PaymentRun.create_id(run)) for run in sent_runs]
    in_files = [payment.end_to_end_id for run in runs for payment in run.payments]
    sent = [event.end_to_end_id for event in office.events(GrantAccount.PaymentTransmitted)]
    assert len(set(in_files)) == len(in_files)
    assert in_files == sent
    for run in runs:
        assert office.payment_file(run.run)  # Raises if its hash is not the one on record.
