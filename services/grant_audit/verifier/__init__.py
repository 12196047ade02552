"""`verify.py`, the one file that goes with every bundle and that an auditor runs and reads."""
