"""Runs one service as a process. Nothing heavy may be imported before the process is green."""

from __future__ import annotations

import sys

from pruefpfad.processes.configuration import (
    FOR_SERVICE,
    FOR_VAULT_SERVICE,
    Configuration,
    Misconfigured,
    read,
)

EXIT_MISCONFIGURED = 2
OPEN_PERSONAL_DATA = frozenset({"intake", "disbursement"})
"""As the assembly says, which must not be imported here; a test compares them."""


def serve(service: str, configuration: Configuration) -> int:
    """Serve until SIGTERM; returns the exit code: 0 after an orderly end, 1 if it had to stop."""
    from grant_bus.nameko import hub

    hub.patch()
    from pruefpfad.processes.service_process import run_service

    return run_service(service, configuration)


def main(arguments: list[str]) -> int:
    try:
        service = arguments[0]
        needed = FOR_VAULT_SERVICE if service in OPEN_PERSONAL_DATA else FOR_SERVICE
        return serve(service, read(needed))
    except Misconfigured as error:
        print(error, file=sys.stderr)
        return EXIT_MISCONFIGURED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
