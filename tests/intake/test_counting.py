"""What a count may say: no number of it, and no difference of two, tells of a single person."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from grant_intake.counting import counted
from grant_values.participants import GENDERS, ONE_OF, Traits, traits_of

SMALLEST = st.integers(3, 6)
A_PERSON = st.builds(
    lambda gender, age, labour_status, education, disability: traits_of(
        {
            "gender": gender,
            "age": age,
            "labour_status": labour_status,
            "education": education,
            "third_country_national": "no",
            "foreign_background": "no",
            "homeless": "no",
            "rural_area": "not_stated",
        },
        {"disability": disability},
    ),
    st.sampled_from(GENDERS),
    st.sampled_from([17, 18, 29, 30, 54, 55]),
    st.sampled_from(ONE_OF["labour_status"][:2]),
    st.sampled_from(ONE_OF["education"][:2]),
    st.sampled_from(["no", "no", "no", "yes"]),
)
PEOPLE = st.lists(A_PERSON, max_size=60).map(
    lambda people: {UUID(int=number): traits for number, traits in enumerate(people)}
)


@settings(deadline=None)
@given(PEOPLE, SMALLEST)
def test_every_cell_of_a_count_stands_for_enough_persons(
    people: dict[UUID, Traits], smallest: int
) -> None:
    assert all(cell.persons >= smallest for cell in counted(people, smallest).cells)


@settings(deadline=None)
@given(PEOPLE, SMALLEST)
def test_the_rest_of_a_known_total_is_nobody_or_enough_persons_too(
    people: dict[UUID, Traits], smallest: int
) -> None:
    group = counted(people, smallest)
    if group.persons:
        assert len(group.left_out) == 0 or len(group.left_out) >= smallest


@settings(deadline=None)
@given(PEOPLE, SMALLEST)
def test_the_cells_are_those_of_the_persons_in_the_group(
    people: dict[UUID, Traits], smallest: int
) -> None:
    group = counted(people, smallest)
    cells = {(each.characteristic, each.value, each.gender): each.persons for each in group.cells}

    assert sorted(group.persons + group.left_out) == sorted(people)
    assert cells == Counter(cell for person in group.persons for cell in people[person])
    by_characteristic: Counter[str] = Counter()
    for each in group.cells:
        by_characteristic[each.characteristic] += each.persons
    assert set(by_characteristic.values()) <= {len(group.persons)}


@settings(deadline=None)
@given(PEOPLE, PEOPLE, SMALLEST)
def test_two_counts_have_nobody_in_common(
    people: dict[UUID, Traits], others: dict[UUID, Traits], smallest: int
) -> None:
    first = counted(people, smallest)
    later = {UUID(int=1_000 + each.int): traits for each, traits in others.items()}
    second = counted({each: people[each] for each in first.left_out} | later, smallest)

    assert not set(first.persons) & set(second.persons)


@settings(deadline=None)
@given(PEOPLE, PEOPLE, PEOPLE, SMALLEST)
def test_whoever_is_left_out_again_has_enough_of_the_company_beside(
    first: dict[UUID, Traits], second: dict[UUID, Traits], third: dict[UUID, Traits], smallest: int
) -> None:
    """Three counts, one after the other: who of a company stays behind tells of nobody."""
    companies: list[tuple[UUID, ...]] = []
    waiting: dict[UUID, Traits] = {}
    for start, people in enumerate((first, second, third)):
        waiting |= {UUID(int=start * 1_000 + each.int): own for each, own in people.items()}
        group = counted(waiting, smallest, companies)
        for company in companies:
            staying = set(company) & set(group.left_out)
            before = set(company) & set(waiting)
            assert not staying or len(staying) >= smallest or staying == before
        companies.append(group.left_out)
        waiting = {each: waiting[each] for each in group.left_out}


def _people(*genders: str) -> dict[UUID, Traits]:
    alike = {
        "age": 40,
        "labour_status": "unemployed",
        "education": "isced_3_4",
        "third_country_national": "no",
        "foreign_background": "no",
        "homeless": "no",
        "rural_area": "no",
    }
    return {
        UUID(int=number): traits_of(alike | {"gender": gender}, {})
        for number, gender in enumerate(genders)
    }


def test_who_would_stand_alone_is_left_out_in_company() -> None:
    people = _people(*["women"] * 12, "non_binary")

    group = counted(people, 5)

    assert len(group.persons) == 8
    assert len(group.left_out) == 5
    assert UUID(int=12) in group.left_out
    assert {cell.gender for cell in group.cells} == {"women"}


def test_whoever_was_left_out_before_stays_in_the_same_company() -> None:
    people = _people(*["women"] * 12, "non_binary")
    first = counted(people, 5)
    more = _people(*["women"] * 12, "non_binary", *["women"] * 20)
    asked = {each: more[each] for each in first.left_out} | {
        each: traits for each, traits in more.items() if each.int > 12
    }

    second = counted(asked, 5)

    assert set(second.left_out) == set(first.left_out)


def test_fewer_than_the_smallest_group_are_not_counted() -> None:
    assert counted(_people(*["women"] * 4), 5).persons == ()
    assert len(counted(_people(*["women"] * 5), 5).persons) == 5
