"""The event store: an append-only ledger with dense positions, Merkle leaves and a unit of work.

It knows nothing of grants, services or brokers: topics and states are opaque to it.
"""
