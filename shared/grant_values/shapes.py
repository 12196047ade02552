"""The shapes that an application and a grant are made of, as every service records them.

Plain immutable values without rules. A change of a field here changes stored events: the snapshots
under `tests/contracts/` fail until the events that carry the shape get a new version.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True)
class Actor:
    """Who acts: `id` is a staff number or a client's name, never a person's name.

    `scripted` marks a program that plays a person; it may decide in a demonstration only.
    """

    id: str
    role: str
    scripted: bool = False


@dataclass(frozen=True)
class Applicant:
    """Who applies. `name` is None where it was withheld: a natural person may stand behind it.

    `key` is stable per applicant; `kind` is a code of the programme's list of addressees.
    """

    key: str
    name: str | None
    kind: str
    legal_person: bool | None
    land: str
    postcode: str
    city: str


@dataclass(frozen=True)
class Post:
    """A post to be funded. `share` is the part of a full post as decimal text ("0.50")."""

    function: str
    share: str
    months: int
    reason: str


@dataclass(frozen=True)
class Operation:
    """What is to be done, where and when. `number` is the row of the list it was read from."""

    title: str
    summary: str
    funding_line: str
    module: str
    starts_on: date
    ends_on: date
    postcode: str
    city: str
    category_code: str
    target_groups: tuple[str, ...]
    posts: tuple[Post, ...]
    number: int | None


@dataclass(frozen=True)
class FinancingPlan:
    """Who bears the eligible cost: the three parts add up to it (VV 1.2 zu § 44 LHO NRW)."""

    eligible_cents: int
    requested_cents: int
    own_cents: int
    others_cents: int


@dataclass(frozen=True)
class Payee:
    """Where the money goes, by reference: the account stands sealed in intake's personal records.

    `invented` marks an account made up. Without subject and record the account stands in clear in
    an event of version 1 of the same ledger, from before accounts were sealed.
    """

    subject: UUID | None
    record: UUID | None
    invented: bool


@dataclass(frozen=True)
class Declarations:
    """What the applicant declares with the application (VV 1.3 zu § 44 LHO; § 2 SubvG)."""

    not_begun: bool
    subsidy_facts_acknowledged: bool
    no_double_funding: bool


@dataclass(frozen=True)
class Attachment:
    """A document that came with a form, held elsewhere; `sha256` is its hash in hex."""

    name: str
    sha256: str


@dataclass(frozen=True)
class Tranche:
    """Money of one fund ("ESF", "Land") for one budget year."""

    fund: str
    year: int
    amount_cents: int


@dataclass(frozen=True)
class Reasons:
    """Why an administrative act is as it is: facts, law and discretion (§ 39 Abs. 1 VwVfG NRW)."""

    facts: str
    law: str
    discretion: str


@dataclass(frozen=True)
class GrantTerms:
    """What a grant decision grants, and under which conditions (VV 4.2 zu § 44 LHO NRW; R22).

    `grant_cents` is a ceiling: the sum of the tranches, never topped up later.
    """

    grant_cents: int
    eligible_cents: int
    tranches: tuple[Tranche, ...]
    financing_type: str
    starts_on: date
    ends_on: date
    authority: str
    side_provisions: str
    remedy_kind: str
    remedy_months: int
    remedy_instruction: str


@dataclass(frozen=True)
class SampledItem:
    """One item of a sample, with its amount when the population was frozen and where that stands.

    `certain` marks one that was drawn for its amount alone.
    """

    id: str
    reference: str
    amount_cents: int
    place: str
    certain: bool
