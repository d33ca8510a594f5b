"""Which Weft network a Docker network stands for: Docker's pools.

Docker tells a plugin neither the name of the network that it creates nor, in CreateNetwork, the pool. So the
options of the pool name the Weft network, and the pool's id is the network's own.
"""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from time import monotonic
from typing import Protocol

import structlog

from weft.agent.docker import messages
from weft.agent.docker.messages import AddressRequest, Body, PoolRequest
from weft.agent.served import is_id, named
from weft.client import ClientError, Network
from weft.model.errors import Invalid

log = structlog.get_logger()

MAKING_S = 10.0
"""How long `docker network create` may take until Docker lists the network."""


class Served(Protocol):
    """The networks of this host's projects; `ServedNetworks`. Every call blocks and raises ClientError."""

    def networks(self) -> tuple[Network, ...]: ...  # noqa: D102
    def make(self, name: str, cidr: str) -> Network: ...  # noqa: D102
    def unmake(self, network_id: str) -> None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Making:
    """A network that Docker had us make; `done` when Docker went on with it."""

    network: Network
    cidr: str
    at: float
    done: bool = False


@dataclass
class Pools:
    """Belongs to one event loop; what blocks is done in threads."""

    served: Served
    now: Callable[[], float] = monotonic
    _making: dict[str, Making] = field(default_factory=dict)
    """By the id of the Weft network."""

    async def request(self, request: PoolRequest) -> Body:
        """The pool of the network that the options name; with a --subnet one that is not there is made."""
        network = await self._found_or_made(request)
        subnets = [s for s in network.subnets if ip_network(s.cidr).version == request.version]
        if request.pool:
            subnets = [s for s in subnets if s.cidr == request.pool]
        if not subnets:
            what = request.pool or f"IPv{request.version} subnet"
            raise Invalid(f"network {network.name} of project {network.project} has no {what}")
        return {
            "PoolID": messages.pool_id(network.id, request.version),
            "Pool": subnets[0].cidr,
            "Data": {},
        }

    def created(self, cidrs: set[str]) -> None:
        """Docker goes on with a network of these pools: what was made for it stays from now on."""
        for network_id, making in self._making.items():
            if making.cidr in cidrs:
                self._making[network_id] = replace(making, done=True)

    async def release(self, network_id: str) -> None:
        """Take back what was made for a Docker network that could not be created; nothing else goes."""
        making = self._making.pop(network_id, None)
        if making is None or making.done:
            return
        try:
            await asyncio.to_thread(self.served.unmake, network_id)
            log.info("network taken back", network_id=network_id)
        except ClientError as error:
            log.warning("network not taken back", network_id=network_id, why=str(error))

    def being_created(self) -> frozenset[str]:
        """The Weft networks whose Docker network is being created and may not be listed yet."""
        oldest = self.now() - MAKING_S
        self._making = {key: one for key, one in self._making.items() if one.at > oldest}
        return frozenset(self._making)

    async def gateway(self, request: AddressRequest) -> str:
        """The address of the gateway with its prefix length."""
        network = await self._network(request.network_id)
        for subnet in network.subnets:
            cidr = ip_network(subnet.cidr)
            if cidr.version != request.version or not subnet.gateway:
                continue
            if request.address not in ("", subnet.gateway):
                raise Invalid(
                    f"the gateway of network {network.name} is {subnet.gateway} and not {request.address}; "
                    "leave --gateway out"
                )
            return f"{subnet.gateway}/{cidr.prefixlen}"
        raise Invalid(f"network {network.name} has no IPv{request.version} gateway")

    async def _found_or_made(self, request: PoolRequest) -> Network:
        there = named(await self._known(), request.network)
        may_make = request.pool and request.version == 4 and not is_id(request.network)
        if there or not may_make:
            return await self._network(request.network)
        made = await asyncio.to_thread(self.served.make, request.network, request.pool)
        self._making[made.id] = Making(made, request.pool, self.now())
        log.info("network made", network=made.name, project=made.project, cidr=request.pool)
        return made

    async def _network(self, wanted: str) -> Network:
        """The served network with this id or name; the name may be PROJECT.NAME."""
        found = named(await self._known(), wanted)
        if len(found) == 1:
            return found[0]
        if not found:
            raise Invalid(
                f"this host serves no network {wanted!r}; `weft network list` shows what there is, and "
                "with --subnet it is made"
            )
        raise Invalid(f"several projects have a network {wanted!r}; write PROJECT.{wanted}, or its id")

    async def _known(self) -> Collection[Network]:
        """What the host serves, also what it had made since it last heard of that."""
        served = {network.id: network for network in await asyncio.to_thread(self.served.networks)}
        return ({key: one.network for key, one in self._making.items()} | served).values()
