"""Free loopback ports. Knows nothing of who will listen on them."""

from __future__ import annotations

import random
import socket

LOOPBACK = "127.0.0.1"

# Below the range from which systems take the local ports of outgoing connections (32768 on
# Linux, 49152 elsewhere): a server that is stopped for a moment finds its port free again.
_LOWEST, _HIGHEST = 20_000, 32_000
_ATTEMPTS = 200


def is_free(port: int) -> bool:
    """True if a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # A port whose last connections still wait in the kernel is free for a new listener.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def answers(port: int, address: str = LOOPBACK) -> bool:
    """True if somebody accepts connections at this address and port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(2)
        return probe.connect_ex((address, port)) == 0


def free_ports(count: int) -> list[int]:
    """Different free ports, drawn at random, so that parallel test runs rarely meet."""
    drawn: list[int] = []
    for _ in range(_ATTEMPTS):
        if len(drawn) == count:
            return drawn
        port = random.randrange(_LOWEST, _HIGHEST)
        if port not in drawn and is_free(port):
            drawn.append(port)
    raise RuntimeError(f"No {count} free ports between {_LOWEST} and {_HIGHEST} on {LOOPBACK}.")


def free_port() -> int:
    return free_ports(1)[0]
