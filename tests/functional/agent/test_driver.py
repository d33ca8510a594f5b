import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.fakes.door import FakeDoor
from tests.fakes.runtime import WEB, FakeRuntime, FakeServer
from tests.fakes.vswitch import FakeLinks, FakeSwitch

from weft.agent.attachment import host_end
from weft.agent.docker.driver import Driver
from weft.agent.docker.endpoints import Endpoints
from weft.agent.docker.plugin import application, bind, server
from weft.agent.docker.pools import Pools
from weft.agent.docker.publisher import Publisher
from weft.agent.docker.runtime import Container, DockerNetwork, Endpoint, Owner
from weft.agent.door.hostports import HostPorts
from weft.agent.door.publishing import Publishing
from weft.agent.journal import Journal
from weft.agent.leases import Leases
from weft.agent.served import ServedNetworks


class Engine:
    """Docker's side of the protocol: calls the plugin in Docker's order, and locks what it starts."""

    def __init__(self, folder: Path) -> None:
        self.runtime, self.server = FakeRuntime(), FakeServer()
        self.links, self.switch = FakeLinks(), FakeSwitch()
        self.runtime.docker_networks = [DockerNetwork(id="dn", name="web", driver="weft", weft_id=WEB.id)]
        leases = Leases(self.server, "h1", Journal(folder / "attachments.json"))
        self.driver = Driver(
            endpoints=Endpoints(self.runtime, leases, engine=lambda: "engine"),
            leases=leases,
            links=self.links,
            switch=self.switch,
            pools=Pools(ServedNetworks(self.server, "h1")),
        )
        self.door, self.host_ports = FakeDoor(), HostPorts()
        self.publishing = Publishing(leases, self.host_ports, self.door)
        self.publisher = Publisher(self.driver.endpoints, self.publishing)

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
        transport = httpx.ASGITransport(application(self.driver, self.publisher))
        async with httpx.AsyncClient(transport=transport, base_url="http://plugin") as client:
            response = await client.post(f"/{name}", content=json.dumps(body))
        return response.json() if response.status_code == 200 else {"status": response.status_code}

    async def begin(self, name: str, endpoint: str, mac: str = "", **options: str) -> Any:  # noqa: ANN401 - JSON
        """As far as CreateEndpoint."""
        self.runtime.starting.add(f"id-{name}")
        given = await self.call("IpamDriver.RequestAddress", PoolID=WEB.id, Address="")
        if "Err" in given:
            return given
        interface = {"Address": given["Address"], "MacAddress": mac}
        made = await self.call(
            "NetworkDriver.CreateEndpoint",
            NetworkID="dn",
            EndpointID=endpoint,
            Interface=interface,
            Options=options,
        )
        return {**given, **made}

    async def finish(self, name: str, endpoint: str) -> Any:  # noqa: ANN401 - JSON
        """Join, where Docker begins to tell whose the endpoint is."""
        self.runtime.joining[endpoint] = Owner(name)
        joined = await self.call("NetworkDriver.Join", NetworkID="dn", EndpointID=endpoint)
        self.runtime.starting.discard(f"id-{name}")
        return joined

    async def start(self, name: str, endpoint: str, mac: str = "", **options: str) -> Any:  # noqa: ANN401 - JSON
        begun = await self.begin(name, endpoint, mac, **options)
        if "Err" in begun:
            return begun
        joined = await self.finish(name, endpoint)
        self.runtime.connect(f"id-{name}", "web", endpoint)
        return {**begun, **joined}

    async def stop(self, name: str, endpoint: str, address: str) -> None:
        self.create(name)
        await self.call("NetworkDriver.Leave", NetworkID="dn", EndpointID=endpoint)
        await self.call("NetworkDriver.DeleteEndpoint", NetworkID="dn", EndpointID=endpoint)
        await self.call("IpamDriver.ReleaseAddress", PoolID=WEB.id, Address=address.partition("/")[0])

    def owners(self) -> dict[str, bool]:
        """Whose the ports are, and whether they are in quarantine."""
        ports = self.server.ports.values()
        return {port.workload.id if port.workload else "": port.quarantined for port in ports}


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path)


def test_activation_names_both_drivers_and_an_unknown_call_is_404(engine: Engine) -> None:
    async def claim() -> None:
        assert await engine.call("Plugin.Activate") == {"Implements": ["NetworkDriver", "IpamDriver"]}
        assert await engine.call("NetworkDriver.AllocateNetwork") == {"status": 404}

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


def test_a_single_candidate_has_its_labels_before_docker_asks_for_an_endpoint(engine: Engine) -> None:
    async def claim() -> None:
        engine.create("a", tier="front")
        answer = await engine.start("a", "e1")
        (port,) = engine.server.ports.values()
        assert port.workload is not None
        assert (port.workload.id, port.labels, port.quarantined) == ("id-a", {"tier": "front"}, False)
        assert answer["Interface"] == {"MacAddress": port.mac}
        assert answer["InterfaceName"]["DstPrefix"] == "eth"
        assert answer["DisableGatewayService"] is True
        assert list(engine.switch.ports.values()) == [port.id]

    asyncio.run(claim())


@pytest.mark.parametrize(("internal", "way"), [(False, "10.0.0.1"), (True, None)])
def test_join_names_the_way_out_but_not_on_an_internal_network(
    engine: Engine,
    internal: bool,  # noqa: FBT001 - a parameter of the test
    way: str | None,
) -> None:
    engine.server.network = replace(WEB, router="r")
    engine.runtime.docker_networks = [
        DockerNetwork(id="dn", name="web", driver="weft", weft_id=WEB.id, internal=internal)
    ]

    async def claim() -> None:
        engine.create("a")
        answer = await engine.start("a", "e1")
        assert answer.get("Gateway") == way
        assert answer["DisableGatewayService"] is True

    asyncio.run(claim())


def test_parallel_starts_are_quarantined_until_join_tells_them_apart(engine: Engine) -> None:
    async def claim() -> None:
        engine.create("a", tier="front")
        engine.create("b", tier="back")
        engine.runtime.starting = {"id-a", "id-b"}
        await engine.begin("b", "e1")
        assert engine.owners() == {"": True}

        await engine.finish("b", "e1")

        assert engine.owners() == {"id-b": False}
        (port,) = engine.server.ports.values()
        assert port.labels == {"tier": "back"}

    asyncio.run(claim())


def test_a_container_with_two_networks_is_known_on_the_second_and_nobody_else_gets_its_place(
    engine: Engine,
) -> None:
    """Docker asks for one network after the other, and lists the endpoints when all are there."""
    blue = replace(WEB, id="33333333-3333-4333-8333-333333333333", name="blue")
    engine.server.others = (blue,)
    engine.runtime.docker_networks.append(DockerNetwork(id="db", name="blue", driver="weft", weft_id=blue.id))

    async def claim() -> None:
        for name in ("a", "b"):
            engine.create(name)
        both = {"web": Endpoint(), "blue": Endpoint()}
        engine.runtime.put(replace(engine.runtime.listed["id-a"], endpoints=both))
        engine.runtime.put(replace(engine.runtime.listed["id-b"], endpoints={"blue": Endpoint()}))
        await engine.begin("a", "e1")
        await engine.finish("a", "e1")

        engine.runtime.starting = {"id-a"}
        await engine.call("IpamDriver.RequestAddress", PoolID=blue.id, Address="")
        engine.runtime.starting = {"id-a", "id-b"}
        await engine.call("IpamDriver.RequestAddress", PoolID=blue.id, Address="")

        on_blue = [
            p.workload.id for p in engine.server.ports.values() if p.network_id == blue.id and p.workload
        ]
        assert on_blue == ["id-a", "id-b"]

    asyncio.run(claim())


def test_of_several_containers_the_one_that_docker_has_locked_is_starting(engine: Engine) -> None:
    async def claim() -> None:
        for name in ("old", "a", "older"):
            engine.create(name)

        await engine.begin("a", "e1")

        assert engine.owners() == {"id-a": False}

    asyncio.run(claim())


def test_a_container_that_docker_answers_about_is_not_starting_and_keeps_no_port(engine: Engine) -> None:
    async def claim() -> None:
        engine.create("idle")

        await engine.begin("connected-while-running", "e1")

        assert engine.owners() == {"": True}

    asyncio.run(claim())


def test_a_wrong_guess_is_put_right_by_join(engine: Engine) -> None:
    async def claim() -> None:
        engine.create("a")
        await engine.begin("a", "e1")
        engine.create("b")

        await engine.finish("b", "e1")

        assert engine.owners() == {"id-b": False}

    asyncio.run(claim())


def test_an_endpoint_that_docker_does_not_tell_of_stays_in_quarantine_until_it_does(engine: Engine) -> None:
    async def claim() -> None:
        engine.create("a")
        engine.create("b")
        engine.runtime.starting = {"id-a", "id-b"}
        await engine.begin("a", "e1")
        await engine.call("NetworkDriver.Join", NetworkID="dn", EndpointID="e1")
        assert engine.owners() == {"": True}
        engine.driver.endpoints.starts.clear()

        engine.runtime.joining["e1"] = Owner("a", "id-a")
        await engine.driver.connected(engine.runtime.connect("id-a", "web", "e1"))

        assert engine.owners() == {"id-a": False}

    asyncio.run(claim())


def test_a_restart_keeps_the_address_under_a_new_endpoint_even_without_the_server(engine: Engine) -> None:
    async def claim() -> None:
        engine.create("a")
        first = await engine.start("a", "e1")
        await engine.stop("a", "e1", first["Address"])
        assert engine.switch.ports == {}
        engine.server.away = True
        again = await engine.start("a", "e2")
        assert (again["Address"], again["Interface"]) == (first["Address"], first["Interface"])

    asyncio.run(claim())


def test_a_restart_keeps_the_address_while_it_is_not_known_what_the_network_was_named_for(
    engine: Engine,
) -> None:
    """It names Weft's by a name, and a boot can be long before the server is heard."""

    async def claim() -> None:
        engine.create("a")
        engine.create("b")
        first = await engine.start("a", "e1")
        await engine.stop("a", "e1", first["Address"])
        engine.server.away = True
        (network,) = engine.runtime.docker_networks
        engine.runtime.docker_networks = [replace(network, weft_id="")]

        again = await engine.start("a", "e2")
        assert again["Address"] == first["Address"]
        stranger = await engine.start("b", "e3")
        assert "Err" in stranger, "who had no port gets none by this"

    asyncio.run(claim())


def test_while_docker_itself_starts_nobody_gets_a_port_by_a_guess(engine: Engine) -> None:
    async def claim() -> None:
        engine.create("a")
        engine.runtime.away = True

        answer = await engine.start("a", "e1")

        assert answer["Err"].startswith("weft: Docker does not answer while it starts")
        assert engine.server.ports == {}

    asyncio.run(claim())


def test_the_mac_address_that_docker_was_asked_for_becomes_the_ports(engine: Engine) -> None:
    async def claim() -> None:
        engine.create("a")
        answer = await engine.start("a", "e1", mac="02:11:22:33:44:55")
        (port,) = engine.server.ports.values()
        assert (answer["Interface"], port.mac) == ({}, "02:11:22:33:44:55")
        assert engine.links.macs[host_end(port.id)] == "02:11:22:33:44:55"

    asyncio.run(claim())


def test_driver_options_give_a_mac_address_and_labels(engine: Engine) -> None:
    async def claim() -> None:
        engine.create("a", tier="front")
        options = {"weft.mac": "02-11-22-33-44-55".replace("-", ":"), "weft.label.zone": "red", "other": "x"}
        answer = await engine.start("a", "e1", **options)
        (port,) = engine.server.ports.values()
        assert answer["Interface"] == {"MacAddress": port.mac} == {"MacAddress": "02:11:22:33:44:55"}
        assert port.labels == {"tier": "front", "zone": "red"}

    asyncio.run(claim())


def test_a_driver_option_that_means_nothing_is_refused_with_those_that_do(engine: Engine) -> None:
    async def claim() -> None:
        engine.create("a")
        answer = await engine.start("a", "e1", **{"weft.zone": "red"})
        assert "weft.zone means nothing" in answer["Err"]
        assert "weft.label.KEY=VALUE" in answer["Err"]

    asyncio.run(claim())


def test_a_new_container_without_the_server_is_refused_in_a_sentence_with_its_url(engine: Engine) -> None:
    async def claim() -> None:
        engine.create("a")
        engine.server.away = True
        assert "https://weft.example:7443 does not answer" in (await engine.start("a", "e1"))["Err"]

    asyncio.run(claim())


def test_a_port_that_ovn_does_not_install_is_unplugged_and_refused(engine: Engine) -> None:
    async def claim() -> None:
        engine.create("a")
        engine.switch.ovn_answers = False
        answer = await engine.start("a", "e1")
        assert "has not installed" in answer["Err"]
        assert engine.switch.ports == {}
        assert engine.links.pairs == {}

    asyncio.run(claim())


def test_an_endpoint_that_never_had_an_owner_gives_its_address_back(engine: Engine) -> None:
    async def claim() -> None:
        first = await engine.begin("x", "e1")
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


def test_every_answer_ends_its_connection_so_that_no_call_can_follow_into_a_stuck_agent(
    engine: Engine, tmp_path: Path
) -> None:
    async def claim() -> None:
        path = tmp_path / "weft.sock"
        plugin = server(engine.driver, engine.publisher)
        with bind(path) as listening:
            serving = asyncio.create_task(plugin.serve([listening]))
            reader, writer = await asyncio.open_unix_connection(path)
            call = b"POST /Plugin.Activate HTTP/1.1\r\nHost: weft\r\nContent-Length: 2\r\n\r\n{}"
            writer.write(call)
            async with asyncio.timeout(2):
                answer = await reader.read()
            writer.close()
            plugin.should_exit = True
            await serving
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"NetworkDriver" in answer

    asyncio.run(claim())


NEW = {"Pool": "10.7.0.0/24", "Options": {"weft.network": "blue"}}


def test_a_network_that_is_not_there_is_made_with_its_subnet_and_stays(engine: Engine) -> None:
    async def claim() -> None:
        pool = await engine.call("IpamDriver.RequestPool", **NEW)
        gateway = {"RequestAddressType": "com.docker.network.gateway"}
        way = await engine.call("IpamDriver.RequestAddress", PoolID=pool["PoolID"], Options=gateway)
        (made,) = engine.server.made
        assert (made.name, made.id, pool["Pool"]) == ("blue", pool["PoolID"], "10.7.0.0/24")
        assert way["Address"] == "10.7.0.1/24"
        assert engine.driver.pools.being_created() == {made.id}, "the agent makes no Docker network beside"

        created = [{"AddressSpace": "weft", "Pool": "10.7.0.0/24"}]
        assert await engine.call("NetworkDriver.CreateNetwork", NetworkID="dn2", IPv4Data=created) == {}
        await engine.call("IpamDriver.ReleasePool", PoolID=pool["PoolID"])
        assert engine.server.made == (made,), "docker network rm"

    asyncio.run(claim())


def test_what_was_made_for_a_docker_network_that_fails_is_taken_back(engine: Engine) -> None:
    async def claim() -> None:
        pool = await engine.call("IpamDriver.RequestPool", **NEW)
        asked = {"RequestAddressType": "com.docker.network.gateway"}
        wrong = await engine.call(
            "IpamDriver.RequestAddress", PoolID=pool["PoolID"], Address="10.7.0.9", Options=asked
        )
        assert "the gateway of network blue is 10.7.0.1 and not 10.7.0.9" in wrong["Err"]
        assert engine.server.made

        await engine.call("IpamDriver.ReleasePool", PoolID=pool["PoolID"])

        assert engine.server.made == ()

    asyncio.run(claim())


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"Options": {}}, "--ipam-opt weft.network=NAME"),
        ({"Options": {"weft.network": "blue"}}, "with --subnet it is made"),
        ({**NEW, "V6": True, "Pool": "fd00::/64"}, "serves no network 'blue'"),
        ({**NEW, "Options": {"weft.network": "44444444-4444-4444-8444-444444444444"}}, "serves no network"),
        ({**NEW, "Options": {"weft.network": "web"}}, "network web of project default has no 10.7.0.0/24"),
    ],
)
def test_a_pool_that_cannot_be_is_refused_and_makes_nothing(
    engine: Engine, body: dict[str, Any], said: str
) -> None:
    async def claim() -> None:
        assert said in (await engine.call("IpamDriver.RequestPool", **body))["Err"]
        assert engine.server.made == ()

    asyncio.run(claim())


def test_without_the_server_no_network_is_made(engine: Engine) -> None:
    async def claim() -> None:
        engine.server.away = True
        assert "https://weft.example:7443" in (await engine.call("IpamDriver.RequestPool", **NEW))["Err"]

    asyncio.run(claim())
