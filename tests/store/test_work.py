"""The unit of work: what is kept is seen at once, and written only with the whole batch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import msgspec
import pytest
from eventsourcing.domain import Aggregate, event

from grant_store.catalogue import Catalogue
from grant_store.identity_map import FOREIGN_EVENTS, IdentityMap
from grant_store.sqlite import SQLiteStore
from grant_store.work import Batch, Context, NotYet, UnitOfWork
from grant_values.shapes import Actor


class Jar(Aggregate):
    class JarMade(Aggregate.Created):
        TOPIC = "till.JarMade"
        name: str

    class PebblesAdded(Aggregate.Event):
        TOPIC = "till.PebblesAdded"
        case_id: UUID | None
        count: int

    @staticmethod
    def create_id(name: str) -> UUID:
        return uuid5(NAMESPACE_URL, name)

    @event(JarMade)
    def __init__(self, name: str) -> None:
        self.name = name
        self.count = 0

    @event(PebblesAdded)
    def add(self, count: int, case_id: UUID | None = None) -> None:
        self.count += count


class Lid(Aggregate):
    class LidMade(Aggregate.Created):
        TOPIC = "till.LidMade"
        case_id: UUID

    @event(LidMade)
    def __init__(self, case_id: UUID) -> None:
        self.case_id = case_id


CATALOGUE = Catalogue([Jar, Lid])
CONTEXT = Context(Actor("S-1", "clerk"), "letter", "command:k", "k", "card")
CASE = UUID(int=7)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SQLiteStore]:
    store = SQLiteStore(tmp_path / "till.sqlite3", "till")
    store.migrate()
    yield store
    store.close()


@pytest.fixture
def held(store: SQLiteStore) -> IdentityMap:
    return IdentityMap(store, CATALOGUE)


def a_batch(held: IdentityMap) -> Batch:
    return Batch(held, uuid4)


def jar_in(work: UnitOfWork, name: str = "a") -> Jar:
    return work.get(Jar, Jar.create_id(name))


def test_what_one_unit_kept_the_next_one_sees(held: IdentityMap) -> None:
    batch = a_batch(held)
    batch.unit(CONTEXT).keep(Jar(name="a"))
    second = batch.unit(CONTEXT)
    jar = jar_in(second)
    jar.add(3)
    second.keep(jar)

    assert jar_in(batch.unit(CONTEXT)).count == 3
    assert [each.originator_version for each in batch.events] == [1, 2]
    assert (second.first_event, len(second.new_events)) == (1, 1)


def test_nothing_is_written_before_the_batch_is(store: SQLiteStore, held: IdentityMap) -> None:
    batch = a_batch(held)
    batch.unit(CONTEXT).keep(Jar(name="a"))
    assert store.head().position == 0

    store.append(batch.as_append())

    assert jar_in(a_batch(IdentityMap(store, CATALOGUE)).unit(CONTEXT)).name == "a"


def test_what_was_never_recorded_is_not_found_and_getting_it_says_not_yet(
    held: IdentityMap,
) -> None:
    work = a_batch(held).unit(CONTEXT)

    assert work.find(Jar, CASE) is None
    with pytest.raises(NotYet, match=f"Jar {CASE} is not known here yet"):
        work.get(Jar, CASE)


def test_an_id_of_another_kind_of_aggregate_is_an_error(held: IdentityMap) -> None:
    work = a_batch(held).unit(CONTEXT)
    lid = Lid(case_id=CASE)
    work.keep(lid)

    with pytest.raises(TypeError, match=f"{lid.id} is no Jar"):
        work.find(Jar, lid.id)


def test_keeping_twice_records_once(held: IdentityMap) -> None:
    batch = a_batch(held)
    work = batch.unit(CONTEXT)
    jar = Jar(name="a")

    work.keep(jar, jar)
    work.keep(jar)

    assert len(batch.events) == 1


def test_a_change_that_was_not_kept_is_named(held: IdentityMap) -> None:
    batch = a_batch(held)
    batch.unit(CONTEXT).keep(Jar(name="a"))
    work = batch.unit(CONTEXT)
    assert (work.forgotten, work.has_changed_anything) == ("", False)

    jar_in(work).add(1)

    assert work.forgotten == f"Jar {Jar.create_id('a')}"
    assert work.has_changed_anything


def test_a_change_after_keeping_is_named_even_on_what_was_just_made(held: IdentityMap) -> None:
    work = a_batch(held).unit(CONTEXT)
    jar = Jar(name="a")
    work.keep(jar)

    jar.add(1)

    assert work.forgotten == f"Jar {jar.id}"


def test_writing_a_document_is_a_change(held: IdentityMap) -> None:
    work = a_batch(held).unit(CONTEXT)

    work.write_document("page", "a", None)

    assert work.has_changed_anything


def test_a_cleared_batch_has_forgotten_what_it_kept(store: SQLiteStore, held: IdentityMap) -> None:
    batch = a_batch(held)
    work = batch.unit(CONTEXT)
    work.keep(Jar(name="a"))
    work.write_document("page", "a", 1)

    batch.clear()

    assert batch.is_empty
    assert a_batch(held).unit(CONTEXT).find(Jar, Jar.create_id("a")) is None


class TestDocuments:
    """Working data: what this batch wrote stands before what is stored."""

    def test_a_document_is_seen_at_once_and_stored_with_the_batch(
        self, store: SQLiteStore, held: IdentityMap
    ) -> None:
        batch = a_batch(held)
        work = batch.unit(CONTEXT)
        work.write_document("page", "a", {"n": [1, None, "ü"]})
        assert work.document("page", "a") == {"n": [1, None, "ü"]}

        store.append(batch.as_append())

        assert a_batch(held).unit(CONTEXT).document("page", "a") == {"n": [1, None, "ü"]}
        assert store.document("page", "a") == '{"n":[1,null,"ü"]}'.encode()

    def test_a_removed_document_is_gone_at_once_and_for_good(
        self, store: SQLiteStore, held: IdentityMap
    ) -> None:
        first = a_batch(held)
        first.unit(CONTEXT).write_document("page", "a", 1)
        store.append(first.as_append())
        second = a_batch(held)
        work = second.unit(CONTEXT)

        work.write_document("page", "a", None)

        assert work.document("page", "a") is None
        assert work.documents("page") == []
        store.append(second.as_append())
        assert store.document("page", "a") is None

    def test_documents_by_prefix_come_in_order_of_key_with_what_is_pending(
        self, store: SQLiteStore, held: IdentityMap
    ) -> None:
        first = a_batch(held)
        for key in ("a/1", "a/3", "b/1"):
            first.unit(CONTEXT).write_document("page", key, "stored")
        store.append(first.as_append())
        work = a_batch(held).unit(CONTEXT)
        work.write_document("page", "a/2", "pending")
        work.write_document("page", "a/3", "changed")
        work.write_document("other", "a/4", "of another kind")

        assert work.documents("page", "a/") == [
            ("a/1", "stored"),
            ("a/2", "pending"),
            ("a/3", "changed"),
        ]


class TestMetadata:
    """Each event says who, on whose account, and about which case."""

    def metadata(self, held: IdentityMap, *aggregates: Aggregate) -> list[dict[str, str]]:
        batch = a_batch(held)
        batch.unit(CONTEXT).keep(*aggregates)
        return [msgspec.json.decode(each.metadata) for each in batch.events]

    def test_empty_attributes_are_left_out(self, held: IdentityMap) -> None:
        assert self.metadata(held, Jar(name="a")) == [
            {
                "actorid": "S-1",
                "actorrole": "clerk",
                "actormethod": "card",
                "correlationid": "letter",
                "causationid": "command:k",
                "commandkey": "k",
            }
        ]

    def test_the_case_is_that_of_the_event_or_else_of_its_aggregate(
        self, held: IdentityMap
    ) -> None:
        jar = Jar(name="a")
        jar.add(1, UUID(int=8))

        cases = [each.get("caseid") for each in self.metadata(held, jar, Lid(case_id=CASE))]

        assert cases == [None, str(UUID(int=8)), str(CASE)]

    def test_the_second_actor_is_named(self) -> None:
        context = Context(Actor("S-1", "r"), "c", "w", second_actor=Actor("S-2", "r"))

        assert msgspec.json.decode(context.metadata(None))["secondactorid"] == "S-2"


class TestIdentityMap:
    """What the one writer remembers, and when it must not trust its memory."""

    def test_an_aggregate_is_loaded_once(self, store: SQLiteStore, held: IdentityMap) -> None:
        record(store, "a")

        assert held.find(Jar.create_id("a")) is held.find(Jar.create_id("a"))

    def test_what_is_used_least_is_dropped_first(self, store: SQLiteStore) -> None:
        record(store, "a", "b", "c")
        small = IdentityMap(store, CATALOGUE, capacity=2)
        first = {name: small.find(Jar.create_id(name)) for name in "abc"}
        small.find(Jar.create_id("a"))

        small.shrink()

        assert small.find(Jar.create_id("a")) is first["a"]
        assert small.find(Jar.create_id("c")) is first["c"]
        assert small.find(Jar.create_id("b")) is not first["b"]

    def test_what_another_process_wrote_is_read_again_and_nothing_else(
        self, store: SQLiteStore, held: IdentityMap
    ) -> None:
        record(store, "a", "b")
        held.catch_up(store.head().position)
        stale, steady = held.find(Jar.create_id("a")), held.find(Jar.create_id("b"))
        missing = held.find(Jar.create_id("c"))
        add_elsewhere(store, "a")
        record(store, "c")

        held.catch_up(store.head().position)

        assert held.head == 4
        assert held.find(Jar.create_id("a")) is not stale
        assert held.find(Jar.create_id("b")) is steady
        assert missing is None
        assert held.find(Jar.create_id("c")) is not None

    def test_after_a_long_absence_everything_is_read_again(
        self, store: SQLiteStore, held: IdentityMap
    ) -> None:
        record(store, "a")
        held.catch_up(store.head().position)
        before = held.find(Jar.create_id("a"))
        record(store, *(f"jar {number}" for number in range(FOREIGN_EVENTS + 5)))

        held.catch_up(store.head().position)

        assert held.head == FOREIGN_EVENTS + 6
        assert held.find(Jar.create_id("a")) is not before

    def test_what_was_read_before_the_first_look_at_the_head_is_not_trusted(
        self, store: SQLiteStore, held: IdentityMap
    ) -> None:
        record(store, "a")
        stale = held.find(Jar.create_id("a"))
        add_elsewhere(store, "a")

        held.catch_up(store.head().position)

        assert held.find(Jar.create_id("a")) is not stale


def record(store: SQLiteStore, *names: str) -> None:
    batch = a_batch(IdentityMap(store, CATALOGUE))
    batch.unit(CONTEXT).keep(*(Jar(name=name) for name in names))
    store.append(batch.as_append())


def add_elsewhere(store: SQLiteStore, name: str) -> None:
    batch = a_batch(IdentityMap(store, CATALOGUE))
    work = batch.unit(CONTEXT)
    jar = jar_in(work, name)
    jar.add(1)
    work.keep(jar)
    store.append(batch.as_append())
