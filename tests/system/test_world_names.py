"""Names of the world, with real questions: whoever has Weft's resolver by DHCP or `--dns` finds them, too."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from tests.system.estate import Estate, await_docker_network, estate_of

from weft.lab import life, story
from weft.lab.domain import Domain
from weft.lab.layout import Lab, LabHost
from weft.lab.processes import run_on, start_on, stop_on, try_on, until

NETWORK, ZONE = "worldly", "worldly.default.internal"
ASKED, ASKED6 = "169.254.53.53", "fd77:6566:7453::35"
PROGRAM = str(Path(__file__).with_name("world_dns.py"))


@pytest.fixture
def heard(lab: Lab, h1: LabHost, h2: LabHost) -> Iterator[Path]:
    """A server of the world's names, which both hosts ask by their own resolv.conf; what it was asked."""
    central = lab.central
    log = central.run / "world-dns.heard"
    log.unlink(missing_ok=True)
    serve = [sys.executable, PROGRAM, "serve", str(central.address), "/run/world-dns.heard"]
    start_on(central, "world-dns", serve)
    try:
        until(log.exists, "the world's server", timeout_s=30, log=central.logs / "world-dns.log")
        for host in (h1, h2):
            (host.run / "resolv.conf").write_text(f"nameserver {central.address}\n")
            run_on(host, "mount", "--bind", "/run/resolv.conf", "/etc/resolv.conf")
        yield log
    finally:
        for host in (h1, h2):
            try_on(host, "umount", "/etc/resolv.conf")
        stop_on(central, "world-dns")


@pytest.fixture
def estate(lab: Lab, h1: LabHost, h2: LabHost) -> Iterator[Estate]:
    """A network of both IP versions, with a router that has no way out yet."""
    with estate_of(lab) as made:
        made.create("network", NETWORK, "--subnet", "10.94.0.0/24", "--subnet", "fd00:94::/64")
        made.create("router", "worldly", "--network", NETWORK)
        for host in (h1, h2):
            await_docker_network(host, NETWORK)
        yield made
        life.weft_on_central(lab, "router", "detach", "worldly", NETWORK)


@contextmanager
def way_out(lab: Lab) -> Iterator[None]:
    """The router leaves by its hosts' own addresses, meanwhile."""
    story.weft(lab, "router", "gateway", "set", "worldly", "--network", "host", "--wait")
    try:
        yield
    finally:
        life.weft_on_central(lab, "router", "gateway", "clear", "worldly", "--wait")
        life.weft_on_central(lab, "network", "delete", "host")


@pytest.mark.usefixtures("estate")
def test_who_has_a_way_out_finds_names_of_the_world_and_ours_stay_here(
    lab: Lab, h1: LabHost, h2: LabHost, heard: Path
) -> None:
    story.run_container(h1, "asker", NETWORK, "--dns", ASKED)
    domain, _ = story.run_guest(h2, "asker-vm", NETWORK)
    try:
        story.wait_until_up(lab, "asker", "asker-vm")
        askers = {h1: partial(container_asks, h1, "asker"), h2: partial(machine_asks, domain)}
        for host, ask in askers.items():
            finds(host, ask, "world.example", "REFUSED")
        assert "world.example" not in heard.read_text(), "the negative control: there is no way out"

        with way_out(lab):
            for host, ask in askers.items():
                finds(host, ask, "world.example", "198.51.100.7")
                assert "2001:db8::7" in ask("-type=aaaa world.example")
                assert "NXDOMAIN" in ask("nobody.example")
                assert f"asker.{ZONE}" in ask(f"asker.{ZONE}"), "ours go on"
                assert "NXDOMAIN" in ask(f"nobody.{ZONE}"), "and what is not there is not waited for"
            assert "2001:db8::7" in askers[h1](f"-type=aaaa world.example {ASKED6}"), "asked by IPv6, too"
            assert question(h1, "asker", "large.example", "udp") == "0 cut 0"
            assert question(h1, "asker", "large.example", "tcp") == "0 whole 8"
            assert question(h1, "asker", f"asker.{ZONE}", "tcp") == "0 whole 0", "it exists, without texts"
            _policy_keeps_from_asking(lab, h1)
            _an_agent_that_is_killed_answers_in_its_next_life(h1, askers[h1])
    finally:
        domain.destroy()
        domain.undefine()
    assert [name for name in heard.read_text().split() if "internal" in name or "." not in name] == []


def _policy_keeps_from_asking(lab: Lab, h1: LabHost) -> None:
    story.weft(lab, "policy", "create", "unasked", "--order", "1")
    try:
        for protocol in ("udp", "tcp"):
            rule = ("--direction", "egress", "--action", "reject", "--service", f"{protocol}/53")
            story.weft(lab, "policy", "rule", "add", "unasked", *rule, "--wait")
        for protocol in ("udp", "tcp"):
            assert "refused" in question(h1, "asker", "large.example", protocol)
    finally:
        story.weft(lab, "policy", "delete", "unasked", "--wait")


def _an_agent_that_is_killed_answers_in_its_next_life(h1: LabHost, ask: Callable[[str], str]) -> None:
    life.stop_agent(h1, signal.SIGKILL)
    try:
        assert "10.94.0." in ask(f"-type=a asker.{ZONE}"), "names of ports are OVN's to answer"
    finally:
        life.run_agent(h1)
    finds(h1, ask, "world.example", "198.51.100.7")


def finds(host: LabHost, ask: Callable[[str], str], asked: str, found: str) -> None:
    """Wait until asking for a name on a host brings this."""
    what = f"{asked} to be {found} on {host.name}"
    until(lambda: found in ask(asked), what, timeout_s=60, log=host.logs / "weft-agent.log")


def machine_asks(domain: Domain, asked: str) -> str:
    """What `nslookup` with these arguments prints on a machine, of whoever DHCP named."""
    return domain.try_run(f"nslookup {asked}")[1]


def container_asks(host: LabHost, container: str, asked: str) -> str:
    """What `nslookup` with these arguments prints in a container, of whoever its resolv.conf names."""
    done = try_on(host, "docker", "exec", container, "nslookup", *asked.split())
    return done.stdout + done.stderr


def question(host: LabHost, container: str, name: str, protocol: str) -> str:
    """What comes of asking for the texts of a name from where a container is."""
    pid = run_on(host, "docker", "inspect", "-f", "{{.State.Pid}}", container).strip()
    inside = ("nsenter", f"--target={pid}", "--net", sys.executable, PROGRAM, "ask", ASKED, name, protocol)
    done = try_on(host, *inside)
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]
