"""1,000 ports into the Northbound database: through the API, and by one `ovn-nbctl` of the same rows."""

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import httpx

from bench import control
from bench.figures import Figure, compared, middle
from bench.rounds import interleaved, timed
from bench.scenarios.api import revision_of, sent

_PORTS = 1_000
_GOAL = 2.0


def run(pairs: int) -> Iterator[Figure]:
    """Both into one database, in turn; what they made is removed each time."""
    with control.databases() as databases, control.server(databases) as server, server.api() as api:
        watch = control.Watch(databases)
        raw = _Raw(databases)
        names = count()
        rounds = interleaved(
            pairs,
            {
                "weft": lambda: _through_the_api(api, watch, f"net{next(names)}"),
                "nbctl": lambda: raw.insert(f"raw{next(names)}"),
            },
        )
        watch.close()
        yield compared(
            "1,000 ports in bulk, API to NB",
            "ms",
            rounds,
            middle("weft"),
            ("one ovn-nbctl transaction", middle("nbctl")),
            goal=_GOAL,
        )


def _through_the_api(api: httpx.Client, watch: control.Watch, network: str) -> float:
    """From the request until both are there, the rows and the answer."""
    sent(api, "POST", "/networks", {"name": network, "subnets": [{"cidr": "10.1.0.0/16"}]})
    before = revision_of(sent(api, "POST", "/ports", {"name": f"{network}-first", "network": network}))
    watch.wait_for(before)
    items = [{"name": f"{network}-{n}", "network": network} for n in range(_PORTS)]
    with ThreadPoolExecutor(1) as watching, timed() as stopwatch:
        there = watching.submit(watch.wait_for, before + 1)
        sent(api, "POST", "/ports/bulk", {"items": items})
        there.result()
    for item in items:
        sent(api, "DELETE", f"/ports/{item['name']}")
    sent(api, "DELETE", f"/ports/{network}-first")
    watch.wait_for(revision_of(sent(api, "DELETE", f"/networks/{network}")))
    return stopwatch.seconds


class _Raw:
    """The same rows by hand."""

    def __init__(self, databases: control.Databases) -> None:
        self._databases = databases

    def insert(self, switch: str) -> float:
        """The ports with their addresses, DHCP options and marks, and their membership, in one transaction.

        The switch and the port group with its first member are there before, as Weft's are.
        """
        dhcp = self._nbctl("create", "DHCP_Options", "cidr=10.1.0.0/16").strip()
        first = f"{switch}-first"
        self._nbctl("ls-add", switch, "--", "lsp-add", switch, first, "--", "pg-add", f"pg_{switch}", first)
        ports = [f"{switch}-{n}" for n in range(_PORTS)]
        commands: list[str] = []
        for number, port in enumerate(ports):
            own = f"02:00:00:00:{number >> 8:02x}:{number & 255:02x} 10.1.{number >> 8}.{number & 255}"
            commands += ["--", "lsp-add", switch, port, "--", "lsp-set-addresses", port, own]
            commands += ["--", "lsp-set-port-security", port, own, "--", "lsp-set-dhcpv4-options", port, dhcp]
            commands += ["--", "set", "Logical_Switch_Port", port, f"external_ids:key={port}"]
        commands += ["--", "pg-set-ports", f"pg_{switch}", first, *ports]
        with timed() as stopwatch:
            self._nbctl(*commands[1:])
        self._nbctl("pg-del", f"pg_{switch}", "--", "ls-del", switch, "--", "dhcp-options-del", dhcp)
        return stopwatch.seconds

    def _nbctl(self, *argv: str) -> str:
        return subprocess.run(
            ["ovn-nbctl", f"--db={self._databases.remote('nb')}", *argv],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
