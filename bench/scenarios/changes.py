"""A change until packets tell of it: through Weft, and by OVN's own tools on a switch beside, in one lab."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import IPv4Address
from itertools import count
from uuid import UUID, uuid4

import httpx

from bench import labs
from bench.figures import Figure, compared, middle
from bench.probe import Probe
from bench.rounds import interleaved, timed
from bench.scenarios.api import revision_of, sent
from weft.lab.endpoint import Endpoint, endpoint, plug, remove, unplugged
from weft.lab.layout import Lab
from weft.lab.processes import run_on

_NETWORK, _SWITCH = "bench", "bench-raw"
_GOAL = 1.5


@dataclass(frozen=True, slots=True)
class Bench:
    """A network of Weft's and a switch by hand, on one host; each has one that asks and one that answers."""

    lab: Lab
    api: httpx.Client
    our_asker: Endpoint
    ours: Endpoint
    their_asker: Endpoint
    theirs: Endpoint

    def nbctl(self, *argv: str) -> str:
        """As an operator would."""
        return run_on(self.lab.central, "ovn-nbctl", *argv)


@contextmanager
def _bench() -> Iterator[Bench]:
    with labs.lab() as lab, labs.api(lab) as api:
        sent(api, "POST", "/networks", {"name": _NETWORK, "subnets": [{"cidr": "10.90.0.0/16"}]})
        ours = [
            _plugged(lab, mac, address, _declared(api, mac, address))
            for mac, address in _settled("10.90.0.0")
        ]
        run_on(lab.central, "ovn-nbctl", "ls-add", _SWITCH)
        run_on(lab.central, "ovn-nbctl", "acl-add", _SWITCH, "to-lport", "100", "ip", "allow-related")
        theirs = [
            _plugged(lab, mac, address, _added(lab, mac, address)) for mac, address in _settled("10.91.0.0")
        ]
        for asker, answering in (ours, theirs):
            _know(asker, answering)
        yield Bench(lab, api, *ours, *theirs)


def _settled(network: str) -> list[tuple[str, IPv4Address]]:
    return [(_mac(number), IPv4Address(network) + number) for number in (5, 6)]


def _mac(number: int) -> str:
    return f"02:be:00:00:{number >> 8:02x}:{number & 255:02x}"


def _plugged(lab: Lab, mac: str, address: IPv4Address, port_id: UUID) -> Endpoint:
    return endpoint(lab.host("h1"), port_id, mac, address, 16)


def _declared(api: httpx.Client, mac: str, address: IPv4Address) -> UUID:
    wanted = {"name": f"at-{address}", "network": _NETWORK, "mac": mac, "addresses": [str(address)]}
    return UUID(sent(api, "POST", "/ports", wanted).json()["id"])


def _added(lab: Lab, mac: str, address: IPv4Address) -> UUID:
    """A port on the switch by hand, with what Weft's have: an address, and no other."""
    port_id, own = uuid4(), f"{mac} {address}"
    name = str(port_id)
    addressed = ("--", "lsp-set-addresses", name, own, "--", "lsp-set-port-security", name, own)
    run_on(lab.central, "ovn-nbctl", "lsp-add", _SWITCH, name, *addressed)
    return port_id


def _know(here: Endpoint, there: Endpoint) -> None:
    """A neighbour that is not known is asked for once a second: that would be all that is measured."""
    mac = there.run("ip", "-br", "link", "show", "eth0").split()[2]
    here.run("ip", "neigh", "replace", str(there.address), "lladdr", mac, "dev", "eth0")


def replies(pairs: int) -> Iterator[Figure]:
    """From declaring the port until its first answer: declared, plugged, bound, its flows installed."""
    with _bench() as bench:
        numbers = count(10)
        rounds = interleaved(
            pairs,
            {
                "weft": lambda: _our_reply(bench, next(numbers)),
                "raw": lambda: _their_reply(bench, next(numbers)),
            },
            warm_up=2,
        )
        yield compared(
            "port declared and plugged, to its first answer",
            "ms",
            rounds,
            middle("weft"),
            ("ovn-nbctl lsp-add", middle("raw")),
            goal=_GOAL,
        )


def _our_reply(bench: Bench, number: int) -> float:
    def forget(port_id: UUID) -> None:
        sent(bench.api, "DELETE", f"/ports/{port_id}")

    return _reply(bench.ours, number, partial(_declared, bench.api), forget)


def _their_reply(bench: Bench, number: int) -> float:
    def forget(port_id: UUID) -> None:
        bench.nbctl("lsp-del", str(port_id))

    return _reply(bench.theirs, number, partial(_added, bench.lab), forget)


def _reply(
    there: Endpoint, number: int, declare: Callable[[str, IPv4Address], UUID], forget: Callable[[UUID], None]
) -> float:
    """A new endpoint asks `there` all the time; seconds from declaring its port to the first answer."""
    mac, address = _mac(number), there.address + number
    here = unplugged(there.host, uuid4(), mac, address, 16)
    _know(here, there)
    probe = Probe(here, there, "answer")
    began = time.monotonic()
    here = replace(here, port_id=declare(mac, address))
    plug(here, mac)
    took = probe.moment() - began
    remove(here)
    forget(here.port_id)
    return took


def rules(pairs: int) -> Iterator[Figure]:
    """A rule until hosts enforce it: what the receipt says, and what packets say."""
    with _bench() as bench:
        sent(bench.api, "POST", "/policies", {"name": "p", "rules": []})
        told = interleaved(
            pairs, {"weft": lambda: _our_receipt(bench), "raw": lambda: _their_receipt(bench)}, warm_up=2
        )
        yield compared(
            "rule added, API to enforced by its receipt",
            "ms",
            told,
            middle("weft"),
            ("ovn-nbctl --wait=hv acl-add", middle("raw")),
            goal=_GOAL,
        )
        seen = interleaved(
            pairs, {"weft": lambda: _our_silence(bench), "raw": lambda: _their_silence(bench)}, warm_up=2
        )
        yield compared(
            "rule added, API to the last packet it forbids",
            "ms",
            seen,
            middle("weft"),
            ("ovn-nbctl acl-add", middle("raw")),
            goal=_GOAL,
        )


_ALLOWED = {"action": "allow", "service": {"protocol": "tcp", "ports": ["80"]}}
_FORBIDDEN = {"action": "drop", "service": {"protocol": "icmp"}}


def _our_receipt(bench: Bench) -> float:
    with timed() as watch:
        added = _rule(bench, _ALLOWED)
        _await(bench, added)
    _take_back(bench, added)
    return watch.seconds


def _their_receipt(bench: Bench) -> float:
    acl = (_SWITCH, "to-lport", "1000", "tcp.dst == 80")
    with timed() as watch:
        bench.nbctl("--wait=hv", "acl-add", *acl, "allow-related")
    bench.nbctl("--wait=hv", "acl-del", *acl)
    return watch.seconds


def _our_silence(bench: Bench) -> float:
    probe = Probe(bench.our_asker, bench.ours, "silence")
    began = time.monotonic()
    added = _rule(bench, _FORBIDDEN)
    took = probe.moment() - began
    _take_back(bench, added)
    return took


def _their_silence(bench: Bench) -> float:
    acl = (_SWITCH, "to-lport", "1000", "icmp4")
    probe = Probe(bench.their_asker, bench.theirs, "silence")
    began = time.monotonic()
    bench.nbctl("acl-add", *acl, "drop")
    took = probe.moment() - began
    bench.nbctl("--wait=hv", "acl-del", *acl)
    return took


def _rule(bench: Bench, what: Mapping[str, object]) -> httpx.Response:
    """A rule for all ports of the network, as the one by hand is for all of the switch."""
    return sent(bench.api, "POST", "/policies/p/rules", {"rule": {"direction": "ingress", **what}})


def _await(bench: Bench, answer: httpx.Response) -> None:
    receipt = sent(bench.api, "GET", f"/receipts/{revision_of(answer)}?wait_s=30").json()
    if receipt["state"] != "enforced":
        raise RuntimeError(f"a rule is not enforced after 30 s: {receipt}")


def _take_back(bench: Bench, added: httpx.Response) -> None:
    rule_id = added.json()["rules"][-1]["id"]
    _await(bench, sent(bench.api, "DELETE", f"/policies/p/rules/{rule_id}"))
