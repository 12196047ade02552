"""What a log keeps, and what it refuses, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from grant_store.errors import NoSuchTile, NotLonger, NotMigrated, StoreError
from grant_store.log.store import LogStore, SignedHead
from grant_store.log.tiles import Tile, TileBuilder
from grant_store.opening import open_log, open_store
from store.log.growing import a_leaf

NOON = datetime(2026, 3, 2, 12, 0, 0, 250_001, tzinfo=UTC)

OpensLog = Callable[..., LogStore]


@pytest.fixture
def open_one(store_url: str) -> Iterator[OpensLog]:
    """One more handle on the log of this test, as another process would have it."""
    with ExitStack() as opened:

        def one(epoch: int | None = None) -> LogStore:
            log = open_log(store_url, "budgeting", epoch=epoch)
            opened.callback(log.close)
            return log

        yield one


@pytest.fixture
def log(open_one: OpensLog) -> LogStore:
    log = open_one()
    log.migrate()
    return log


def a_head(size: int, at: datetime = NOON, epoch: int = 1) -> SignedHead:
    return SignedHead(size, bytes([size % 256]) * 32, f"note of {size}".encode(), at, epoch)


def tiles_below(size: int) -> list[Tile]:
    builder = TileBuilder()
    return [tile for number in range(size) for tile in builder.append(a_leaf(number))]


def test_a_log_that_was_never_migrated_names_the_command(open_one: OpensLog) -> None:
    with pytest.raises(NotMigrated, match="pruefpfad store migrate"):
        open_one().last_head()


def test_a_new_log_has_no_head(log: LogStore) -> None:
    assert (log.last_head(), log.heads(), log.epochs()) == (None, [], [])


def test_heads_come_back_as_they_were_kept_and_in_order(log: LogStore, open_one: OpensLog) -> None:
    first, second = a_head(3), a_head(300, NOON + timedelta(seconds=60))
    log.add_head(first, [])
    log.add_head(second, tiles_below(300))

    for each in (log, open_one()):
        assert each.heads() == [first, second]
        assert each.heads(after_size=3) == [second]
        assert each.head_sizes() == [3, 300]
        assert each.last_head() == second


def test_full_tiles_come_back_with_their_roots(log: LogStore) -> None:
    tiles = tiles_below(600)
    log.add_head(a_head(600), tiles)

    assert [log.tile(0, index) for index in (0, 1)] == [tile.hashes for tile in tiles]
    assert log.tile_roots(0, 0, 256) == [tile.root for tile in tiles]
    assert log.tile_roots(0, 1, 256) == [tiles[1].root]
    with pytest.raises(NoSuchTile, match=r"no full tile 2 of level 0 is kept"):
        log.tile(0, 2)


@pytest.mark.parametrize(
    "refused",
    [
        a_head(300),
        a_head(299),
        a_head(301, NOON - timedelta(microseconds=1)),
    ],
    ids=["as long", "shorter", "earlier"],
)
def test_a_head_that_takes_something_back_is_refused_with_its_tiles(
    log: LogStore, refused: SignedHead
) -> None:
    log.add_head(a_head(300), [])

    with pytest.raises(NotLonger):
        log.add_head(refused, tiles_below(256))

    assert log.heads() == [a_head(300)]
    assert log.tile_roots(0, 0, 1) == []


def test_a_new_epoch_begins_anew_and_leaves_the_old_one_readable(
    log: LogStore, open_one: OpensLog
) -> None:
    log.add_head(a_head(300), tiles_below(300))
    log.add_head(a_head(7, NOON, epoch=2), [])

    assert log.epochs() == [1, 2]
    assert log.last_head() == a_head(7, NOON, epoch=2)
    assert log.tile_roots(0, 0, 1) == []
    assert open_one(epoch=1).heads() == [a_head(300)]
    assert (open_one(epoch=1).head_sizes(), log.head_sizes()) == ([300], [7])
    assert open_one(epoch=1).tile(0, 0) == tiles_below(300)[0].hashes
    with pytest.raises(NotLonger):
        open_one(epoch=1).add_head(a_head(301), [])


def test_who_cosigned_a_head_is_kept_once_and_in_order_of_names(log: LogStore) -> None:
    log.add_head(a_head(3), [])
    for name, line in (("witness.b", b"b\n"), ("witness.a", b"x" * 4000), ("witness.b", b"b\n")):
        log.cosign(3, name, line)

    assert log.cosignatures(3) == [b"x" * 4000, b"b\n"]
    assert log.cosignatures(4) == []
    with pytest.raises(StoreError, match=r"no .*head"):
        log.cosign(4, "witness.a", b"a\n")


def test_heads_are_found_by_size_and_by_who_vouched_for_them(log: LogStore) -> None:
    for size in (3, 5, 8):
        log.add_head(a_head(size), [])
    log.cosign(8, "witness.a", b"a\n")
    log.cosign(3, "witness.b", b"b\n")
    log.cosign(3, "witness.b", b"later\n")
    log.add_timestamp(5, "tsa.example", b"\x30\x82")

    assert log.head(5) == a_head(5)
    assert log.head(4) is None
    assert log.cosigned_sizes() == [3, 8]
    assert log.cosigned_sizes("witness.b") == [3]
    assert log.stamped_sizes() == [5]


def test_time_stamps_are_kept_with_their_authority(log: LogStore) -> None:
    log.add_head(a_head(3), [])
    log.add_timestamp(3, "tsa.example", b"\x30\x82")
    log.add_timestamp(3, "tsa.example", b"\x30\x82")

    assert log.timestamps(3) == [("tsa.example", b"\x30\x82")]
    with pytest.raises(StoreError, match=r"no .*head"):
        log.add_timestamp(4, "tsa.example", b"\x30")


def test_one_process_at_a_time_may_sign_and_it_is_not_the_one_that_relays(
    log: LogStore, open_one: OpensLog, store_url: str
) -> None:
    store = open_store(store_url, "budgeting")
    store.migrate()
    relaying, signing = store.lead(), log.lead()
    assert relaying and signing

    assert open_one().lead() is None
    signing.end()
    again = open_one().lead()
    assert again

    again.end()
    relaying.end()
    store.close()


def test_migrating_again_changes_nothing(log: LogStore) -> None:
    log.add_head(a_head(300), tiles_below(300))

    log.migrate()

    assert log.heads() == [a_head(300)]


def test_a_closed_log_says_so(log: LogStore) -> None:
    log.close()

    with pytest.raises(StoreError, match="log of budgeting/main: this store has been closed"):
        log.last_head()
