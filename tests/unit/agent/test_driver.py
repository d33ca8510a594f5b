import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.fakes.runtime import WEB, FakeRuntime, FakeServer
from tests.fakes.vswitch import FakeLinks, FakeSwitch

from weft.agent.docker.driver import Driver
from weft.agent.docker.plugin import application
from weft.agent.docker.runtime import Container, DockerNetwork, Endpoint
from weft.agent.journal import Journal
from weft.agent.leases import Leases


class Engine:
    """Docker's side of the protocol: calls the plugin in Docker's order."""

    def __init__(self, folder: Path) -> None:
        self.runtime, self.server = FakeRuntime(), FakeServer()
        self.links, self.switch = FakeLinks(), FakeSwitch()
        self.runtime.docker_networks = [DockerNetwork(id="dn", name="web", driver="weft", weft_id=WEB.id)]
        self.driver = Driver(
            runtime=self.runtime,
            leases=Leases(self.server, "h1", Journal(folder / "attachments.json")),
            links=self.links,
            switch=self.switch,
            served=lambda: (WEB,),
            engine=lambda: "engine",
        )

    def create(self, name: str, **labels: str) -> None:
        self.runtime.put(
            Container(
                id=f"id-{name}",
                name=name,
                image="i",
                labels=labels,
                state="created",
                network_mode="web",
                endpoints={"web": Endpoint()},
            )
        )

    async def call(self, name: str, **body: object) -> Any:  # noqa: ANN401 - JSON
        transport = httpx.ASGITransport(application(self.driver))
        async with httpx.AsyncClient(transport=transport, base_url="http://plugin") as client:
            response = await client.post(f"/{name}", content=json.dumps(body))
        return response.json() if response.status_code == 200 else {"status": response.status_code}

    async def start(self, endpoint: str) -> Any:  # noqa: ANN401 - JSON
        given = await self.call("IpamDriver.RequestAddress", PoolID=WEB.id, Address="")
        if "Err" in given:
            return given
        interface = {"Address": given["Address"], "MacAddress": ""}
        made = await self.call(
            "NetworkDriver.CreateEndpoint", NetworkID="dn", EndpointID=endpoint, Interface=interface
        )
        joined = await self.call("NetworkDriver.Join", NetworkID="dn", EndpointID=endpoint)
        return {**given, **made, **joined}

    async def connect(self, name: str, endpoint: str) -> None:
        await self.driver.connected(self.runtime.connect(f"id-{name}", "web", endpoint))

    async def stop(self, name: str, endpoint: str, address: str) -> None:
        self.create(name)
        await self.call("NetworkDriver.Leave", NetworkID="dn", EndpointID=endpoint)
        await self.call("NetworkDriver.DeleteEndpoint", NetworkID="dn", EndpointID=endpoint)
        await self.call("IpamDriver.ReleaseAddress", PoolID=WEB.id, Address=address.partition("/")[0])


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path)


def test_activation_names_both_drivers_and_an_unknown_call_is_404(engine: Engine) -> None:
    async def claim() -> None:
        assert await engine.call("Plugin.Activate") == {"Implements": ["NetworkDriver", "IpamDriver"]}
        assert await engine.call("NetworkDriver.ProgramExternalConnectivity") == {"status": 404}

    asyncio.run(claim())


def test_a_pool_is_the_network_itself_and_its_gateway_is_answered_locally(engine: Engine) -> None:
    async def claim() -> None:
        pool = await engine.call("IpamDriver.RequestPool", Options={"weft.network": "web"}, V6=False)
        assert (pool["PoolID"], pool["Pool"]) == (WEB.id, "10.0.0.0/24")
        gateway = {"RequestAddressType": "com.docker.network.gateway"}
        answer = await engine.call("IpamDriver.RequestAddress", PoolID=WEB.id, Options=gateway)
        assert answer["Address"] == "10.0.0.1/24"
        assert engine.server.ports == {}

    asyncio.run(claim())


def test_a_single_candidate_is_identified_before_its_first_packet(engine: Engine) -> None:
    async def claim() -> None:
        engine.create("a", tier="front")
        answer = await engine.start("e1")
        (port,) = engine.server.ports.values()
        assert port.workload is not None
        assert (port.workload.id, port.labels, port.quarantined) == ("id-a", {"tier": "front"}, False)
        assert answer["Interface"] == {"MacAddress": port.mac}
        assert answer["InterfaceName"]["DstPrefix"] == "eth"
        assert answer["DisableGatewayService"] is True
        assert list(engine.switch.ports.values()) == [port.id]

    asyncio.run(claim())


def test_several_candidates_are_quarantined_until_the_connect_event(engine: Engine) -> None:
    async def claim() -> None:
        engine.create("a")
        engine.create("b", tier="back")
        await engine.start("e1")
        (port,) = engine.server.ports.values()
        assert port.quarantined
        assert port.workload is None
        await engine.connect("b", "e1")
        (port,) = engine.server.ports.values()
        assert not port.quarantined
        assert port.workload is not None
        assert (port.workload.id, port.labels) == ("id-b", {"tier": "back"})

    asyncio.run(claim())


def test_no_candidate_is_quarantined_too(engine: Engine) -> None:
    async def claim() -> None:
        await engine.start("e1")
        (port,) = engine.server.ports.values()
        assert port.quarantined

    asyncio.run(claim())


def test_a_wrong_guess_is_corrected_by_the_connect_event(engine: Engine) -> None:
    async def claim() -> None:
        engine.create("a")
        await engine.start("e1")
        engine.create("b")
        await engine.connect("b", "e1")
        (port,) = engine.server.ports.values()
        assert port.workload is not None
        assert port.workload.id == "id-b"

    asyncio.run(claim())


def test_a_restart_keeps_the_address_under_a_new_endpoint_even_without_the_server(engine: Engine) -> None:
    async def claim() -> None:
        engine.create("a")
        first = await engine.start("e1")
        await engine.connect("a", "e1")
        await engine.stop("a", "e1", first["Address"])
        assert engine.switch.ports == {}
        engine.server.away = True
        again = await engine.start("e2")
        assert (again["Address"], again["Interface"]) == (first["Address"], first["Interface"])

    asyncio.run(claim())


def test_while_docker_itself_starts_the_journal_answers(engine: Engine) -> None:
    async def claim() -> None:
        engine.create("a")
        first = await engine.start("e1")
        await engine.connect("a", "e1")
        await engine.stop("a", "e1", first["Address"])
        engine.runtime.away = True
        assert (await engine.start("e2"))["Address"] == first["Address"]

    asyncio.run(claim())


def test_a_new_container_without_the_server_is_refused_in_a_sentence_with_its_url(engine: Engine) -> None:
    async def claim() -> None:
        engine.create("a")
        engine.server.away = True
        assert "https://weft.example:7443 does not answer" in (await engine.start("e1"))["Err"]

    asyncio.run(claim())


def test_a_port_that_ovn_does_not_install_is_unplugged_and_refused(engine: Engine) -> None:
    async def claim() -> None:
        engine.create("a")
        engine.switch.ovn_answers = False
        answer = await engine.start("e1")
        assert "has not installed" in answer["Err"]
        assert engine.switch.ports == {}
        assert engine.links.pairs == {}

    asyncio.run(claim())


def test_an_endpoint_that_never_had_an_owner_gives_its_address_back(engine: Engine) -> None:
    async def claim() -> None:
        first = await engine.start("e1")
        await engine.stop("x", "e1", first["Address"])
        assert engine.server.ports == {}

    asyncio.run(claim())


def test_unknown_endpoints_and_addresses_are_let_go_without_a_word(engine: Engine) -> None:
    async def claim() -> None:
        assert await engine.call("NetworkDriver.DeleteEndpoint", NetworkID="dn", EndpointID="e9") == {}
        assert await engine.call("NetworkDriver.Leave", NetworkID="dn", EndpointID="e9") == {}
        assert await engine.call("IpamDriver.ReleaseAddress", PoolID="old", Address="10.9.9.9") == {}

    asyncio.run(claim())


def test_another_ipam_driver_is_refused_with_the_options_to_use(engine: Engine) -> None:
    async def claim() -> None:
        data = [{"AddressSpace": "LocalDefault", "Pool": "172.18.0.0/16"}]
        answer = await engine.call("NetworkDriver.CreateNetwork", NetworkID="dn", IPv4Data=data)
        assert "--ipam-driver weft" in answer["Err"]

    asyncio.run(claim())
