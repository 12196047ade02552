"""Audit decides nothing: there is no command yet. Giving an auditor access will be the first."""
