"""A tenant reaches its host through OVN or not at all, and the host's own traffic passes as before."""

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from weft.agent.guard import TABLE
from weft.lab import life, story
from weft.lab.dockerd import IMAGE
from weft.lab.layout import Lab, LabHost
from weft.lab.network import kernel_has_openvswitch
from weft.lab.processes import local, run_on, signal_on, start_on, stop_on, try_on, until

pytestmark = pytest.mark.skipif(kernel_has_openvswitch(), reason="the kernel's datapath needs no guard")

TABLES = (("inet", TABLE), ("arp", TABLE))
SERVICE = 9022
MANAGEMENT = "10.78.0"


def guarded(host: LabHost) -> bool:
    return all(try_on(host, "nft", "list", "table", *table).returncode == 0 for table in TABLES)


def drop_guard(host: LabHost) -> None:
    for table in TABLES:
        run_on(host, "nft", "delete", "table", *table)


@contextmanager
def unguarded(host: LabHost) -> Iterator[None]:
    """The same host without the guard; the agent is held still, so that it does not put it back."""
    kept = "".join(run_on(host, "nft", "list", "table", *table) for table in TABLES)
    signal_on(host, "weft-agent", signal.SIGSTOP)
    drop_guard(host)
    try:
        yield
    finally:
        run_on(host, "nft", "-f", "-", stdin=kept)
        signal_on(host, "weft-agent", signal.SIGCONT)


@pytest.fixture
def service(h1: LabHost) -> Iterator[int]:
    """What any daemon of the host is, SSH's for one: a TCP server on every address."""
    start_on(h1, "service", ["busybox", "httpd", "-f", "-p", f"[::]:{SERVICE}", "-h", "/usr/share"])
    until(lambda: answers(h1, f"[::1]:{SERVICE}"), "the service to listen", timeout_s=5)
    yield SERVICE
    stop_on(h1, "service")


@pytest.fixture
def tenant(lab: Lab, h1: LabHost) -> str:
    """A container that may shape its frames as it likes."""
    story.run_container(h1, "liar", "DockerSN", "--cap-add", "NET_ADMIN", "--cap-add", "NET_RAW")
    story.wait_until_up(lab, "liar")
    return "liar"


def answers(host: LabHost, at: str) -> bool:
    return try_on(host, *web_request(at)).stdout.startswith("HTTP/")


def web_request(at: str) -> tuple[str, ...]:
    return ("curl", "-gsi", "--noproxy", "*", "-m3", f"http://{at}/")


def inside(host: LabHost, container: str, *argv: str) -> tuple[str, ...]:
    """The host's own tools in the container's network."""
    pid = run_on(host, "docker", "inspect", "-f", "{{.State.Pid}}", container).strip()
    return ("nsenter", "-t", pid, "-n", "--", *argv)


def host_end(host: LabHost) -> tuple[str, str]:
    """The name and the MAC of the only host's end of a pair."""
    device = re.findall(r"\bwf[0-9a-f]+\b", run_on(host, "ovs-vsctl", "list-ports", "br-int"))[0]
    return device, run_on(host, "cat", f"/sys/class/net/{device}/address").strip()


def forwarded(host: LabHost) -> int:
    return int(run_on(host, "nstat", "-asz", "IpForwDatagrams").split()[-2])


def test_the_host_does_not_answer_a_tenants_arp(h1: LabHost, tenant: str) -> None:
    asks = ("docker", "exec", tenant, "arping", "-c", "2", "-w", "2", "-I", "eth0", str(h1.address))
    with unguarded(h1):
        control = try_on(h1, *asks).stdout
    assert "Unicast reply" in control

    assert "Unicast reply" not in try_on(h1, *asks).stdout


def test_a_tenant_does_not_reach_the_hosts_services_over_link_local_addresses(
    h1: LabHost, tenant: str, service: int
) -> None:
    run_on(h1, *inside(h1, tenant, "sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=0"))
    # The host's end has no address of its own; a tap of somebody else's may.
    run_on(h1, "ip", "addr", "add", "fe80::77/64", "dev", host_end(h1)[0], "nodad")
    asks = inside(h1, tenant, *web_request(f"[fe80::77%25eth0]:{service}"))
    with unguarded(h1):
        until(lambda: try_on(h1, *asks).stdout.startswith("HTTP/"), "the control", timeout_s=10)

    assert not try_on(h1, *asks).stdout.startswith("HTTP/")


def test_a_tenant_cannot_use_its_host_as_a_router(lab: Lab, h1: LabHost, tenant: str) -> None:
    elsewhere, mac = str(lab.central.address), host_end(h1)[1]
    run_on(h1, *inside(h1, tenant, "ip", "route", "add", elsewhere, "dev", "eth0"))
    run_on(h1, *inside(h1, tenant, "ip", "neigh", "replace", elsewhere, "lladdr", mac, "dev", "eth0"))
    sends = inside(h1, tenant, "ping", "-c", "3", "-i", "0.2", "-W", "1", elsewhere)
    with unguarded(h1):
        before = forwarded(h1)
        try_on(h1, *sends)
        assert forwarded(h1) - before == 3, "the control: an engine made the host a router"
    before = forwarded(h1)

    try_on(h1, *sends)

    assert forwarded(h1) == before


def test_a_machines_tap_is_guarded_like_a_containers_pair(lab: Lab, h2: LabHost) -> None:
    domain, _ = story.run_guest(h2, "vm1", "DockerSN")
    story.wait_until_up(lab, "vm1")
    asks = f"arping -c 2 -w 2 -I eth0 {h2.address}"
    with unguarded(h2):
        control = domain.try_run(asks)[1]

    said = domain.try_run(asks)[1]

    assert "Unicast reply" in control
    assert "Unicast reply" not in said


def test_the_uplink_answers_arp_once_and_for_its_bridge_alone(lab: Lab, h1: LabHost) -> None:
    asks = ("busybox", "arping", "-c", "1", "-w", "1", "-I", "eth0", str(h1.address))

    def macs() -> set[str]:
        return set(re.findall(r"\[([0-9a-f:]+)\]", try_on(lab.central, *asks).stdout))

    bridge = run_on(h1, "cat", "/sys/class/net/br-phys/address").strip()
    with unguarded(h1):
        until(lambda: len(macs()) == 2, "the control: the uplink's own MAC in an answer", timeout_s=10)

    assert macs() == {bridge}


def test_the_hosts_services_are_reached_over_its_uplink(lab: Lab, h1: LabHost, service: int) -> None:
    assert guarded(h1)

    assert answers(lab.central, f"{h1.address}:{service}")


def test_the_hosts_services_are_reached_over_a_management_card(lab: Lab, h1: LabHost, service: int) -> None:
    operator = f"{lab.prefix}operator"
    local("ip", "netns", "add", operator)
    card = ("link", "add", "name", "mgmt0", "type", "veth", "peer", "name", "mgmt0", "netns", operator)
    local("ip", "-n", h1.namespace, *card)
    for number, namespace in ((1, h1.namespace), (2, operator)):
        local("ip", "-n", namespace, "addr", "add", f"{MANAGEMENT}.{number}/24", "dev", "mgmt0")
        local("ip", "-n", namespace, "link", "set", "dev", "mgmt0", "up")

    try:
        said = local("ip", "netns", "exec", operator, *web_request(f"{MANAGEMENT}.1:{service}"))
    finally:
        local("ip", "netns", "del", operator)

    assert guarded(h1)
    assert said.startswith("HTTP/")


def test_a_stock_engines_published_ports_are_reached_from_other_hosts(lab: Lab, h1: LabHost) -> None:
    server = (IMAGE, "/bin/httpd", "-f", "-p", "80", "-h", "/etc")
    run_on(h1, "docker", "run", "-d", "--name", "shop", "-p", "8080:80", *server)
    assert guarded(h1)

    until(lambda: answers(lab.central, f"{h1.address}:8080"), "the published port to answer", timeout_s=10)


def test_containers_on_a_stock_bridge_reach_other_hosts(lab: Lab, h1: LabHost) -> None:
    start_on(lab.central, "service", ["busybox", "httpd", "-f", "-p", str(SERVICE), "-h", "/usr/share"])
    assert guarded(h1)
    script = f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 3 {lab.central.address} {SERVICE}"

    said = run_on(h1, "docker", "run", "--rm", IMAGE, "sh", "-c", script)

    stop_on(lab.central, "service")
    assert said.startswith("HTTP/")


def test_the_guard_stays_when_the_agent_ends_and_comes_back_when_it_was_deleted(h1: LabHost) -> None:
    life.stop_agent(h1)
    try:
        assert guarded(h1)
        drop_guard(h1)
    finally:
        life.run_agent(h1)
    assert guarded(h1), "it is there before the agent is ready"

    drop_guard(h1)

    until(lambda: guarded(h1), "the agent to put it back", timeout_s=30)
