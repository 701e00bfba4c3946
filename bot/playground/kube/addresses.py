"""Pod addresses: 127.88.x.y of loopback, a /24 to each cluster, so that clusters on one machine do not meet.

Source: Linux takes any address of 127.0.0.0/8 as local. The /24 is claimed by a listener on its address .1.
"""

import random
import socket
from collections import deque

_CLAIM_PORT = 59999
_POOL = range(2, 255)


class Addresses:
    """Gives out addresses, longest unused first."""

    def __init__(self) -> None:
        self._claim, self._net = _claimed()
        self._free = deque(f"127.88.{self._net}.{y}" for y in _POOL)

    def take(self) -> str | None:
        """A free address, None where all are in use."""
        return self._free.popleft() if self._free else None

    def give(self, address: str) -> None:
        """The pod has gone: its address may be used again."""
        self._free.append(address)

    def close(self) -> None:
        """Leave the /24 to others."""
        self._claim.close()


def _claimed() -> tuple[socket.socket, int]:
    for net in random.sample(range(256), 256):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.bind((f"127.88.{net}.1", _CLAIM_PORT))
            sock.listen(1)
        except OSError:
            sock.close()
            continue
        return sock, net
    raise OSError("no free /24 for pods under 127.88.0.0/16")
