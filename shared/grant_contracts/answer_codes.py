"""The closed list of codes in answers: why nothing is known to be on record, for programs.

The texts beside a code are for people and may get better; a code stays. A code is added here
first, with wording in `grant_audit/sentences.*.toml`, and then used. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from grant_contracts.reasons import Codes

InvalidCode = Literal[
    "not_readable",
    "wrong_content_type",
    "too_large",
    "too_deep",
    "no_reply_queue",
    "misaddressed",
    "no_such_command",
    "token_refused",
    "wrong_field",
    "key_reused",
    "expired",
    "not_entitled",
]
NotYetCode = Literal[
    "not_heard_of",
    "parked",
    "not_followed",
    "too_many_requests",
    "history_broken",
    "upstream_changed",
]
UnknownCode = Literal["database_away", "vault_away", "outcome_unknown", "fault"]
AnswerCode = Literal["", InvalidCode, NotYetCode, UnknownCode]
"""Empty where the answer is on record or found."""

INVALID: Final[Codes] = {
    "not_readable": "The message is no JSON object, or has a value that no database can keep.",
    "wrong_content_type": "The message does not say that it is JSON.",
    "too_large": "The message is longer, or has more values, than a message may.",
    "too_deep": "The message is nested more deeply than a message may be.",
    "no_reply_queue": "The reply address is no queue that is made for replies.",
    "misaddressed": "The routing key or method is not that of the command in the message.",
    "no_such_command": "The service takes no command, or no question, of this name.",
    "token_refused": "A token proves nothing: forged, expired, or not a token at all.",
    "wrong_field": "A field is not what was expected; `errors` names it.",
    "key_reused": "The sender has used this key for another command.",
    "expired": "The deadline that the sender set has passed.",
    "not_entitled": "The actor may not ask this; a command would be refused on record.",
}
NOT_YET: Final[Codes] = {
    "not_heard_of": "The service has not heard of the thing that the command is about.",
    "parked": "An event of the case could not be applied and waits for an operator.",
    "not_followed": "The service has not followed as far as the reader wants to see.",
    "too_many_requests": "The sender sends faster than one may; `retry_after_seconds` says when.",
    "history_broken": "The store does not lead to its last signed head: operators must look first.",
    "upstream_changed": "What the service has followed is no longer there: operators must look.",
}
UNKNOWN: Final[Codes] = {
    "database_away": "The database is away or takes nothing; this attempt recorded nothing.",
    "vault_away": "The keys of personal data are away; this attempt recorded nothing.",
    "outcome_unknown": "The connection to the database broke while it was asked to record.",
    "fault": "A mistake of the program came between; its log says which.",
}

# The codes that an answer of each kind carries; the other kinds carry none.
CODES_OF_KIND: Final[Mapping[str, Codes]] = {
    "invalid": INVALID,
    "not_yet": NOT_YET,
    "unknown": UNKNOWN,
}
ANSWER_CODES: Final[Codes] = {**INVALID, **NOT_YET, **UNKNOWN}
