"""Wait until a process that was just started takes connections."""

import socket
from pathlib import Path

from tests.support.eventually import eventually


def listening(path: Path) -> None:
    """Until a server takes connections on the Unix socket `path`.

    That the file exists is not enough, since bind(2) comes before listen(2); and OVN's and Open vSwitch's own
    tools try once, and give up.

    Raises:
        AssertionError: it did not within 20 seconds.
    """

    def connects() -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            try:
                client.connect(str(path))
            except (FileNotFoundError, ConnectionRefusedError):
                return False
            return True

    eventually(connects, within_s=20, every_s=0.01)
