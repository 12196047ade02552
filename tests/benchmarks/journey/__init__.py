"""The distributed journey, ours against stock nameko and eventsourcing, with the same persons."""
