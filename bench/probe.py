"""A sender of packets that tells when the first answer came, or the last."""

import subprocess
import sys

from weft.lab.endpoint import Endpoint

_PROBE = """
import select, socket, struct, sys, time
address, until = sys.argv[1], sys.argv[2]
here = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
echo = struct.pack("!BBHHH", 8, 0, 0, 7, 7)
echo = struct.pack("!BBHHH", 8, 0, 0xffff - sum(struct.unpack("!4H", echo)), 7, 7)
print("ready", flush=True)
began = heard = time.monotonic()
answers = 0
while time.monotonic() < began + 30:
    here.sendto(echo, (address, 0))
    if select.select([here], [], [], 0.001)[0]:
        if here.recvfrom(100)[0][20] == 0:
            heard = time.monotonic()
            answers += 1
            if until == "answer":
                break
            if answers == 20:
                print("flows", flush=True)
            time.sleep(0.001)
    elif until == "silence" and answers >= 20 and time.monotonic() - heard > 0.3:
        break
else:
    sys.exit(1)
print(heard, flush=True)
"""
"""Sends an echo request each millisecond; tells when the first answer came, or when the last did."""


class Probe:
    """A sender in an endpoint. Its clock is this machine's, so that times can be compared."""

    def __init__(self, here: Endpoint, there: Endpoint, until: str) -> None:
        """Returns when it sends, and, if it is to tell of silence, when answers come."""
        argv = here.entering(sys.executable, "-c", _PROBE, str(there.address), until)
        self._process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        self._expect("ready")
        if until == "silence":
            self._expect("flows")

    def _expect(self, word: str) -> None:
        if self._line() != word:
            raise RuntimeError(f"the probe did not say {word!r}")

    def _line(self) -> str:
        return "" if self._process.stdout is None else self._process.stdout.readline().strip()

    def moment(self) -> float:
        """When it happened, in seconds of the monotonic clock."""
        told = self._line()
        if self._process.wait() != 0:
            raise RuntimeError("the probe waited for half a minute, and nothing happened")
        return float(told)
