"""Runs one service of the baseline. Its configuration is JSON in the environment."""

from __future__ import annotations

import json
import logging
import os
import sys

from grant_bus.nameko import hub

ENVIRONMENT = "JOURNEY_BASELINE"


def main(name: str) -> None:
    """Serve until the process is ended. As nameko's command does it, with waits in the driver
    for PostgreSQL that do not stop the other workers."""
    hub.patch()
    from nameko.containers import ServiceContainer

    from benchmarks.journey.baseline.services import SERVICES

    logging.basicConfig(level=logging.WARNING)
    container = ServiceContainer(SERVICES[name], json.loads(os.environ[ENVIRONMENT]))
    container.start()
    print("serving", flush=True)
    container.wait()


if __name__ == "__main__":
    main(sys.argv[1])
