"""Names, with real questions: a machine and containers find each other, both ways, in both IP versions."""

from collections.abc import Callable, Iterator

import pytest
from tests.system.estate import Estate, await_docker_network, estate_of

from weft.lab import life, story
from weft.lab.layout import Lab, LabHost
from weft.lab.processes import run_on, try_on, until

NETWORK, ZONE = "named", "named.default.internal"
ASKED, ASKED6 = "169.254.53.53", "fd77:6566:7453::35"

Asker = Callable[[str], str]
"""What `nslookup` with these arguments prints, on a machine or in a container."""


@pytest.fixture
def estate(lab: Lab, h1: LabHost, h2: LabHost) -> Iterator[Estate]:
    """A network of both IP versions, with a router and no way out: nobody but OVN is there to be asked."""
    with estate_of(lab) as made:
        made.create("network", NETWORK, "--subnet", "10.93.0.0/24", "--subnet", "fd00:93::/64")
        made.create("router", "naming", "--network", NETWORK)
        for host in (h1, h2):
            await_docker_network(host, NETWORK)
        yield made
        life.weft_on_central(lab, "router", "detach", "naming", NETWORK)


@pytest.mark.usefixtures("estate")
def test_a_machine_and_containers_find_each_other_by_name(lab: Lab, h1: LabHost, h2: LabHost) -> None:
    story.run_container(h1, "label_led", NETWORK, "--dns", ASKED)
    story.run_native(h1, "native", NETWORK, "--dns", ASKED)
    story.run_native(h1, "neighbour", NETWORK)
    domain, _ = story.run_guest(h2, "db-1", NETWORK)
    try:
        story.wait_until_up(lab, "label_led", "native", "neighbour", "db-1")
        assert domain.run("cat /etc/resolv.conf").split() == ["search", ZONE, "nameserver", ASKED]
        known = {name.replace("_", "-"): addresses(lab, name) for name in ("label_led", "native", "db-1")}

        finds(lambda asked: domain.try_run(f"nslookup {asked}")[1], known)
        finds(asking(h1, "label_led"), known)
        del known["native"]  # whose address Docker's own resolver leads back, to Docker's own name for it
        finds(asking(h1, "native"), known)

        assert addresses(lab, "db-1")[1] in asking(h1, "native")(f"-type=aaaa db-1.{ZONE} {ASKED6}")
        docker = run_on(h1, "docker", "inspect", "-f", "{{json .NetworkSettings.Networks}}", "neighbour")
        beside = asking(h1, "native")("-type=a neighbour")
        assert addresses(lab, "neighbour")[0] in docker, "Docker knows it, too"
        assert addresses(lab, "neighbour")[0] in beside, "Docker's own names go on working"

        run_on(h1, "docker", "rm", "-f", "native")
        gone = f"-type=a native.{ZONE}"
        until(lambda: "Address: 10.93." not in asking(h1, "label_led")(gone), "the name to go", timeout_s=30)
    finally:
        domain.destroy()
        domain.undefine()


def asking(host: LabHost, container: str) -> Asker:
    """The questions of a container, of whom its resolv.conf names if they name nobody."""

    def ask(asked: str) -> str:
        return try_on(host, "docker", "exec", container, "nslookup", *asked.split()).stdout

    return ask


def finds(ask: Asker, known: dict[str, list[str]]) -> None:
    """Each of the names and the addresses leads to the other."""
    for name, (ip4, ip6) in known.items():
        called = f"{name}.{ZONE}"
        until(lambda c=called, a=ip4: a in ask(f"-type=a {c}"), f"{called} to be known", timeout_s=30)  # type: ignore[misc]
        assert ip4 in ask(f"-type=a {name.upper()}"), "short, in whatever case"
        assert ip6 in ask(f"-type=aaaa {called}")
        for address in (ip4, ip6):
            assert f"name = {called}" in ask(address), address


def addresses(lab: Lab, name: str) -> list[str]:
    """Those of a port, IPv4 first."""
    found = [str(ip["address"]) for ip in story.ports(lab)[name]["fixed_ips"]]
    return sorted(found, key=lambda address: ":" in address)
