"""Measurements against the alternatives, run by `make bench`; pytest runs them in a tiny size."""
