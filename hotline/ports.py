"""Free ports of loopback, outside the range the kernel hands to outgoing connections.

A client that keeps trying a dead server's port of that range can connect to itself, and then the server
cannot come back.
"""

import random
import socket
from pathlib import Path

LOWEST = 15_000
_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_given: set[int] = set()


def free_port() -> int:
    """A port nobody listens on and this process has not given before. Raises RuntimeError when there is none."""
    candidates = [port for port in range(LOWEST, _end()) if port not in _given]
    for port in random.sample(candidates, len(candidates)):
        if is_free(port):
            _given.add(port)
            return port
    raise RuntimeError(f"no free port between {LOWEST} and {_end()}")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _end() -> int:
    """First port of the kernel's own range; where that starts too low, the usual 32768."""
    first = int(_RANGE.read_text().split()[0]) if _RANGE.exists() else 32_768
    return first if first > LOWEST + 1000 else 32_768
