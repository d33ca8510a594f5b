"""Virtual machines are told of themselves at 169.254.169.254, by their own host and nobody else."""

import json
import signal
from base64 import b64encode
from collections.abc import Iterator

import pytest

from weft.lab import life, story
from weft.lab.domain import Card, Domain
from weft.lab.layout import Lab, LabError, LabHost
from weft.lab.processes import run_on, until

NET = "vms"
USER_DATA = "#cloud-config\npackages: [nginx]\n"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUhA5 me@work"
SERVICE = "http://169.254.169.254"


@pytest.fixture
def network(lab: Lab) -> Iterator[None]:
    """A network whose policy lets nothing out."""
    body = ("--subnet", "10.66.0.0/24", "--metadata", "--default-egress", "drop")
    story.weft(lab, "network", "create", NET, *body)
    yield
    until(lambda: not _ports_on(lab), "the network's ports to be freed", timeout_s=60)
    life.weft_on_central(lab, "network", "delete", NET)


@pytest.fixture
def machine(network: None, h2: LabHost) -> Domain:
    del network
    said = f"<weft:ssh-key>{KEY}</weft:ssh-key><weft:user-data>{_base64(USER_DATA)}</weft:user-data>"
    metadata = f"<weft:endpoint xmlns:weft='urn:weft:libvirt:1'>{said}</weft:endpoint>"
    domain = story.machine(h2, "told", Card(network=NET), metadata=metadata)
    story.wait_for_libvirt_network(h2, NET)
    domain.define()
    domain.start()
    domain.address()
    return domain


def told(domain: Domain, path: str) -> str:
    """What the machine is answered; waited for, because its host hears of the machine first."""
    heard: list[str] = []

    def asked() -> bool:
        status, said = domain.try_run(f"/bin/wget -q -T 5 -O - {SERVICE}{path}")
        if status == 0:
            heard.append(said.strip())
        return status == 0

    until(asked, f"the machine to be told {path}", timeout_s=60, log=domain.host.logs / "weft-agent.log")
    return heard[-1]


@pytest.mark.usefixtures("network")  # before the host, whose containers have to go before it
def test_a_machine_configures_itself_and_nobody_else_reads_what_it_is_told(
    lab: Lab, h2: LabHost, machine: Domain
) -> None:
    assert told(machine, "/latest/meta-data/local-hostname") == "told"
    assert told(machine, "/latest/user-data") == USER_DATA.strip()
    openstack = json.loads(told(machine, "/openstack/latest/meta_data.json"))
    assert (openstack["uuid"], openstack["public_keys"]) == (str(machine.uuid), {"key-0": KEY})

    story.run_container(h2, "curious", NET, "--cap-add", "NET_ADMIN")
    story.wait_until_up(lab, "curious", timeout_s=60)
    run_on(h2, "docker", "exec", "curious", "ip", "route", "add", "169.254.169.254/32", "dev", "eth0")
    with pytest.raises(LabError, match="404"):
        run_on(
            h2, "docker", "exec", "curious", "/bin/wget", "-T", "5", "-O", "-", f"{SERVICE}/latest/user-data"
        )

    life.stop_agent(h2, signal.SIGKILL)
    life.run_agent(h2)
    assert told(machine, "/latest/user-data") == USER_DATA.strip(), "also after its agent was killed"

    machine.destroy()
    machine.undefine()
    until(lambda: not _stations(h2), "the last machine to take along who told it", timeout_s=60)


def _stations(host: LabHost) -> list[str]:
    return [one for one in run_on(host, "ovs-vsctl", "list-ports", "br-int").split() if one.startswith("wm")]


def _ports_on(lab: Lab) -> list[str]:
    return [name for name, port in story.ports(lab).items() if port["network"] == NET]


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()
