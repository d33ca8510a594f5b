import asyncio

from tests.fakes.runtime import FakeServer

from weft.agent.docker.messages import AddressRequest, PoolRequest
from weft.agent.docker.pools import MAKING_S, Pools
from weft.agent.served import ServedNetworks
from weft.client import Network

BLUE = PoolRequest("blue", "10.7.0.0/24", 4)


class Leaving(FakeServer):
    """Goes away as soon as it has made a network."""

    def create_host_network(self, host: str, *, project: str | None, name: str, cidr: str) -> Network:
        made = super().create_host_network(host, project=project, name=name, cidr=cidr)
        self.away = True
        return made


def test_what_was_made_is_known_at_once_also_when_the_server_goes_away_then() -> None:
    async def claim() -> None:
        pools = Pools(ServedNetworks(Leaving(), "h1"))
        pool = await pools.request(BLUE)
        asked = AddressRequest(pool["PoolID"], 4, "", gateway=True, container="")

        assert await pools.gateway(asked) == "10.7.0.1/24"

    asyncio.run(claim())


def test_a_network_counts_as_being_created_only_as_long_as_that_may_take() -> None:
    async def claim() -> None:
        now = [0.0]
        pools = Pools(ServedNetworks(FakeServer(), "h1"), now=lambda: now[0])
        made = (await pools.request(BLUE))["PoolID"]

        assert pools.being_created() == {made}
        now[0] = MAKING_S + 1
        assert pools.being_created() == frozenset()

    asyncio.run(claim())


def test_a_network_of_another_prefix_that_docker_goes_on_with_keeps_none_that_failed() -> None:
    async def claim() -> None:
        server = FakeServer()
        pools = Pools(ServedNetworks(server, "h1"))
        made = (await pools.request(BLUE))["PoolID"]

        pools.created({"10.9.0.0/24"})
        await pools.release(made)

        assert server.made == ()

    asyncio.run(claim())
