"""The same journey the way nameko's and eventsourcing's own examples are written.

Stock recorder, commit and then dispatch, one message one transaction; tuned so that it loses
nothing. It records the same events with the same content, and validates nothing.
"""
