"""A server in use becomes a host and stops being one; what ran there before notices neither.

The machine runs systemd and Debian's own services: Docker as it comes, with a published container; Open
vSwitch with a bridge of its own; libvirt with a network of its own.
"""

import difflib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pprint import pformat

import pytest
from tests.support.eventually import eventually
from tests.system.labs import lab_beside

from weft.host.unitfiles import Programs
from weft.lab import life, story
from weft.lab.layout import HostSpec, Lab, LabHost
from weft.lab.processes import run_on, try_on

WEFT = str(Programs.installed().scripts / "weft")
PUBLISHED = "http://10.77.0.11:8080/hosts"
OFFICE = """<network><name>office</name><forward mode='nat'/><bridge name='virbr7'/>
<dns enable='no'/><ip address='192.168.77.1' netmask='255.255.255.0'/></network>"""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    machine = HostSpec("m1", docker=True, libvirt=True, machine=True)
    lab = lab_beside("mc", machine, HostSpec("h2", docker=True))
    life.up(lab)
    story.weft(lab, "network", "create", "DockerSN", "--subnet", "192.168.200.0/24")
    yield lab
    life.down(lab)


@pytest.fixture(scope="module")
def in_use(lab: Lab) -> LabHost:
    """The machine before anybody thinks of Weft, with all that it is used for."""
    host = lab.host("m1")
    run_on(host, "docker", "run", "-d", "--restart=always", "--name", "shop", "-p", "8080:80", *httpd())
    run_on(
        host, "ovs-vsctl", "add-br", "br-theirs", "--", "set", "bridge", "br-theirs", "datapath_type=netdev"
    )
    run_on(host, "ovs-vsctl", "set", "Open_vSwitch", ".", "external_ids:theirs=kept")
    run_on(host, "virsh", "-q", "net-define", "/dev/stdin", stdin=OFFICE)
    run_on(host, "virsh", "-q", "net-start", "office")
    # With each network that it makes, of whatever driver, Docker moves its jump to DOCKER-USER to the top
    # of FORWARD, before those that libvirt has put there.
    run_on(host, "docker", "network", "create", "backend")
    # Debian's ovn-controller makes its bridge as soon as it runs, whether it has a remote or not.
    eventually(lambda: works(host) == {} and "br-int" in run_on(host, "ovs-vsctl", "list-br").split())
    return host


def httpd() -> tuple[str, ...]:
    return ("weft/busybox", "httpd", "-f", "-p", "80", "-h", "/etc")


def works(host: LabHost) -> dict[str, str]:
    """What does not work of all that the machine was used for; it is used from another machine, too."""
    probes = {
        "a published port, from another machine": (
            host.lab.host("h2"),
            ("curl", "-fsS", "-m3", "--noproxy", "*", PUBLISHED),
        ),
        "a container on Docker's bridge reaches out": (
            host,
            ("docker", "exec", "shop", "ping", "-c1", "-W2", "10.77.0.12"),
        ),
        "libvirt's network": (host, ("ping", "-c1", "-W2", "192.168.77.1")),
        "their bridge": (host, ("ovs-vsctl", "br-exists", "br-theirs")),
        "the way to other machines": (host, ("ping", "-c1", "-W2", "10.77.0.10")),
    }
    done = {what: try_on(place, *argv) for what, (place, argv) in probes.items()}
    return {what: f"{one.stdout}{one.stderr}" for what, one in done.items() if one.returncode != 0}


@dataclass(frozen=True)
class Looks:
    """The machine as its administrator sees it."""

    switch: object
    firewall: str
    links: frozenset[str]
    files: tuple[str, ...]
    units: str
    started: str
    networks: str


def looks(host: LabHost) -> Looks:
    ids = json.loads(run_on(host, "ovs-vsctl", "--format=json", "list", "Open_vSwitch"))
    row = dict(zip(ids["headings"], ids["data"][0], strict=True))
    for counted in ("_uuid", "bridges", "cur_cfg", "next_cfg", "statistics", "ssl", "datapaths"):
        row.pop(counted)
    ssl = run_on(host, "ovs-vsctl", "get-ssl")
    shown = [line for line in run_on(host, "ovs-vsctl", "show").splitlines()[1:] if "ovs_version" not in line]
    bridges = sorted(
        bridge.strip() for bridge in "\n".join(shown).split("    Bridge ")
    )  # shown in random order
    links = json.loads(run_on(host, "ip", "-j", "link"))
    where = (
        "/etc/weft",
        "/etc/ovn",
        "/etc/openvswitch/system-id.conf",
        "/var/lib/weft",
        "/run/docker/plugins",
    )
    listed = try_on(host, "find", *where, "/etc/systemd/system", "-not", "-type", "d").stdout
    return Looks(
        switch=(row, ssl, bridges),
        firewall=run_on(host, "nft", "--stateless", "list", "ruleset"),
        links=frozenset(link["ifname"] for link in links),
        files=(*sorted(listed.splitlines()), run_on(host, "cat", "/etc/openvswitch/system-id.conf")),
        units=run_on(host, "systemctl", "list-unit-files", "--no-legend", "ovn*", "weft*", "docker*"),
        started=run_on(host, "docker", "inspect", "-f", "{{.State.StartedAt}}", "shop"),
        networks=run_on(host, "docker", "network", "ls", "--format", "{{.Name}} {{.Driver}}")
        + run_on(host, "virsh", "net-list", "--all"),
    )


def differences(before: Looks, after: Looks) -> list[str]:
    """Line by line, what is not as it was."""
    then, now = (
        [f"{name}: {line}" for name, value in asdict(looked).items() for line in pformat(value).splitlines()]
        for looked in (before, after)
    )
    return [line for line in difflib.unified_diff(then, now, lineterm="", n=0) if not line.startswith("@@")]


def join(host: LabHost) -> str:
    token = story.weft(host.lab, "host", "token", host.name)["token"]
    return run_on(host, WEFT, "host", "join", token)


def leave(host: LabHost, *options: str) -> str:
    return run_on(host, WEFT, "host", "leave", *options)


def found_by_doctor(host: LabHost) -> list[str]:
    """The cures of what is wrong, notes aside."""
    found = json.loads(try_on(host, WEFT, "doctor", "-o", "json").stdout)
    return [finding["cure"] for finding in found if finding["severity"] != "note"]


def test_a_server_in_use_joins_is_used_and_leaves_as_it_was(lab: Lab, in_use: LabHost) -> None:
    before = looks(in_use)
    there = lab.host("h2")

    join(in_use)

    assert works(in_use) == {}
    eventually(lambda: "DockerSN" in run_on(in_use, "docker", "network", "ls"))
    run_on(in_use, "docker", "run", "-d", "--name", "native", "--net", "DockerSN", *httpd())
    story.run_container(there, "far", "DockerSN")
    story.wait_until_up(lab, "native", "far")
    assert story.fetches(in_use, "native", story.address_of(lab, "far"))
    assert story.fetches(there, "far", story.address_of(lab, "native"))
    assert works(in_use) == {}

    eventually(lambda: found_by_doctor(in_use) == [], within_s=30)
    run_on(in_use, "systemctl", "stop", "weft-agent-fallback.service")
    assert ["weft-agent-fallback.service" in cure for cure in found_by_doctor(in_use)] == [True]
    run_on(in_use, "systemctl", "start", "weft-agent-fallback.service")

    run_on(in_use, WEFT, "port", "plug", "by-hand", "--network", "DockerSN")
    refused = try_on(in_use, WEFT, "host", "leave")
    assert "native" in refused.stderr
    assert "by-hand" in refused.stderr
    run_on(in_use, WEFT, "port", "unplug", "by-hand")
    run_on(in_use, "docker", "rm", "-f", "native")
    leave(in_use)

    assert works(in_use) == {}
    assert "\n".join(differences(before, looks(in_use))) == ""
    assert "m1" not in [host["name"] for host in story.weft(lab, "host", "list")]
    chassis = run_on(lab.central, "ovn-sbctl", "--bare", "--columns=name", "list", "Chassis")
    assert chassis.split() == ["h2"]
    run_on(there, "docker", "rm", "-f", "far")
