"""Served networks as Docker networks: they appear, and go, by themselves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network

import structlog

from weft.agent.docker.runtime import Container, DockerNetwork, DockerUnavailable, Runtime
from weft.agent.served import names
from weft.client import Network

log = structlog.get_logger()

OURS = "weft.managed"
"""The label of Docker networks that the agent made; it removes no others."""


@dataclass(frozen=True, slots=True)
class NetworkPlan:
    """What is to be done to Docker's networks, removals first."""

    remove: tuple[DockerNetwork, ...]
    create: tuple[Mapping[str, object], ...]


def plan(
    served: Iterable[Network], present: Iterable[DockerNetwork], containers: Iterable[Container]
) -> NetworkPlan:
    """Make our Docker networks those of `served` that have a subnet. Pure.

    One that somebody else made, of the same name and for the same network, is as good as ours.
    Docker cannot rename or change a network, only make it anew: one that a running container is on stays as
    it is, and one that a stopped container names keeps its name.
    """
    others = [network for network in present if OURS not in network.labels]
    standing = {(network.name, network.weft_id) for network in others}
    wanted = {n.id: n for n in served if _subnets(n) and (n.name, n.id) not in standing}
    ours = [network for network in present if OURS in network.labels]
    called = names(wanted.values(), taken={network.name for network in others})
    named, live = _in_use(containers)
    remove, kept = [], set()
    for network in ours:
        mine = {network.name, network.id}
        known = wanted.get(network.weft_id)
        fits = known is not None and network.subnets == _subnets(known) and known.id not in kept
        if mine & live or (fits and (mine & named or network.name == called.get(network.weft_id))):
            kept.add(network.weft_id)
        else:
            remove.append(network)
    taken = {network.name for network in ours if network not in remove}
    return NetworkPlan(
        tuple(remove),
        tuple(
            _config(called[n.id], n)
            for n in wanted.values()
            if n.id not in kept and n.id in called and called[n.id] not in taken
        ),
    )


def _in_use(containers: Iterable[Container]) -> tuple[set[str], set[str]]:
    """The names and ids of networks that containers are configured for, and of those with live endpoints."""
    places = [place for container in containers for place in container.endpoints.items()]
    return {name for name, _ in places}, {name for name, endpoint in places if endpoint.id}


async def apply(runtime: Runtime, changes: NetworkPlan) -> None:
    """Do what is planned; what Docker refuses (a network in use) is tried again at the next pass."""
    for network in changes.remove:
        try:
            await runtime.remove_network(network.id)
            log.info("docker network removed", network=network.name)
        except DockerUnavailable as error:
            log.warning("docker network not removed", network=network.name, why=str(error))
    for config in changes.create:
        try:
            await runtime.create_network(config)
            log.info("docker network created", network=config["Name"])
        except DockerUnavailable as error:
            log.warning("docker network not created", network=config["Name"], why=str(error))


def _subnets(network: Network) -> tuple[str, ...]:
    """The first subnet of each IP version: Docker wants one pool per version. IPv4 has to be among them."""
    first: dict[int, str] = {}
    for subnet in network.subnets:
        if subnet.gateway:
            first.setdefault(ip_network(subnet.cidr).version, subnet.cidr)
    return tuple(first[version] for version in (4, 6) if version in first) if 4 in first else ()


def _config(name: str, network: Network) -> Mapping[str, object]:
    """The body of POST /networks/create."""
    cidrs = _subnets(network)
    return {
        "Name": name,
        "CheckDuplicate": True,
        "Driver": "weft",
        "EnableIPv6": len(cidrs) > 1,
        "IPAM": {
            "Driver": "weft",
            "Options": {"weft.network": network.id},
            "Config": [{"Subnet": s.cidr, "Gateway": s.gateway} for s in network.subnets if s.cidr in cidrs],
        },
        "Options": {"weft.network": network.id},
        "Labels": {OURS: "true", "weft.network": network.id, "weft.project": network.project},
    }
