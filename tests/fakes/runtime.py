"""A Docker engine in memory, and a Weft server that hands out leases as the real one does."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from typing import Any
from uuid import UUID

from weft.agent.docker.runtime import Container, DockerNetwork, DockerUnavailable, Endpoint, Event, Owner
from weft.client import (
    SILENCE,
    Attached,
    AttachRule,
    FixedIP,
    HeartbeatTold,
    HostNetworks,
    Network,
    Port,
    PortStatus,
    ProblemError,
    ServerUnreachable,
    Subnet,
    Telling,
    Workload,
)
from weft.model.publication import Publication

WEB = Network(
    id="11111111-1111-4111-8111-111111111111",
    name="web",
    project_id="p",
    project="default",
    mtu=1400,
    labels={},
    subnets=(Subnet(id="s", name="s", network_id="n", cidr="10.0.0.0/24", gateway="10.0.0.1"),),
    revision=1,
)


@dataclass
class FakeRuntime:
    """Containers and networks that a test puts in and takes out."""

    listed: dict[str, Container] = field(default_factory=dict)
    docker_networks: list[DockerNetwork] = field(default_factory=list)
    happening: list[Event] = field(default_factory=list)
    away: bool = False
    starting: set[str] = field(default_factory=set)
    """Containers that Docker has locked: it answers no question about them."""
    joining: dict[str, Owner] = field(default_factory=dict)
    """By endpoint: what Docker tells of a network from Join on."""
    started: list[str] = field(default_factory=list)

    def put(self, container: Container) -> Container:
        self.listed[container.id] = container
        return container

    def connect(self, container_id: str, network: str, endpoint: str) -> Event:
        """What Docker does when an endpoint is joined: the listing shows it, and an event tells."""
        container = self.listed[container_id]
        endpoints = {**container.endpoints, network: Endpoint(id=endpoint)}
        self.listed[container_id] = replace(container, endpoints=endpoints, state="running")
        return Event(
            type="network",
            action="connect",
            id="dn",
            attributes={"container": container_id, "type": "weft"},
            at=1,
        )

    async def engine_id(self) -> str:
        return "engine"

    async def containers(self) -> tuple[Container, ...]:
        if self.away:
            raise DockerUnavailable("Docker does not answer: test")
        return tuple(self.listed.values())

    async def inspect(self, container_id: str) -> Container:
        if container_id in self.starting:
            await asyncio.Event().wait()
        if container_id not in self.listed:
            raise DockerUnavailable("Docker refused: no such container")
        return self.listed[container_id]

    async def networks(self) -> tuple[DockerNetwork, ...]:
        return tuple(self.docker_networks)

    async def start(self, container_id: str) -> None:
        self.started.append(container_id)

    async def owners(self, network_id: str) -> Mapping[str, Owner]:
        del network_id
        if self.away:
            raise DockerUnavailable("Docker does not answer: test")
        return self.joining

    async def create_network(self, config: Mapping[str, object]) -> None:
        ipam: Any = config["IPAM"]
        self.docker_networks.append(
            DockerNetwork(
                id=f"dn-{config['Name']}",
                name=str(config["Name"]),
                driver="weft",
                labels={"weft.managed": "true"},
                weft_id=ipam["Options"]["weft.network"],
                subnets=tuple(c["Subnet"] for c in ipam["Config"]),
            )
        )

    async def remove_network(self, network_id: str) -> None:
        self.docker_networks = [n for n in self.docker_networks if n.id != network_id]

    async def events(self, since: int | None) -> AsyncIterator[Event]:
        del since
        for event in self.happening:
            yield event


@dataclass
class FakeServer:
    """Leases by workload and network, addresses in order, one network."""

    network: Network = WEB
    others: tuple[Network, ...] = ()
    """Further networks with the same subnet; addresses are handed out in one order."""
    made: tuple[Network, ...] = ()
    """What the host had made."""
    away: bool = False
    ports: dict[str, Port] = field(default_factory=dict)
    statuses: list[tuple[str, str]] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    """Ids of ports that belong to workloads elsewhere."""
    failures: list[str] = field(default_factory=list)
    failed: list[Workload] = field(default_factory=list)
    rules: tuple[AttachRule, ...] = ()
    tellings: list[Telling] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(2))

    def attach(
        self,
        host: str,
        *,
        network: str,
        kind: str,
        project: str | None = None,
        name: str | None = None,
        mac: str | None = None,
        addresses: Sequence[str] = (),
        labels: Mapping[str, str] | None = None,
        workload: Workload | None = None,
        quarantined: bool = False,
        id: str | None = None,  # noqa: A002 - the API's word
        telling: Telling = SILENCE,
    ) -> Attached:
        self._reached()
        self.tellings.append(telling)
        known = next((n for n in (self.network, *self.others) if network in (n.id, n.name)), None)
        if known is None:
            raise ProblemError(
                code="not_found",
                title="",
                detail=f"no network {network!r} that you may see",
                field=None,
                status=404,
            )
        old = next(
            (
                p
                for p in self.ports.values()
                if workload and _same(p.workload, workload) and p.network_id == known.id
            ),
            None,
        )
        number = next(self._numbers)
        if old is not None:
            self.ports[old.id] = old if labels is None else replace(old, labels=labels)
            return Attached(port=self.ports[old.id], network=known, created=False, revision=1)
        port = Port(
            id=id if id and id not in self.taken else str(UUID(int=number << 96)),
            name=name or "",
            project_id="p",
            project=project or "default",
            network_id=known.id,
            network=known.name,
            kind=kind,
            mac=mac or f"02:00:00:00:00:{number:02x}",
            fixed_ips=(FixedIP("s", addresses[0] if addresses else f"10.0.0.{number}"),),
            labels=labels or {},
            host=host,
            workload=workload,
            quarantined=quarantined,
            groups=(),
            status=PortStatus(),
            revision=1,
        )
        self.ports[port.id] = port
        return Attached(port=port, network=known, created=True, revision=1)

    def plug(
        self,
        host: str,
        *,
        name: str,
        network: str | None = None,
        project: str | None = None,
        kind: str | None = None,
        mac: str | None = None,
        addresses: Sequence[str] = (),
        labels: Mapping[str, str] | None = None,
    ) -> Attached:
        self._reached()
        old = next(
            (
                p
                for p in self.ports.values()
                if name == p.id or (name, project or "default") == (p.name, p.project)
            ),
            None,
        )
        if old is None and network is None:
            raise ProblemError(
                code="not_found", title="", detail=f"no port {name!r}", field="name", status=404
            )
        port_id = str(UUID(int=next(self._numbers) + 0xABC << 96)) if old is None else old.id
        return self.attach(
            host,
            network=network or WEB.id,
            kind=kind or "vm",
            project=project,
            name=name if old is None else old.name,
            mac=mac,
            addresses=addresses,
            labels=labels,
            workload=Workload(
                runtime="manual", engine=host, id=port_id, name=name if old is None else old.name
            ),
            id=port_id,
        )

    def identify(
        self,
        host: str,
        port_id: str,
        *,
        workload: Workload,
        name: str = "",
        labels: Mapping[str, str] | None = None,
    ) -> Port:
        del host
        self._reached()
        self.ports = {k: p for k, p in self.ports.items() if k == port_id or not _same(p.workload, workload)}
        port = replace(
            self.ports[port_id], workload=workload, name=name, labels=labels or {}, quarantined=False
        )
        self.ports[port_id] = port
        return port

    def publish(self, host: str, port_id: str, published: Sequence[Publication]) -> Port:
        del host
        self._reached()
        if port_id not in self.ports:
            raise ProblemError(code="not_found", title="", detail="no port", field=None, status=404)
        self.ports[port_id] = replace(self.ports[port_id], published=tuple(published))
        return self.ports[port_id]

    def set_mac(self, host: str, port_id: str, mac: str) -> Port:
        del host
        self._reached()
        self.ports[port_id] = replace(self.ports[port_id], mac=mac)
        return self.ports[port_id]

    def realised(self, host: str, revision: int, wait_s: float = 0) -> int | None:
        del host, wait_s
        self._reached()
        return revision

    def detach(self, host: str, port_id: str) -> None:
        del host
        self._reached()
        if port_id not in self.ports:
            raise ProblemError(code="not_found", title="", detail="no such port", field=None, status=404)
        del self.ports[port_id]

    def set_port_status(self, host: str, port_id: str, state: str, reason: str = "") -> None:
        del host
        self._reached()
        self.statuses.append((port_id, state))
        self.reasons[port_id] = reason

    def report_failure(
        self,
        host: str,
        *,
        workload: Workload,
        reason: str,
        project: str | None = None,
        network: str | None = None,
    ) -> None:
        del host, project, network
        self._reached()
        self.failures.append(reason)
        self.failed.append(workload)

    def heartbeat(self, host: str, **facts: object) -> HeartbeatTold:
        del host, facts
        self._reached()
        return HeartbeatTold()

    def host_networks(self, host: str) -> HostNetworks:
        del host
        self._reached()
        return HostNetworks(revision=1, items=(self.network, *self.made))

    def create_host_network(self, host: str, *, project: str | None, name: str, cidr: str) -> Network:
        del host
        self._reached()
        subnet = replace(self.network.subnets[0], cidr=cidr, gateway=str(ip_network(cidr)[1]))
        number = 1 + len(self.made)
        self.made += (
            replace(
                self.network,
                id=f"33333333-3333-4333-8333-{number:012}",
                name=name,
                project=project or "default",
                subnets=(subnet,),
            ),
        )
        return self.made[-1]

    def remove_host_network(self, host: str, network_id: str) -> None:
        del host
        self._reached()
        self.made = tuple(network for network in self.made if network.id != network_id)

    def host_attach_rules(self, host: str) -> tuple[AttachRule, ...]:
        del host
        self._reached()
        return self.rules

    def host_failures(self, host: str) -> tuple[Workload, ...]:
        del host
        self._reached()
        return tuple(self.failed)

    def forget_failure(self, host: str, workload: Workload) -> None:
        del host
        self._reached()
        self.failed = [one for one in self.failed if not _same(one, workload)]

    def host_ports(self, host: str) -> tuple[Port, ...]:
        self._reached()
        return tuple(port for port in self.ports.values() if port.host == host)

    def _reached(self) -> None:
        if self.away:
            raise ServerUnreachable("https://weft.example:7443", "no answer in time")


def _same(one: Workload | None, other: Workload) -> bool:
    return one is not None and (one.runtime, one.engine, one.id) == (other.runtime, other.engine, other.id)
