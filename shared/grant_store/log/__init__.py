"""The transparency log over a ledger's leaves: tree, tiles, signed heads and who saw them.

It knows leaves and positions, and nothing of what the events mean.
"""
