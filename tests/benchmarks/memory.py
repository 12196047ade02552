"""The memory of one embedded run, told as JSON: folder and number of grants as arguments."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from benchmarks.embedded import play

_STATUS = Path("/proc/self/status")


def main(folder: Path, grants: int) -> None:
    """Look after every chunk of commands: middle and end show whether it goes on growing."""
    seen: list[float] = []
    events = play(folder, grants, lambda: seen.append(resident_mb()))
    figures = {
        "events": events,
        "grants": grants,
        "start_mb": seen[0],
        "middle_mb": seen[len(seen) // 2],
        "end_mb": seen[-1],
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    json.dump({name: round(value, 1) for name, value in figures.items()}, sys.stdout)


def resident_mb() -> float:
    """What the process holds now where the system tells it, else the most it ever held."""
    if not _STATUS.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    [line] = [line for line in _STATUS.read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
