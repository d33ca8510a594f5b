"""Docker's network and IPAM driver: what each call of the plugin protocol does.

What must outlive the agent is in the journal: an endpoint is a lease that has an endpoint id.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from ipaddress import ip_network

import structlog

from weft.agent.attachment import Attachment, Lease, addresses_of, container_end, host_end, mac_of
from weft.agent.docker import messages
from weft.agent.docker.candidates import candidates
from weft.agent.docker.messages import AddressRequest, Body, EndpointRequest, PoolRequest
from weft.agent.docker.runtime import Container, DockerUnavailable, Event, Runtime
from weft.agent.leases import Leases
from weft.agent.plug import PlugFailed, Switch, VethPairs, plug_pair, unplug
from weft.client import ClientError, Network
from weft.model.errors import Invalid
from weft.model.port import Workload

log = structlog.get_logger()

LISTING_S = 1.5
"""While Docker itself starts, its API accepts connections and answers nothing."""
INSTALL_S = 5.0

Served = Callable[[], tuple[Network, ...]]


@dataclass
class Driver:
    """The plugin's side of every call. Belongs to one event loop; what blocks is done in threads."""

    runtime: Runtime
    leases: Leases
    links: VethPairs
    switch: Switch
    served: Served
    """The networks of this host, from the server or as last heard. Raises ClientError."""
    engine: Callable[[], str]
    _busy: dict[str, Lease] = field(default_factory=dict)
    """Requests being served: leases by port id, from RequestAddress until the container is connected."""

    # IpamDriver

    async def request_pool(self, body: Body) -> Body:
        """The pool of the network that the options name."""
        request = PoolRequest.from_body(body)
        network = await self._network(request.network)
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

    async def request_address(self, body: Body) -> Body:
        """The gateway's address, or a port's; the port is made here."""
        request = AddressRequest.from_body(body)
        if request.gateway:
            return {"Address": await self._gateway(request), "Data": {}}
        lease = self._dual(request) if request.version == 6 else await self._obtain(request)
        prefix = lease.prefix(request.version)
        if prefix is None:
            raise Invalid(f"port {lease.port_id} has no IPv{request.version} address")
        self._busy[lease.port_id] = lease
        return {"Address": prefix, "Data": {}}

    async def release_address(self, body: Body) -> Body:
        """Nothing: the lease stays until the container is removed. One that never had an owner goes."""
        request = AddressRequest.from_body(body)
        for lease in self.leases.journal.leases():
            if lease.network_id == request.network_id and _has(lease, request.address) and not lease.endpoint:
                self._busy.pop(lease.port_id, None)
                await self._free_unowned(lease)
        return {}

    # NetworkDriver

    async def create_network(self, body: Body) -> Body:
        """Refuse what Weft would not hand out addresses for; nothing else is to be done."""
        messages.check_foreign_ipam(body)
        return {}

    async def create_endpoint(self, body: Body) -> Body:
        """The veth pair, and the port on the switch."""
        request = EndpointRequest.from_body(body)
        lease = await self._lease_for(request)
        if request.mac and request.mac != lease.mac:
            raise Invalid(
                f"the MAC address {request.mac} is not the port's ({lease.mac}); "
                "ask for one with the label weft.mac instead of --mac-address"
            )
        await asyncio.to_thread(plug_pair, lease, links=self.links, switch=self.switch)
        self.leases.journal.keep(replace(lease, endpoint=request.endpoint))
        return {"Interface": {} if request.mac else {"MacAddress": lease.mac}}

    async def join(self, body: Body) -> Body:
        """Hand the pair's end to Docker once OVN's flows for the port are in."""
        lease = self._by_endpoint(str(body["EndpointID"]))
        if lease is None:
            raise Invalid(f"endpoint {body['EndpointID']} is not known to this host's agent; start again")
        if not await asyncio.to_thread(self.switch.wait_installed, lease.port_id, INSTALL_S):
            await asyncio.to_thread(unplug, lease.port_id, links=self.links, switch=self.switch)
            reason = (
                f"OVN has not installed port {lease.port_id} on {lease.network} within {INSTALL_S:g} s; "
                "check ovn-controller on this host and the Weft server's reconciler"
            )
            await asyncio.to_thread(self.leases.report, lease.port_id, "failed", reason)
            raise PlugFailed(reason)
        log.info("endpoint joined", port_id=lease.port_id, link=host_end(lease.port_id))
        return messages.joined(container_end(lease.port_id))

    async def delete_endpoint(self, body: Body) -> Body:
        """Unplug; the lease stays with its owner. Idempotent."""
        lease = self._by_endpoint(str(body.get("EndpointID")))
        if lease is None:
            return {}
        await asyncio.to_thread(unplug, lease.port_id, links=self.links, switch=self.switch)
        idle = replace(lease, endpoint="")
        self.leases.journal.keep(idle)
        self._busy.pop(lease.port_id, None)
        if lease.workload is None:
            await self._free_unowned(idle)
        return {}

    # Whose endpoint is it?

    async def connected(self, event: Event) -> None:
        """A `network connect` event: now it is certain whose the endpoint is."""
        if event.action != "connect" or event.attributes.get("type") != "weft":
            return
        try:
            container = await self.runtime.inspect(event.attributes.get("container", ""))
            await self.identify(container)
        except DockerUnavailable as error:
            log.warning("endpoint not identified", why=str(error))

    async def identify(self, container: Container) -> None:
        """Give the container's endpoints their owner, where that is not known or was guessed wrong."""
        workload = container.workload(self.engine())
        for endpoint in container.endpoints.values():
            lease = self._by_endpoint(endpoint.id) if endpoint.id else None
            if lease is None:
                continue
            self._busy.pop(lease.port_id, None)
            if lease.workload is None or lease.workload.id != workload.id:
                try:
                    await asyncio.to_thread(self.leases.identify, lease, workload, container.labels)
                except ClientError as error:
                    reason = f"{error} (the port stays in quarantine)"
                    await asyncio.to_thread(self.leases.report_failure, None, workload, reason)
                    continue
            await asyncio.to_thread(self.leases.report, lease.port_id, "up")

    async def resync(self) -> None:
        """Identify what events missed, and unplug what stopped while nobody listened."""
        containers = {container.id: container for container in await self.runtime.containers()}
        for container in containers.values():
            await self.identify(container)
        for lease in self.leases.journal.leases():
            if not lease.endpoint or lease.workload is None or lease.port_id in self._busy:
                continue
            owner = containers.get(lease.workload.id)
            if owner is None or owner.state == "exited":
                await self.delete_endpoint({"EndpointID": lease.endpoint})

    # How

    async def _network(self, wanted: str) -> Network:
        """The served network with this id or name; the name may be PROJECT.NAME."""
        served = await asyncio.to_thread(self.served)
        found = [n for n in served if wanted in (n.id, n.name, f"{n.project}.{n.name}")]
        if len(found) == 1:
            return found[0]
        if not found:
            raise Invalid(f"this host serves no network {wanted!r}; `weft network list` shows what there is")
        raise Invalid(f"several projects have a network {wanted!r}; write PROJECT.{wanted}, or its id")

    async def _gateway(self, request: AddressRequest) -> str:
        network = await self._network(request.network_id)
        for subnet in network.subnets:
            cidr = ip_network(subnet.cidr)
            if cidr.version == request.version and (request.address or subnet.gateway):
                return f"{request.address or subnet.gateway}/{cidr.prefixlen}"
        raise Invalid(f"network {network.name} has no IPv{request.version} gateway")

    async def _obtain(self, request: AddressRequest) -> Lease:
        try:
            found = await asyncio.wait_for(self._candidates(request), LISTING_S)
        except (TimeoutError, DockerUnavailable):
            remembered = self._idle(request)
            if len(remembered) == 1:
                return remembered[0]
            found = ()
        return await asyncio.to_thread(self.leases.obtain, self._wanted(request, found))

    def _wanted(self, request: AddressRequest, found: tuple[Container, ...]) -> Attachment:
        asked = (request.address,) if request.address else ()
        if len(found) != 1:
            log.info("endpoint quarantined", network_id=request.network_id, candidates=len(found))
            nobody = Workload(runtime="docker", engine=self.engine(), id="")
            return Attachment(
                network=request.network_id,
                project=None,
                workload=nobody,
                labels={},
                addresses=asked,
                quarantined=True,
            )
        (container,) = found
        workload = container.workload(self.engine())
        return Attachment(
            network=request.network_id,
            project=None,
            workload=workload,
            labels=container.labels,
            addresses=asked or addresses_of(container.labels, workload),
            mac=mac_of(container.labels, workload),
        )

    async def _candidates(self, request: AddressRequest) -> tuple[Container, ...]:
        networks = await self.runtime.networks()
        return candidates(
            await self.runtime.containers(),
            networks={n.name for n in networks if n.weft_id == request.network_id},
            busy={lease.workload.id for lease in self._busy.values() if lease.workload},
            address=request.address,
            name=request.container,
        )

    def _idle(self, request: AddressRequest) -> tuple[Lease, ...]:
        """The journal's leases on that network which nobody is starting."""
        return tuple(
            lease
            for lease in self.leases.journal.leases()
            if lease.network_id == request.network_id
            and lease.workload is not None
            and lease.port_id not in self._busy
            and (not request.address or _has(lease, request.address))
        )

    def _dual(self, request: AddressRequest) -> Lease:
        """The lease whose IPv4 address has just been asked for, if that is certain."""
        waiting = [
            lease
            for lease in self._busy.values()
            if lease.network_id == request.network_id and self._endpoint_of(lease) == ""
        ]
        if len(waiting) != 1:
            raise Invalid("several containers start on this dual-stack network at once; start this one again")
        return waiting[0]

    async def _lease_for(self, request: EndpointRequest) -> Lease:
        found = [lease for lease in self.leases.journal.leases() if _has(lease, request.address)]
        if len(found) > 1:
            networks = await self.runtime.networks()
            meant = {n.weft_id for n in networks if n.id == request.docker_network}
            found = [lease for lease in found if lease.network_id in meant]
        if not found:
            raise Invalid(f"address {request.address} was not handed out by this host's agent; start again")
        return found[0]

    def _by_endpoint(self, endpoint: str) -> Lease | None:
        return next((lease for lease in self.leases.journal.leases() if lease.endpoint == endpoint), None)

    def _endpoint_of(self, wanted: Lease) -> str:
        kept = (lease for lease in self.leases.journal.leases() if lease.port_id == wanted.port_id)
        return next((lease.endpoint for lease in kept), "")

    async def _free_unowned(self, lease: Lease) -> None:
        if lease.workload is not None:
            return
        try:
            await asyncio.to_thread(self.leases.free, lease.port_id)
        except ClientError as error:
            log.warning("port not freed", port_id=lease.port_id, why=str(error))


def _has(lease: Lease, address: str) -> bool:
    return any(prefix.split("/")[0] == address for prefix in lease.prefixes)
