"""Traffic between two endpoints: how much, how fast, how many connections; measured in one of them.

Each measurement is short, so that contestants can take turns often; the other endpoint answers all the time.
"""

import re
import subprocess
import sys
from dataclasses import dataclass
from statistics import median

from weft.lab.endpoint import Endpoint
from weft.lab.processes import reap, run_on, until

_SECONDS = 0.5
_CONNECTING_S = 0.2
_ECHOES = 200
_AT_ONCE = 8
_SINK, _GREETER = 5001, 5002

_ANSWERING = f"""
import socket, threading

def sink(client):
    while client.recv(1 << 18):
        pass
    client.sendall(b".")

def greet(client):
    client.sendall(b".")

def serve(listening, answer):
    while True:
        client, _ = listening.accept()
        with client:
            try:
                answer(client)
            except ConnectionError:
                pass

for port, answer in (({_SINK}, sink), ({_GREETER}, greet)):
    listening = socket.create_server(("", port), backlog=128)
    threading.Thread(target=serve, args=(listening, answer)).start()
print("ready", flush=True)
"""
"""Reads until there is no more and then says so, on one port; greets and closes, on the other."""

_SENDING = f"""
import socket, sys, time
there = socket.create_connection((sys.argv[1], {_SINK}), timeout=10)
block, sent, began = bytes(1 << 16), 0, time.monotonic()
while time.monotonic() - began < {_SECONDS}:
    sent += there.send(block)
there.shutdown(socket.SHUT_WR)
if there.recv(1) != b".":
    sys.exit("the other end did not read all of it")
print(sent * 8 / 1e6 / (time.monotonic() - began))
"""
"""One TCP stream, until the last byte was read."""

_CONNECTING = f"""
import socket, struct, sys, time
from concurrent.futures import ThreadPoolExecutor
reset, began = struct.pack("ii", 1, 0), time.monotonic()

def connect(_):
    made = 0
    while time.monotonic() - began < {_CONNECTING_S}:
        with socket.create_connection((sys.argv[1], {_GREETER}), timeout=10) as there:
            there.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            made += there.recv(1) == b"."
    return made

with ThreadPoolExecutor({_AT_ONCE}) as pool:
    made = sum(pool.map(connect, range({_AT_ONCE})))
print(made / (time.monotonic() - began))
"""
"""Connections that are greeted, some at once; each is reset, so that no port is kept waiting."""


@dataclass(frozen=True, slots=True)
class Path:
    """From the endpoint that asks to the one that answers."""

    here: Endpoint
    there: Endpoint

    def open(self) -> None:
        """Start what answers, until its namespace goes; returns when packets pass.

        LabError when none passes within half a minute.
        """
        answering = subprocess.Popen(
            self.there.entering(sys.executable, "-c", _ANSWERING),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        reap(answering)
        if answering.stdout is None or answering.stdout.readline() != b"ready\n":
            raise RuntimeError(f"nothing answers in {self.there.namespace}")
        echo = ("ping", "-c", "1", "-W", "1", str(self.there.address))
        until(
            lambda: self.here.try_run(*echo).returncode == 0,
            f"packets from {self.here.address} to {self.there.address}",
            timeout_s=30,
        )

    def mbits(self) -> float:
        """What one TCP stream carries, in Mbit/s."""
        return self._told(_SENDING)

    def connections(self) -> float:
        """TCP connections made and greeted, a second.

        Conntrack begins empty, and few are made: the one of Open vSwitch 3.1 in user space aborts the switch
        when some 2,000 are kept ("assertion conn->conn_type == CT_CONN_TYPE_DEFAULT failed").
        """
        for end in (self.here, self.there):
            run_on(end.host, "ovs-appctl", "dpctl/flush-conntrack")
        return self._told(_CONNECTING)

    def _told(self, program: str) -> float:
        return float(self.here.run(sys.executable, "-c", program, str(self.there.address)))

    def round_trip(self) -> float:
        """The median of some echoes, each sent when the last one came back; in seconds."""
        echoes = ("ping", "-n", "-A", "-c", str(_ECHOES), "-W", "1", str(self.there.address))
        return median_echo(self.here.run(*echoes))


def median_echo(printed: str) -> float:
    """The median of the times that ping(8) printed, in seconds. ValueError when it printed none."""
    times = [float(ms) for ms in re.findall(r"icmp_seq=\d+ ttl=\d+ time=([\d.]+) ms", printed)]
    if not times:
        raise ValueError(f"ping told no times: {printed!r}")
    return median(times) / 1000
