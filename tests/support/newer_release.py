"""Runs one service as its next release would be: it knows version 2 of a withdrawal.

A program of its own, started by the path of this file: `python newer_release.py budgeting`.
"""

from __future__ import annotations

import sys

from grant_contracts.intake import ApplicationWithdrawn
from grant_contracts.upcasters import STEPS
from pruefpfad.processes.serve import main

if __name__ == "__main__":
    ApplicationWithdrawn.VERSION = 2
    STEPS[ApplicationWithdrawn.TOPIC, 1] = dict
    sys.exit(main(sys.argv[1:]))
