"""Default routes follow the network's router, for those who run and are to have one."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.runtime import WEB, FakeRuntime
from tests.fakes.vswitch import FakeLinks

from weft.agent.attachment import Lease
from weft.agent.docker.routes import reroute
from weft.agent.docker.runtime import Container, DockerNetwork
from weft.agent.journal import Journal
from weft.client import Network
from weft.model.port import Workload

PORT, MAC, PID = "22222222-2222-4222-8222-222222222222", "02:00:00:00:00:02", 77
ROUTED = replace(WEB, router="r")


class Host:
    """A host on which container `a` runs with an endpoint on Docker network `dn`."""

    def __init__(self, folder: Path) -> None:
        self.runtime, self.links = FakeRuntime(), FakeLinks()
        self.journal = Journal(folder / "attachments.json")
        self.runtime.docker_networks = [DockerNetwork(id="dn", name="web", driver="weft", weft_id=WEB.id)]
        self.runtime.put(
            Container(id="a", name="a", image="i", labels={}, state="running", network_mode="web", pid=PID)
        )
        self.lease = Lease(
            port_id=PORT,
            network_id=WEB.id,
            network=WEB.name,
            project="default",
            mac=MAC,
            mtu=1400,
            prefixes=("10.0.0.2/24",),
            workload=Workload(runtime="docker", engine="engine", id="a"),
            endpoint="e1",
            docker_network="dn",
        )
        self.journal.keep(self.lease)

    def reroute(self, network: Network) -> None:
        asyncio.run(reroute(self.runtime, self.journal, self.links, [network]))


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_a_router_that_comes_leads_a_running_container_out_and_one_that_goes_does_not(host: Host) -> None:
    host.reroute(ROUTED)
    assert host.links.ways == {(PID, MAC): ("10.0.0.1",)}

    host.reroute(WEB)
    assert host.links.ways == {(PID, MAC): ()}


def test_a_container_on_an_internal_docker_network_is_led_nowhere(host: Host) -> None:
    (network,) = host.runtime.docker_networks
    host.runtime.docker_networks = [replace(network, internal=True)]

    host.reroute(ROUTED)

    assert host.links.ways == {}


def test_a_container_that_restarts_meanwhile_keeps_its_new_endpoint(host: Host) -> None:
    """The engine is asked in between, and the plugin's calls go on."""
    restarted = replace(host.lease, endpoint="e2")

    class Restarting(FakeRuntime):
        async def inspect(self, container_id: str) -> Container:
            shown = await super().inspect(container_id)
            host.journal.keep(restarted)
            return shown

    host.runtime = Restarting(host.runtime.listed, host.runtime.docker_networks)

    host.reroute(ROUTED)

    assert host.journal.leases() == (restarted,)


def test_a_container_that_is_removed_meanwhile_is_not_remembered_again(host: Host) -> None:
    class Removing(FakeRuntime):
        async def inspect(self, container_id: str) -> Container:
            shown = await super().inspect(container_id)
            host.journal.forget(PORT)
            return shown

    host.runtime = Removing(host.runtime.listed, host.runtime.docker_networks)

    host.reroute(ROUTED)

    assert host.journal.leases() == ()
