"""Routers that come and go while containers run: their default routes follow."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace

import structlog

from weft.agent.attachment import gateways_of
from weft.agent.docker.runtime import RUNTIME, DockerUnavailable, Runtime
from weft.agent.journal import Journal
from weft.agent.links import LinkFailed
from weft.agent.plug import VethPairs
from weft.client import Network

log = structlog.get_logger()


async def reroute(runtime: Runtime, journal: Journal, links: VethPairs, served: Iterable[Network]) -> None:
    """Lead every running container out by the router that its network has now, or not at all. Idempotent.

    A container on an --internal network of Docker's gets no default route. What fails is tried
    again at the next pass: the journal remembers only what was done. Raises DockerUnavailable.
    """
    networks = {network.id: network for network in served}
    internal = {network.id for network in await runtime.networks() if network.internal}
    for lease in journal.leases():
        network, owner = networks.get(lease.network_id), lease.workload
        if network is None or owner is None or owner.runtime != RUNTIME:
            continue
        gateways = gateways_of(network, [prefix.split("/")[0] for prefix in lease.prefixes])
        if gateways == lease.gateways or lease.docker_network in internal:
            continue
        try:
            pid = (await runtime.inspect(owner.id)).pid
            if pid:
                await asyncio.to_thread(links.lead_out, pid, lease.mac, gateways)
        except (DockerUnavailable, LinkFailed) as error:
            log.warning("default route not changed", port_id=lease.port_id, why=str(error))
            continue
        if journal.amend(lease, replace(lease, gateways=gateways)):  # or it has begun another life meanwhile
            log.info("default route changed", port_id=lease.port_id, gateways=gateways)
