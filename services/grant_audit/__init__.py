"""The auditor's side: one case file over the feeds of all services, read and exported.

It decides nothing and records no fact about a case; so it has no domain.
"""
