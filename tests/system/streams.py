"""Streams that a server pushes: the client asks once, and never speaks again."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address
from itertools import pairwise
from pathlib import Path
from uuid import UUID

from weft.lab import story
from weft.lab.endpoint import Endpoint, endpoint, remove
from weft.lab.layout import LabHost
from weft.lab.processes import end_all, local, reap, until

_SERVER = """
import socket, sys, threading, time

def udp(port):
    here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    here.bind(("", port))
    while True:
        _, client = here.recvfrom(100)
        start(lambda said, to=client: here.sendto(said, to))

def tcp(port):
    here = socket.create_server(("", port))
    while True:
        client, _ = here.accept()
        start(lambda said, to=client: to.sendall(said + b"\\n"))

def start(send):
    threading.Thread(target=push, args=(send,), daemon=True).start()

def push(send):
    number = 0
    while True:
        try:
            send(b"%d %f" % (number, time.time()))
        except OSError:
            return
        number += 1
        time.sleep(0.01)

for kind, port in (("udp", 5000), ("udp", 5001), ("tcp", 5000), ("tcp", 5001)):
    threading.Thread(target=globals()[kind], args=(port,), daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
"""

_CLIENT = """
import socket, sys
kind, address, port, place = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
with open(place, "a") as heard:
    if kind == "udp":
        here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        here.sendto(b"push", (address, port))
        while True:
            print(here.recv(100).decode(), file=heard, flush=True)
    for line in socket.create_connection((address, port), 10).makefile():
        print(line.strip(), file=heard, flush=True)
"""


@dataclass(frozen=True, slots=True)
class Stream:
    """What a client has heard so far, in a file of its host."""

    heard: Path

    def numbers(self) -> list[int]:
        return [int(number) for number, _ in self._said()]

    def sent_after(self, moment: float) -> list[int]:
        """The numbers among them that were sent after `moment`, seconds of this machine's clock."""
        return [int(number) for number, at in self._said() if float(at) > moment]

    def _said(self) -> list[list[str]]:
        text = self.heard.read_text() if self.heard.exists() else ""
        return [line.split() for line in text[: text.rfind("\n") + 1].splitlines()]

    def runs(self) -> bool:
        """Whether anything more is heard within a second."""
        before = len(self.numbers())
        try:
            until(lambda: len(self.numbers()) > before, "the stream to go on", timeout_s=1)
        except Exception:  # noqa: BLE001 - silence is an answer
            return False
        return True

    def lost(self) -> str:
        """What is missing among the numbers that were heard, or out of order; empty if nothing is."""
        heard = self.numbers()
        gaps = [(one, other) for one, other in pairwise(heard) if other != one + 1]
        return f"{len(heard)} heard, gaps {gaps[:5]}" if gaps else ""


@contextmanager
def plugged(host: LabHost, name: str, network: str, *labels: str) -> Iterator[Endpoint]:
    """A declared port, plugged by hand on `host`, up."""
    chosen = [word for label in labels for word in ("--label", label)]
    made = story.weft(host.lab, "port", "create", name, "--network", network, *chosen)
    address = IPv4Address(made["fixed_ips"][0]["address"])
    here = endpoint(host, UUID(made["id"]), made["mac"], address, 24)
    try:
        story.wait_until_up(host.lab, name)
        yield here
    finally:
        remove(here)
        until(lambda: story.ports(host.lab)[name]["host"] is None, f"{name} to be unbound", timeout_s=15)
        story.weft(host.lab, "port", "delete", name)


def serve(here: Endpoint) -> None:
    """Push on the ports 5000 and 5001, over UDP and TCP, to whoever asks."""
    begin(here, _SERVER)


def begin(here: Endpoint, program: str, *argv: str) -> "subprocess.Popen[bytes]":
    """Run a program in Python at `here`; returns when it says that it is ready."""
    process = subprocess.Popen(
        here.entering(sys.executable, "-c", program, *argv),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.stdout.close()
    reap(process)
    return process


def listen(here: Endpoint, kind: str, there: Endpoint, port: int = 5000) -> Stream:
    """Ask `there` once, and hear it; returns when the stream has begun."""
    place = here.host.run / f"{here.device}-{kind}-{port}"
    place.unlink(missing_ok=True)
    ask = [sys.executable, "-c", _CLIENT, kind, str(there.address), str(port), str(place)]
    process = subprocess.Popen(
        here.entering(*ask),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    reap(process)
    stream = Stream(place)
    until(lambda: len(stream.numbers()) > 5, f"the {kind} stream to begin", timeout_s=15)
    return stream


def hush(here: Endpoint) -> None:
    """End every listener of `here`."""
    end_all([int(pid) for pid in local("ip", "netns", "pids", here.namespace).split()])
