"""A host that claims what is not its own: what OVN prevents, and the alarm on what it does not."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.system.test_trust import sbctl

from weft.lab import life, network, story
from weft.lab.layout import Lab, LabHost
from weft.lab.processes import run_on, try_on, until

pytestmark = pytest.mark.long


@pytest.fixture
def victim(lab: Lab, h1: LabHost, h2: LabHost) -> Iterator[str]:
    """The id of a container's port on h1; `bb` on h2 talks to it."""
    story.run_container(h1, "aa", "DockerSN")
    story.run_container(h2, "bb", "DockerSN")
    story.wait_until_up(lab, "aa", "bb")
    port_id = story.ports(lab)["aa"]["id"]
    yield port_id
    try_on(h2, "ovs-vsctl", "--if-exists", "del-port", "br-int", "thief")


def status(lab: Lab) -> dict[str, Any]:
    found: dict[str, Any] = story.ports(lab)["aa"]["status"]
    return found


def binding(lab: Lab, port_id: str) -> str:
    """The chassis that has the port, as the Southbound database says."""
    sb = ("ovn-sbctl", "--timeout=10", "--bare")
    held = run_on(
        lab.central, *sb, "--columns=chassis", "find", "Port_Binding", f"logical_port={port_id}"
    ).strip()
    return run_on(lab.central, *sb, "--columns=name", "list", "Chassis", held).strip() if held else ""


def steal(thief: LabHost, port_id: str) -> None:
    """What a stolen certificate of `thief` can do, and OVN does not refuse."""
    own = sbctl(thief, "--bare", "--columns=_uuid", "find", "Chassis", f"name={thief.name}").strip()
    row = sbctl(thief, "--bare", "--columns=_uuid", "find", "Port_Binding", f"logical_port={port_id}").strip()
    assert sbctl(thief, "set", "Port_Binding", row, f"chassis={own}") == ""


def metric(lab: Lab, name: str) -> float:
    """A number of /metrics; 0 while nothing was counted."""
    script = (
        "import ssl, sys, urllib.request as u; context = ssl.create_default_context(cafile=sys.argv[2]); "
        "print(u.urlopen(sys.argv[1], context=context).read().decode())"
    )
    shown = run_on(lab.central, "python3", "-c", script, f"{lab.server_url}/metrics", str(life.CA))
    found = (line.removeprefix(f"{name} ") for line in shown.splitlines() if line.startswith(f"{name} "))
    return sum(map(float, found))


def claims(lab: Lab, host: str) -> float:
    """How many claims by `host` of other hosts' ports were seen."""
    return metric(lab, f'weft_claims_by_strangers_total{{host="{host}"}}')


def test_a_second_interface_with_a_ports_id_does_not_get_the_port(lab: Lab, h2: LabHost, victim: str) -> None:
    """requested-chassis is set on every bound port, and an honest ovn-controller obeys it."""
    before = claims(lab, "h2")
    assert "requested-chassis=h1" in run_on(
        lab.central, "ovn-nbctl", "get", "Logical_Switch_Port", victim, "options"
    ).replace('"', "")

    run_on(
        h2,
        *("ovs-vsctl", "add-port", "br-int", "thief"),
        *("--", "set", "Interface", "thief", "type=internal", f"external_ids:iface-id={victim}"),
    )
    log = h2.logs / "ovn" / "ovn-controller.log"
    until(lambda: f"Not claiming lport {victim}" in log.read_text(), "h2 to refuse", timeout_s=20, log=log)

    assert binding(lab, victim) == "h1"
    assert story.pings(h2, "bb", story.address_of(lab, "aa"))
    assert (status(lab)["state"], status(lab)["reason"], claims(lab, "h2")) == ("up", "", before)


def test_a_stolen_binding_is_an_alarm_until_its_host_has_it_back(
    lab: Lab, h1: LabHost, h2: LabHost, victim: str
) -> None:
    """Neither the thief's ovn-controller lets go of the port nor its host's takes it, while both are away."""
    before = claims(lab, "h2")
    revision = metric(lab, "weft_revision")
    for host in (h1, h2):
        run_on(host, "ovn-appctl", "-t", "ovn-controller", "exit", "--restart")

    steal(h2, victim)

    until(lambda: status(lab)["state"] == "failed", "the alarm", timeout_s=10)
    assert "host h2 claims port aa" in status(lab)["reason"]
    assert claims(lab, "h2") == before + 1
    assert "port claimed by a stranger" in (lab.central.logs / "weft-server.log").read_text()

    for host in (h1, h2):
        network.run_controller(host)
    until(lambda: status(lab)["state"] == "up", "its host to have it back", timeout_s=20)
    assert binding(lab, victim) == "h1"
    assert "host h2 claimed port aa" in status(lab)["reason"]
    assert story.pings(h2, "bb", story.address_of(lab, "aa"))
    until(lambda: status(lab)["reason"] == "", "the alarm to end", timeout_s=60)
    assert metric(lab, "weft_revision") == revision, "nothing declared was touched"


def test_a_theft_that_is_over_in_a_moment_is_seen_too(lab: Lab, h2: LabHost, victim: str) -> None:
    """ovn-controller on the right host claims the port back at once."""
    before = claims(lab, "h2")

    def stolen_and_noticed() -> bool:
        steal(h2, victim)
        return claims(lab, "h2") > before

    until(stolen_and_noticed, "a claim to be counted", timeout_s=20)

    until(lambda: binding(lab, victim) == "h1", "h1 to have it back", timeout_s=10)
    until(lambda: status(lab)["state"] == "up", "the port to be up", timeout_s=10)
    assert "host h2 claimed port aa" in status(lab)["reason"]
