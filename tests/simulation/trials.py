"""One seed tried in a folder of its own, with every guard in place or with one taken out."""

from __future__ import annotations

import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path

from structlog.testing import capture_logs

from grant_bus.follower import UpstreamChanged
from grant_bus.in_process import NeverQuiet
from grant_bus.writer import CannotApply
from grant_store.errors import StoreError
from simulation.clerks import Broken
from simulation.lives import Verdict, live
from simulation.mutants import taken_out

STOPS = (StoreError, UpstreamChanged, CannotApply, NeverQuiet, ValueError)
"""With these the program stops where a guard behind the one that is missing speaks. Another
exception is a mistake in whatever took the guard out, and shows nothing of the simulation."""


@dataclass(frozen=True)
class Failure:
    """A seed in which something does not hold."""

    seed: int
    is_noticed: bool
    """Whether an invariant or the program says so, and not a mistake in the mutant itself."""
    noticed_by: str
    """The invariant that broke, or the fault with which the program itself stopped."""
    says: str
    trace: str


def try_seed(seed: int, without: str = "") -> Verdict | Failure:
    """Live a seed; `without` names the guard that is taken out, if one is.

    What the program logs of its faults is no news here.
    """
    with tempfile.TemporaryDirectory() as folder, taken_out(without), capture_logs():
        try:
            return live(seed, Path(folder))
        except Exception as error:  # noqa: BLE001 - whatever breaks, the seed has failed.
            says = f"{type(error).__name__}: {error}".partition("\n")[0]
            trace = "".join(traceback.format_exception(error))
            return Failure(seed, _is_noticed(error), _noticed_by(error), says, trace)


def _is_noticed(error: Exception) -> bool:
    cause = error.__cause__ if isinstance(error, CannotApply) else None
    return isinstance(cause or error, (Broken, *STOPS))


def _noticed_by(error: Exception) -> str:
    if isinstance(error, Broken):
        return str(error).partition(":")[0]
    return f"the program ({type(error).__name__})"
