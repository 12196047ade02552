"""The audit bundle: a history, or a part of it, as a file that `verifier/verify.py` verifies.

It reads ledgers through their versioned view and the logs beside them, and nothing else.
"""
