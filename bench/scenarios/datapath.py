"""Traffic between two hosts through Weft, and through the same made with `ovn-nbctl`, in one lab.

Both have the same switches and router, and endpoints of the same kind with the same addresses, checked
against spoofing, behind a stateful rule. What is made by hand has no mark of Weft's: it is left alone.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Interface
from uuid import UUID, uuid4

import httpx

from bench import labs
from bench.figures import Figure, compared, middle
from bench.flows import Path
from bench.rounds import interleaved
from bench.scenarios.api import sent
from weft.lab.endpoint import Endpoint, endpoint
from weft.lab.layout import Lab
from weft.lab.processes import run_on

_ROUTER = "bench"


@dataclass(frozen=True, slots=True)
class _Measure:
    """What is compared. A rate is to be at least `goal` times the rival's, a time at most."""

    name: str
    unit: str
    taken: Callable[[Path], float]
    scale: float
    goal: float


_MEASURES = (
    _Measure("TCP stream", "Mbit/s", Path.mbits, 1, 0.97),
    _Measure("round trip", "ms", Path.round_trip, 1000, 1.03),
    _Measure("TCP connections", "/s", Path.connections, 1, 0.97),
)


@dataclass(frozen=True, slots=True)
class _Seat:
    """Where an endpoint is."""

    host: str
    network: str
    mac: str
    at: IPv4Interface

    @property
    def gateway(self) -> IPv4Interface:
        """The network's first address, which its router has, if there is one."""
        subnet = self.at.network
        return IPv4Interface((subnet.network_address + 1, subnet.prefixlen))


_HERE = _Seat("h1", "bench-a", "02:be:00:00:00:05", IPv4Interface("10.90.0.5/24"))
_BESIDE = _Seat("h2", "bench-a", "02:be:00:00:00:06", IPv4Interface("10.90.0.6/24"))
_BEHIND = _Seat("h2", "bench-b", "02:be:00:00:00:07", IPv4Interface("10.91.0.7/24"))


def switched(pairs: int) -> Iterator[Figure]:
    """Two endpoints of one network, on two hosts."""
    yield from _figures("one network", (_HERE, _BESIDE), pairs)


def routed(pairs: int) -> Iterator[Figure]:
    """Two endpoints of two networks with a router between them, on two hosts."""
    yield from _figures("routed", (_HERE, _BEHIND), pairs)


def _figures(where: str, seats: Sequence[_Seat], pairs: int) -> Iterator[Figure]:
    with _paths(seats) as (ours, theirs):
        for measure in _MEASURES:
            rounds = interleaved(
                pairs,
                {"weft": partial(measure.taken, ours), "raw": partial(measure.taken, theirs)},
                warm_up=2,
                scale=measure.scale,
            )
            yield compared(
                f"{measure.name} between hosts, {where}",
                measure.unit,
                rounds,
                middle("weft"),
                ("OVN by hand", middle("raw")),
                goal=measure.goal,
            )


@contextmanager
def _paths(seats: Sequence[_Seat]) -> Iterator[tuple[Path, Path]]:
    """Through Weft, and by hand; packets pass on both."""
    networks = {seat.network: seat for seat in seats}
    with labs.lab() as lab, labs.api(lab) as api:
        _declare(api, networks)
        ours = Path(*(_plugged(lab, seat, _declared(api, seat)) for seat in seats))
        _wire(lab, networks)
        theirs = Path(*(_plugged(lab, seat, _added(lab, seat)) for seat in seats))
        for path in (ours, theirs):
            path.open()
        yield ours, theirs


def _declare(api: httpx.Client, networks: Mapping[str, _Seat]) -> None:
    """The networks, and a router when there are several."""
    for name, seat in networks.items():
        subnets = [{"cidr": str(seat.at.network), "gateway": str(seat.gateway.ip)}]
        sent(api, "POST", "/networks", {"name": name, "subnets": subnets, "default_ingress": "allow"})
    if len(networks) > 1:
        sent(api, "POST", "/routers", {"name": _ROUTER, "networks": list(networks)})


def _declared(api: httpx.Client, seat: _Seat) -> UUID:
    wanted = {"network": seat.network, "mac": seat.mac, "addresses": [str(seat.at.ip)]}
    return UUID(sent(api, "POST", "/ports", {"name": f"at-{seat.at.ip}", **wanted}).json()["id"])


def _wire(lab: Lab, networks: Mapping[str, _Seat]) -> None:
    """The same as `_declare`, as an operator would."""
    for name in networks:
        _nbctl(lab, "ls-add", name)
        _nbctl(lab, "acl-add", name, "to-lport", "100", "ip", "allow-related")
    if len(networks) > 1:
        _nbctl(lab, "lr-add", _ROUTER)
        for number, (name, seat) in enumerate(networks.items()):
            _nbctl(lab, *_linked(name, f"02:be:00:00:01:{number:02x}", seat.gateway))


def _linked(switch: str, mac: str, gateway: IPv4Interface) -> Iterator[str]:
    """Both ends of a link between the router and a switch."""
    here, there = f"{switch}-router", f"{_ROUTER}-{switch}"
    yield from ("lrp-add", _ROUTER, there, mac, str(gateway))
    yield from ("--", "lsp-add", switch, here, "--", "lsp-set-type", here, "router")
    yield from ("--", "lsp-set-addresses", here, "router")
    yield from ("--", "lsp-set-options", here, f"router-port={there}")


def _added(lab: Lab, seat: _Seat) -> UUID:
    """A port by hand, with what Weft's have: an address, and no other."""
    port_id = uuid4()
    name, own = str(port_id), f"{seat.mac} {seat.at.ip}"
    addressed = ("--", "lsp-set-addresses", name, own, "--", "lsp-set-port-security", name, own)
    _nbctl(lab, "lsp-add", seat.network, name, *addressed)
    return port_id


def _nbctl(lab: Lab, *argv: str) -> None:
    run_on(lab.central, "ovn-nbctl", *argv)


def _plugged(lab: Lab, seat: _Seat, port_id: UUID) -> Endpoint:
    made = endpoint(lab.host(seat.host), port_id, seat.mac, seat.at.ip, seat.at.network.prefixlen)
    made.run("ip", "route", "add", "default", "via", str(seat.gateway.ip))
    return made
