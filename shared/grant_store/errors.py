"""Why a store refuses or fails. After each of these but `OutcomeUnknown` nothing was written."""

from __future__ import annotations


class StoreError(Exception):
    """The store could not do what it was asked to do."""


class AppendConflict(StoreError):
    """Somebody else was first; whoever decides again on fresh state may succeed."""


class VersionConflict(AppendConflict):
    """Another event already stands at this version of the aggregate."""


class EventRepeated(AppendConflict):
    """An event with this id already stands elsewhere in the ledger."""


class HeadMoved(AppendConflict):
    """The ledger's head is not where the caller expected it."""


class TrackingConflict(AppendConflict):
    """This position of the upstream, or a later one, has already been followed."""


class KeyReused(AppendConflict):
    """An outcome is already recorded under this sender and command key."""


class NotLonger(StoreError):
    """A signed head that is not longer and later than the last one of its log."""


class NoSuchTile(StoreError):
    """The log keeps no full tile at this place: it never had one there, or somebody took it out."""


class Unreachable(StoreError):
    """The database cannot be reached. An append that fails this way was never sent."""


class LeadershipLost(Unreachable):
    """The session that held the leadership is gone: another process may relay by now."""


class VaultAway(Unreachable):
    """Personal data cannot be opened or sealed at present: the vault's keys, or the file of those
    that protect them, are away, locked or not the right ones. Nothing was written."""


class NotNow(StoreError):
    """The database answers, but takes nothing at present: it is full, read-only or overloaded."""


class OutcomeUnknown(StoreError):
    """The connection broke during an append and the database cannot be asked what became of it."""


class NotMigrated(StoreError):
    """The store's tables are missing or of another version: run `pruefpfad store migrate`."""
