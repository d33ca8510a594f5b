"""Docker's network and IPAM driver: what each call of the plugin protocol does.

What must outlive the agent is in the journal: an endpoint is a lease that has an endpoint id.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any

import structlog

from weft.agent.attachment import Lease, container_end, host_end
from weft.agent.docker import messages
from weft.agent.docker.endpoints import DockerStarting, Endpoints
from weft.agent.docker.messages import AddressRequest, Body, EndpointRequest, PoolRequest
from weft.agent.docker.pools import Pools
from weft.agent.docker.runtime import Event
from weft.agent.leases import Leases
from weft.agent.plug import INSTALL_S, PlugFailed, Switch, VethPairs, await_flows, plug_pair, unplug
from weft.client import ClientError
from weft.model.errors import Invalid

log = structlog.get_logger()


@dataclass
class Driver:
    """The plugin's side of every call. Belongs to one event loop; what blocks is done in threads."""

    endpoints: Endpoints
    leases: Leases
    links: VethPairs
    switch: Switch
    pools: Pools
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    # IpamDriver

    async def request_pool(self, body: Body) -> Body:
        """The pool of the network that the options name; with a --subnet one that is not there is made."""
        return await self.pools.request(PoolRequest.from_body(body))

    async def release_pool(self, body: Body) -> Body:
        """Take back what was made for a Docker network that could not be created; nothing else goes."""
        await self.pools.release(messages.parse_pool(str(body.get("PoolID") or ""))[0])
        return {}

    async def request_address(self, body: Body) -> Body:
        """The gateway's address, or a port's; the port is made here."""
        request = AddressRequest.from_body(body)
        if request.gateway:
            return {"Address": await self.pools.gateway(request), "Data": {}}
        lease = await self.endpoints.obtain(request)
        prefix = lease.prefix(request.version)
        if prefix is None or request.address not in ("", prefix.split("/")[0]):
            raise Invalid(
                f"port {lease.port_id} on network {lease.network} has {', '.join(lease.prefixes)} and not "
                f"{request.address or f'an IPv{request.version} address'}; give --ip and --ip6 together"
            )
        return {"Address": prefix, "Data": {}}

    async def release_address(self, body: Body) -> Body:
        """Nothing: the lease stays until the container is removed. One that never had an owner goes."""
        request = AddressRequest.from_body(body)
        for lease in self.leases.journal.leases():
            if lease.network_id == request.network_id and lease.has(request.address) and not lease.endpoint:
                self.endpoints.starts.pop(lease.port_id, None)
                await self._free_unowned(lease)
        return {}

    # NetworkDriver

    async def create_network(self, body: Body) -> Body:
        """Refuse what Weft would not hand out addresses for. What was made for it stays from now on."""
        messages.check_foreign_ipam(body)
        self.pools.created({data.get("Pool") for data in body.get("IPv4Data") or ()})
        return {}

    async def create_endpoint(self, body: Body) -> Body:
        """The veth pair, and the port on the switch."""
        request = EndpointRequest.from_body(body)
        lease = await self._lease_for(request)
        if request.mac and request.mac != lease.mac:
            lease = await asyncio.to_thread(self.leases.set_mac, lease, request.mac)
        lease = replace(lease, endpoint=request.endpoint, docker_network=request.docker_network)
        self.endpoints.starting(lease, request.labels)
        # Both before Docker hears of it. A pair without its note is left over, and found by its port's id.
        await asyncio.gather(
            asyncio.to_thread(self.leases.journal.keep, lease),
            asyncio.to_thread(plug_pair, lease, links=self.links, switch=self.switch),
        )
        return {"Interface": {} if request.mac_known else {"MacAddress": lease.mac}}

    async def join(self, body: Body) -> Body:
        """Hand the pair's end to Docker once it is known whose it is and the flows of its port are in."""
        endpoint, began = str(body["EndpointID"]), monotonic()
        lease = self.endpoints.of_endpoint(endpoint)
        if lease is None:
            raise Invalid(f"endpoint {endpoint} is not known to this host's agent; start the container again")
        start = self.endpoints.starts.get(lease.port_id)
        try:
            labels = {} if start is None else start.labels
            revision = await self.endpoints.identify(lease, str(body["NetworkID"]), labels)
            leads_out = bool(lease.gateways) and not await self.endpoints.is_internal(str(body["NetworkID"]))
            await asyncio.to_thread(
                await_flows,
                lease,
                revision,
                began + INSTALL_S,
                realised=self.leases.realised,
                switch=self.switch,
            )
        except (ClientError, DockerStarting, PlugFailed) as error:
            await asyncio.to_thread(unplug, lease.port_id, links=self.links, switch=self.switch)
            await asyncio.to_thread(self.leases.report, lease.port_id, "failed", str(error))
            raise
        self._begin(asyncio.to_thread(self.leases.report, lease.port_id, "up"))
        log.info("endpoint joined", port_id=lease.port_id, link=host_end(lease.port_id))
        # Docker sets the route that it is told of, also on a network that is to have none.
        ways = (lease.gateway(4), lease.gateway(6)) if leads_out else (None, None)
        return messages.joined(container_end(lease.port_id), *ways)

    async def delete_endpoint(self, body: Body) -> Body:
        """Unplug; the lease stays with its owner. Idempotent."""
        lease = self.endpoints.of_endpoint(str(body.get("EndpointID")))
        if lease is None:
            return {}
        await asyncio.to_thread(unplug, lease.port_id, links=self.links, switch=self.switch)
        idle = replace(lease, endpoint="", docker_network="", published=())
        self.leases.journal.keep(idle)
        self.endpoints.starts.pop(lease.port_id, None)
        if lease.workload is None:
            await self._free_unowned(idle)
        else:
            self._begin(asyncio.to_thread(self.leases.report, lease.port_id, "down"))
        return {}

    async def connected(self, event: Event) -> None:
        """A `network connect` event: the last chance for an endpoint that Join could not identify."""
        if event.action == "connect" and event.attributes.get("type") == "weft":
            await self.identify_unowned(event.id)

    async def identify_unowned(self, docker_network: str) -> None:
        """Give endpoints of a Docker network their owners, where these are not known yet."""
        for lease in self.leases.journal.leases():
            if lease.docker_network != docker_network or lease.port_id in self.endpoints.starts:
                continue
            if lease.workload is None:
                try:
                    await self.endpoints.identify(lease, docker_network, {})
                except ClientError as error:
                    log.warning("port stays in quarantine", port_id=lease.port_id, why=str(error))

    # How

    async def _lease_for(self, request: EndpointRequest) -> Lease:
        found = self.endpoints.of_address(request.address)
        if len(found) > 1:
            found = await self._on_network(found, request.docker_network)
        if not found:
            raise Invalid(
                f"this host's agent did not hand out address {request.address}; start the container again"
            )
        return found[0]

    async def _on_network(self, leases: tuple[Lease, ...], docker_network: str) -> tuple[Lease, ...]:
        networks = await self.endpoints.runtime.networks()
        meant = {network.weft_id for network in networks if network.id == docker_network}
        return tuple(lease for lease in leases if lease.network_id in meant)

    async def _free_unowned(self, lease: Lease) -> None:
        if lease.workload is not None:
            return
        try:
            await asyncio.to_thread(self.leases.free, lease.port_id)
        except ClientError as error:
            log.warning("port not freed", port_id=lease.port_id, why=str(error))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        """What Docker need not wait for."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
