"""Compares what two installations have recorded of the same cases."""
