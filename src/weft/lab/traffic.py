"""A steady stream of packets, so that a test can say what a restart cost."""

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from weft.lab.layout import LabError, LabHost
from weft.lab.processes import entering, run_on, until

_INTERVAL_S = 0.01
_IN_FLIGHT = 20
"""The last packets may be on their way when a stream ends; they are counted neither as lost nor as sent."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Echo requests from a container, a hundred a second."""

    record: Path

    def answered(self) -> frozenset[int]:
        """The numbers of the requests that were answered so far."""
        return frozenset(int(number) for number in re.findall(r"icmp_seq=(\d+) ttl", self.record.read_text()))

    def goes_on(self, *, packets: int = 100) -> None:
        """Block until so many more were answered. LabError when they are not."""
        before = len(self.answered())
        until(
            lambda: len(self.answered()) >= before + packets,
            f"{packets} more answers",
            timeout_s=30,
            log=self.record,
        )

    def lost(self) -> list[int]:
        """The numbers of the requests that were not answered, once the stream has ended."""
        ended = re.search(r"(\d+) packets transmitted", self.record.read_text())
        if ended is None:
            raise LabError(f"the stream did not end well; see {self.record}")
        return sorted(set(range(1, int(ended[1]) - _IN_FLIGHT)) - self.answered())


@contextmanager
def traffic(host: LabHost, container: str, address: str) -> Iterator[Stream]:
    """A stream that flows while the body runs, and for a second before and after."""
    pid = run_on(host, "docker", "inspect", "-f", "{{.State.Pid}}", container).strip()
    ping = ["stdbuf", "-oL", "ping", "-i", str(_INTERVAL_S), address]
    stream = Stream(host.logs / f"traffic-{container}.log")
    with stream.record.open("w") as record:
        process = subprocess.Popen(
            entering(host, ["nsenter", "-t", pid, "-n", "--", *ping]),
            stdin=subprocess.DEVNULL,
            stdout=record,
            stderr=subprocess.STDOUT,
        )
    try:
        stream.goes_on()
        yield stream
        stream.goes_on()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=10)
