"""Judges an application against a dated version of the rules. It finds; it does not decide."""
