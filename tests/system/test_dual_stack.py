"""IPv6 beside IPv4, with real packets: on a network, through a router, under policy, leased, not forged."""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from tests.system.estate import Estate, await_docker_network, estate_of
from tests.system.streams import plugged

from weft.lab import life, story
from weft.lab.domain import Domain
from weft.lab.endpoint import Endpoint
from weft.lab.layout import Lab, LabHost
from weft.lab.processes import run_on, until

WEB, DB = "dual-web", "dual-db"
ASKED = "fd00:91::77"

_SOLICIT = """
import json, os, socket, struct, sys
mac = bytes.fromhex(sys.argv[1].replace(":", ""))
option = lambda code, body: struct.pack("!HH", code, len(body)) + body
client = option(1, struct.pack("!HH", 3, 1) + mac)
here = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
here.bind(("::", 546))
here.settimeout(5)

def ask(kind, *more):
    number = os.urandom(3)
    packet = bytes([kind]) + number + client + option(3, bytes([0, 0, 0, 1]) + bytes(8)) + b"".join(more)
    here.sendto(packet, ("ff02::1:2", 547, 0, socket.if_nametoindex("eth0")))
    answer = here.recv(2000)
    assert answer[1:4] == number
    return answer[0], dict(options(answer[4:]))

def options(rest):
    while rest:
        code, size = struct.unpack("!HH", rest[:4])
        yield code, rest[4 : 4 + size]
        rest = rest[4 + size :]

advertised, told = ask(1)
replied, told = ask(3, option(2, told[2]))
leased = dict(options(told[3][12:]))[5]
print(json.dumps([advertised, replied, socket.inet_ntop(socket.AF_INET6, leased[:16])]))
"""
"""SOLICIT and REQUEST (RFC 8415, section 18.2): the kinds of both answers, and the address of the lease.

The IAID is not zero: OVN takes an IA_NA whose IAID is zero for one that is missing, and does not answer.
"""

_FORGE = """
import socket, struct, sys
mac = bytes.fromhex(sys.argv[1].replace(":", ""))
to_mac = bytes.fromhex(sys.argv[2].replace(":", ""))
victim, target = (socket.inet_pton(socket.AF_INET6, each) for each in sys.argv[3:5])
body = struct.pack("!BBHI", 136, 0, 0, 0x20000000) + target + bytes([2, 1]) + mac
pseudo = target + victim + struct.pack("!II", len(body), 58) + body
total = sum(struct.unpack(f"!{len(pseudo) // 2}H", pseudo))
while total >> 16:
    total = (total & 0xFFFF) + (total >> 16)
body = body[:2] + struct.pack("!H", ~total & 0xFFFF) + body[4:]
header = struct.pack("!IHBB", 6 << 28, len(body), 58, 255) + target + victim
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind(("eth0", 0))
link.send(to_mac + mac + b"\\x86\\xdd" + header + body)
"""
"""A neighbour advertisement that overrides (RFC 4861, section 4.4): the target is at the sender's MAC."""


@pytest.fixture
def estate(lab: Lab, h1: LabHost, h2: LabHost) -> Iterator[Estate]:
    """Two networks of both families, with no way between them."""
    with estate_of(lab) as made:
        for name, number in ((WEB, 91), (DB, 92)):
            subnets = ("--subnet", f"10.{number}.0.0/24", "--subnet", f"fd00:{number}::/64")
            made.create("network", name, *subnets, "--default-ingress", "allow")
            for host in (h1, h2):
                await_docker_network(host, name)
        yield made


def addresses(port: dict[str, Any]) -> list[str]:
    """Those of a port, IPv4 first."""
    found = [str(ip["address"]) for ip in port["fixed_ips"]]
    assert len(found) == 2, "one of each family"
    return sorted(found, key=lambda address: ":" in address)


def test_every_kind_of_container_is_reached_over_both_families_on_its_host_and_across_hosts(
    lab: Lab, h1: LabHost, h2: LabHost, estate: Estate
) -> None:
    del estate
    story.run_container(h1, "labelled", WEB)
    story.run_native(h1, "native", WEB, "--ip6", ASKED)
    story.run_container(h2, "far-labelled", WEB)
    story.run_native(h2, "far-native", WEB)
    story.wait_until_up(lab, "labelled", "native", "far-labelled", "far-native")
    ports = story.ports(lab)

    shown = json.loads(run_on(h1, "docker", "inspect", "native"))[0]["NetworkSettings"]["Networks"][WEB]
    assert shown["GlobalIPv6Address"] == ASKED == addresses(ports["native"])[1]
    for here in ("labelled", "native"):
        for there in {"labelled", "native", "far-labelled", "far-native"} - {here}:
            for address in addresses(ports[there]):
                assert story.pings(h1, here, address), (here, there, address)
                assert story.fetches(h1, here, address), (here, there, address)


def test_a_machine_hears_of_its_router_and_a_rule_holds_for_both_families(
    lab: Lab, h1: LabHost, h2: LabHost, estate: Estate
) -> None:
    story.run_container(h1, "web-1", WEB, "--label", "tier=web")
    with booted(h2, "db-1", DB, tier="db") as domain:
        story.wait_until_up(lab, "web-1", "db-1")
        there = addresses(story.ports(lab)["db-1"])
        domain.run(f"ip -6 addr add {there[1]}/64 dev eth0")
        assert not any(story.pings(h1, "web-1", address) for address in there), "there is no router"
        with routed(lab):
            until(
                lambda: "default via fe80:" in domain.run("ip -6 route"),
                "the machine to hear the router",
                timeout_s=40,
            )
            domain.run("udhcpc -i eth0 -s /dhcp.sh -n -q")  # IPv4 hears of the router with its lease
            domain.run(f"ip -6 addr replace {there[1]}/64 dev eth0")  # the lease's script flushes the card
            for address in there:
                until(lambda a=address: story.pings(h1, "web-1", a), f"a way to {address}", timeout_s=20)  # type: ignore[misc]
                assert story.fetches(h1, "web-1", address), address
            _a_rule_holds(lab, h1, estate, there)


def _a_rule_holds(lab: Lab, h1: LabHost, estate: Estate, there: list[str]) -> None:
    for tier in ("web", "db"):
        estate.create("group", f"dual-{tier}", "--selector", f"tier={tier}")
    estate.create("policy", "dual-no-web", "--target", "dual-db")
    rule = ("--direction", "ingress", "--action", "drop", "--peer", "group:dual-web", "--service", "tcp/80")
    life.weft_on_central(lab, "policy", "rule", "add", "dual-no-web", *rule, "--wait")
    for address in there:
        assert not story.fetches(h1, "web-1", address), address
        assert story.pings(h1, "web-1", address), address


@contextmanager
def booted(host: LabHost, name: str, network: str, **labels: str) -> Iterator[Domain]:
    """A machine, gone before its network goes."""
    domain, _ = story.run_guest(host, name, network, **labels)
    try:
        yield domain
    finally:
        domain.destroy()
        domain.undefine()


@contextmanager
def routed(lab: Lab) -> Iterator[None]:
    """A router between both networks, meanwhile."""
    story.weft(lab, "router", "create", "dual", "--network", WEB, "--network", DB, "--wait")
    try:
        yield
    finally:
        for name in (WEB, DB):
            life.weft_on_central(lab, "router", "detach", "dual", name)
        life.weft_on_central(lab, "router", "delete", "dual")


def test_dhcpv6_leases_the_address_of_the_port(lab: Lab, h1: LabHost, estate: Estate) -> None:
    del estate
    with plugged(h1, "asker", WEB) as here:
        port = story.ports(lab)["asker"]
        until(lambda: settled(here), "a link-local address", timeout_s=10)

        said = json.loads(here.run(sys.executable, "-c", _SOLICIT, port["mac"]))

        assert said == [2, 7, addresses(port)[1]], "ADVERTISE, then REPLY with this port's address"


def test_a_forged_neighbour_advertisement_does_not_pass(
    lab: Lab, h1: LabHost, h2: LabHost, estate: Estate
) -> None:
    del estate
    with ExitStack() as stack:
        places = {"forger": h1, "owner": h1, "victim": h2}
        here = {name: stack.enter_context(plugged(host, name, WEB)) for name, host in places.items()}
        ports = story.ports(lab)
        at = {name: addresses(ports[name])[1] for name in places}
        for name, each in here.items():
            each.run("ip", "-6", "addr", "add", f"{at[name]}/64", "dev", "eth0", "nodad")

        def believed() -> str:
            """The MAC that the victim takes for the owner's, after the forger has told a lie."""
            here["victim"].run("ping", "-c", "1", "-W", "2", at["owner"])
            lie = (ports["forger"]["mac"], ports["victim"]["mac"], at["victim"], at["owner"])
            here["forger"].run(sys.executable, "-c", _FORGE, *lie)
            # What was sent before has arrived, or never will.
            here["forger"].run("ping", "-c", "3", "-i", "0.2", "-W", "2", at["victim"])
            known = here["victim"].run("ip", "-6", "neigh", "show", at["owner"]).split()
            return known[known.index("lladdr") + 1]

        assert believed() == ports["owner"]["mac"]
        life.weft_on_central(lab, "port", "set", "forger", "--no-port-security", "--wait")
        assert believed() == ports["forger"]["mac"], "the negative control: the lie itself is a good one"


def settled(here: Endpoint) -> bool:
    """Whether the card has a link-local address that nobody else claimed (RFC 4862, section 5.4)."""
    said = here.run("ip", "-6", "addr", "show", "dev", "eth0", "scope", "link")
    return "fe80:" in said and "tentative" not in said
