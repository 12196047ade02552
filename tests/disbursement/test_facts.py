"""What disbursement records is what its contract promises to the others."""

from __future__ import annotations

import msgspec

from grant_contracts import disbursement as contract
from grant_contracts.envelope import Fact
from grant_contracts.reasons import PAYMENT_ORDER_REFUSED
from grant_disbursement.domain import Cashbook, GrantAccount, PaymentRun
from grant_disbursement.payment_file import REASONS_NOT_PAYABLE
from grant_store.catalogue import Catalogue


def promised() -> dict[str, dict[str, object]]:
    facts = [each for each in vars(contract).values() if isinstance(each, type)]
    return {
        fact.TOPIC: {
            field.name: field.type
            for field in msgspec.inspect.type_info(fact).fields  # type: ignore[attr-defined]
            if field.name != "envelope"
        }
        for fact in facts
        if issubclass(fact, Fact) and fact is not Fact
    }


def test_each_event_has_the_topic_fields_and_types_of_its_fact_in_the_same_order() -> None:
    catalogue = Catalogue([GrantAccount, PaymentRun, Cashbook])
    recorded = {
        kind.topic: [(name, msgspec.inspect.type_info(hint)) for name, hint in kind.fields.items()]
        for kind in catalogue.kinds
    }

    assert recorded == {topic: list(fields.items()) for topic, fields in promised().items()}


def test_whatever_sepa_cannot_carry_is_a_reason_of_the_closed_list() -> None:
    assert set(REASONS_NOT_PAYABLE) < set(PAYMENT_ORDER_REFUSED)
