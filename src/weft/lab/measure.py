"""Rates and frames, counted from outside of the workloads and of Open vSwitch."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from weft.lab.domain import Domain
from weft.lab.layout import LabHost
from weft.lab.processes import run_on, start_on, stop_on, until

OFFERED_MBITS = 30


def mbits_delivered(source: LabHost, container: str, machine: Domain, *, protocol: str) -> float:
    """What reaches a machine's card when a container sends UDP three times faster than 10 Mbit/s, or TCP."""
    seconds = 4.0
    to = machine.address()
    pid = run_on(source, "docker", "inspect", "-f", "{{.State.Pid}}", container).strip()
    if protocol == "tcp":
        machine.run("(nc -l -p 5001 >/dev/null &)")
    sender = ["nsenter", "-t", pid, "-n", sys.executable, "-c", _SENDERS[protocol], to]
    start_on(source, "sender", sender)
    try:
        until(lambda: _got(machine) > 0 and _grows(machine), "packets to arrive", timeout_s=10)
        before, waiting = _got(machine), threading.Event()
        waiting.wait(seconds)  # a rate is bytes over time: the one thing to wait for is the clock
        return (_got(machine) - before) * 8 / seconds / 1e6
    finally:
        stop_on(source, "sender")


def _grows(machine: Domain) -> bool:
    """Beyond the first burst, which no limit counts."""
    before = _got(machine)
    threading.Event().wait(0.5)
    return _got(machine) - before > 100_000


def _got(machine: Domain) -> int:
    """Bytes that the kernel gave to the machine's tap."""
    counter = f"/sys/class/net/{machine.tap()}/statistics/tx_bytes"
    return int(run_on(machine.host, "cat", counter))


_SENDERS = {
    "udp": f"""
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
start, sent, data = time.monotonic(), 0, bytes(1250)
while True:
    while sent < (time.monotonic() - start) * {OFFERED_MBITS * 100}:
        s.sendto(data, (sys.argv[1], 9))
        sent += 1
    time.sleep(0.001)
""",
    "tcp": """
import socket, sys
s = socket.create_connection((sys.argv[1], 5001), timeout=10)
while True:
    s.sendall(bytes(65536))
""",
}
"""1,250 bytes 3,000 times a second are 30 Mbit/s."""


@contextmanager
def captured(host: LabHost, *expression: str) -> Iterator[Path]:
    """Capture frames on the host's cable meanwhile; the file that names them, a line each.

    A line is in the file shortly after its frame was on the cable: wait for it before the capture ends.
    """
    log = host.logs / "tcpdump.log"
    log.unlink(missing_ok=True)
    start_on(host, "tcpdump", ["tcpdump", "--immediate-mode", "-lnni", "eth0", *expression])
    until(lambda: log.exists() and "listening on" in log.read_text(), "tcpdump to listen", timeout_s=10)
    try:
        yield log
    finally:
        stop_on(host, "tcpdump")
