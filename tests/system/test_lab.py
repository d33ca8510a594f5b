"""The lab is a data centre, and it leaves no trace."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path
from uuid import uuid4

import pytest
from tests.support.eventually import eventually
from tests.system.labs import lab_beside
from tests.system.wiring import dhcp, logical_port

from weft.lab import story
from weft.lab.claim import claim, release
from weft.lab.domain import Card
from weft.lab.endpoint import Endpoint, endpoint, remove
from weft.lab.layout import ARTICLE, HostSpec, Lab
from weft.lab.life import default_lab, down, up
from weft.lab.namespaces import remains
from weft.lab.processes import local, run_on, start_on, stop_on, try_on

GUEST = IPv4Address("192.168.200.9")
PUBLISHED = "http://10.77.0.11:8080/"
GUEST_MAC = "02:00:00:00:02:09"


def wired(lab: Lab, host: str, last: int) -> Endpoint:
    address, mac, port_id = IPv4Address(f"192.168.200.{last}"), f"02:00:00:00:02:{last:02x}", uuid4()
    logical_port(lab, "lab-test", port_id, mac, address)
    return endpoint(lab.host(host), port_id, mac, address, 24)


def fetch(here: Endpoint, address: IPv4Address) -> str:
    return here.try_run("curl", "-sS", "--noproxy", "*", "-m3", f"http://{address}/").stdout


@pytest.fixture(scope="module")
def bare() -> Iterator[Lab]:
    """The article's two hosts without Weft, next to whatever lab somebody works with."""
    lab = lab_beside("bare", *ARTICLE)
    up(lab, weft=False)
    yield lab
    down(lab)


@pytest.fixture(scope="module")
def pair(bare: Lab) -> Iterator[tuple[Endpoint, Endpoint]]:
    """An endpoint on each host, the second serving HTTP."""
    here, there = wired(bare, "h1", 2), wired(bare, "h2", 3)
    there.serve()
    yield here, there
    remove(here)
    remove(there)


def test_endpoints_on_two_hosts_ping_across_the_tunnel(pair: tuple[Endpoint, Endpoint]) -> None:
    here, there = pair

    eventually(lambda: here.try_run("ping", "-c1", "-W1", str(there.address)).returncode == 0)


def test_endpoints_on_two_hosts_speak_tcp_across_the_tunnel(pair: tuple[Endpoint, Endpoint]) -> None:
    here, there = pair

    assert eventually(lambda: fetch(here, there.address)) == f"{there.address}\n"


def test_what_crosses_the_underlay_is_vxlan(bare: Lab, pair: tuple[Endpoint, Endpoint]) -> None:
    here, there = pair
    capture = ["tcpdump", "-lnni", "eth0", "-c2", "udp", "port", "4789"]
    start_on(bare.host("h2"), "tcpdump", capture)

    eventually(lambda: here.try_run("ping", "-c3", "-i0.2", str(there.address)).returncode == 0)

    log = bare.host("h2").logs / "tcpdump.log"
    eventually(lambda: "10.77.0.11" in log.read_text() and "VXLAN" in log.read_text())


def test_a_guest_takes_its_address_by_dhcp_and_speaks_tcp(bare: Lab, pair: tuple[Endpoint, Endpoint]) -> None:
    here, there = pair
    host, port_id = bare.host("h2"), uuid4()
    logical_port(bare, "lab-test", port_id, GUEST_MAC, GUEST)
    dhcp(bare, port_id, "192.168.200.0/24", IPv4Address("192.168.200.1"))
    domain = story.machine(host, "vm1", Card(port_id=port_id, mac=GUEST_MAC))

    domain.create()

    assert domain.address() == str(GUEST)
    assert fetch(here, GUEST) == f"{GUEST}\n"
    assert domain.run(f"/bin/wget -T5 -qO- http://{there.address}/") == f"{there.address}\n"
    domain.destroy()


def test_a_container_runs(bare: Lab) -> None:
    host = bare.host("h1")

    said = run_on(host, "docker", "run", "--rm", "--network=none", "weft/busybox", "echo", "hello")

    assert said == "hello\n"


OTHER = f"{default_lab().name[:6]}x2"


@pytest.fixture
def other() -> Iterator[Lab]:
    """A lab that lives next to the one of the other tests."""
    lab = Lab(
        root=Path(f"/var/lib/{OTHER}-lab"),
        cache=Path("/var/cache/weft-lab"),
        hosts=(HostSpec("d1", docker=True, stock=True, libvirt=True),),
        prefix=f"{OTHER}-",
    )
    yield lab
    down(lab)


def test_a_stock_docker_engine_publishes_on_its_own_bridge(other: Lab) -> None:
    up(other, weft=False)
    host = other.host("d1")

    run_on(host, "docker", "run", "-d", "--name", "web", "-p", "8080:80", "weft/busybox", "httpd", "-f")

    assert "docker0" in run_on(host, "ip", "link", "show")
    inside = ("docker", "exec", "web", "wget", "-qO-", "http://127.0.0.1/")
    eventually(lambda: "404" in try_on(host, *inside).stderr)
    eventually(lambda: "404" in try_on(host, "curl", "-si", "--noproxy", "*", "-m3", PUBLISHED).stdout)


def test_a_lab_that_was_taken_down_leaves_nothing(other: Lab) -> None:
    up(other, weft=False)
    run_on(other.host("d1"), "docker", "run", "-d", "weft/busybox", "sleep", "1000")

    down(other)

    assert remains(other) == []


def test_a_lab_whose_engine_was_killed_leaves_nothing_either(other: Lab) -> None:
    up(other, weft=False)
    host = other.host("d1")
    run_on(host, "docker", "run", "-d", "weft/busybox", "sleep", "1000")
    stop_on(host, "dockerd", signal.SIGKILL)

    down(other)

    assert remains(other) == []


def weft_lab(*argv: str) -> "subprocess.CompletedProcess[str]":
    """The command as a person types it, about the lab `other`."""
    line = ["env", f"WEFT_LAB_NAME={OTHER}", sys.executable, "-m", "weft.cli", "lab", *argv]
    return subprocess.run(line, capture_output=True, text=True, timeout=200, check=False)


@pytest.fixture
def nothing_of_it(other: Lab) -> Iterator[None]:
    """Whatever a test typed, nothing stays."""
    yield
    weft_lab("down")
    assert remains(other) == []


@pytest.mark.usefixtures("nothing_of_it")
def test_the_command_line_makes_as_many_hosts_as_it_is_told(other: Lab) -> None:
    asked = ("--host", "a1:docker", "--host", "a2", "--host", "a3:libvirt", "--bare")
    raised = weft_lab("up", *asked)
    shown = {host["name"]: host for host in json.loads(weft_lab("status", "-o", "json").stdout)}
    inside = weft_lab("exec", "a2", "ip", "-br", "addr", "show", "br-phys")
    ended = weft_lab("down")

    assert (raised.stderr, raised.stdout) == ("", f"the lab {OTHER} is up\n")
    assert {name: host["kinds"] for name, host in shown.items()} == {
        "central": [],
        "a1": ["docker"],
        "a2": [],
        "a3": ["libvirt"],
    }
    assert {"dockerd", "ovn-controller"} <= set(shown["a1"]["daemons"])
    assert "dockerd" not in shown["a2"]["daemons"]
    assert "libvirtd" in shown["a3"]["daemons"]
    assert f"{shown['a2']['address']}/24" in inside.stdout
    assert ended.stdout == f"the lab {OTHER} is down\n"
    assert remains(other) == []


@pytest.fixture
def strange() -> Iterator[str]:
    """A network namespace of somebody else, whose name begins as the lab's."""
    name = f"{OTHER}strange"
    local("ip", "netns", "add", name)
    yield name
    local("ip", "netns", "del", name)


@pytest.mark.usefixtures("nothing_of_it")
def test_a_lab_that_was_killed_half_way_is_cleared_and_nothing_else_is(other: Lab, strange: str) -> None:
    line = ["env", f"WEFT_LAB_NAME={OTHER}", sys.executable, "-m", "weft.cli", "lab", "up", "--hosts", "2"]
    with subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as killed:
        eventually((other.root / "h2" / "run" / "openvswitch" / "db.sock").exists, within_s=60)
        killed.kill()
    assert len(remains(other)) > 10

    raised = weft_lab("up", "--host", "b1", "--bare")

    names = [line.split()[0] for line in local("ip", "netns", "list").splitlines() if line.strip()]
    assert raised.returncode == 0, raised.stderr
    assert {name for name in names if name.startswith(OTHER)} == {
        strange,
        *(f"{OTHER}-{name}" for name in ("underlay", "central", "b1")),
    }


def test_a_lab_that_another_process_works_with_is_refused(other: Lab) -> None:
    claim(other)

    refused = [weft_lab(verb) for verb in ("up", "down")]

    release(other)
    assert [done.returncode for done in refused] == [1, 1]
    assert all(f"process {os.getpid()} works with the lab {OTHER}" in done.stderr for done in refused)


CGROUPS_2_ONLY = """
umount -R -l /sys/fs/cgroup
mount -t cgroup2 none /sys/fs/cgroup
"$@" up --host d1:docker --bare >&2
"$@" exec d1 docker info -f '{{.CgroupVersion}}'
"$@" exec d1 docker run -d --name asleep weft/busybox sleep 1000 >&2
find /sys/fs/cgroup/$LAB-d1 -mindepth 1 -type d | wc -l
"$@" exec d1 sh -c 'kill -9 $(cat /run/docker.pid)'
"$@" down >&2
ls /sys/fs/cgroup | grep -c "^$LAB-" || true
"""
"""As on a machine that has nothing else: a mount namespace in which only version 2 is mounted."""


@pytest.mark.usefixtures("nothing_of_it")
def test_with_version_2_of_control_groups_alone_an_engine_runs_and_nothing_of_it_stays() -> None:
    # On one processor: Linux 6.18 numbers namespaces by processor, and takes a host's for older than ours.
    enter = ["taskset", "-c", "0", "env", f"WEFT_LAB_NAME={OTHER}", f"LAB={OTHER}"]
    enter += ["unshare", "-m", "--propagation", "private"]
    weft = [sys.executable, "-m", "weft.cli", "lab"]

    done = subprocess.run(
        [*enter, "sh", "-ec", CGROUPS_2_ONLY, "sh", *weft],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["2", "1", "0"]
