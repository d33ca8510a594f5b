"""Answers of the API as frozen values: only what is used, and fields that are new are left alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any, Self

from weft.model.policy import Protocol
from weft.model.port import Workload
from weft.model.publication import Publication

Json = Mapping[str, Any]
"""A JSON object as it came."""

__all__ = [
    "AttachRule",
    "Attached",
    "Change",
    "FixedIP",
    "HostNetworks",
    "Json",
    "Network",
    "Port",
    "PortStatus",
    "Publication",
    "Receipt",
    "Subnet",
    "Workload",
    "published_body",
    "workload_body",
    "workload_from",
]


def workload_from(body: Json | None) -> Workload | None:
    """The workload that `body` shows, if any."""
    if body is None:
        return None
    return Workload(
        runtime=body["runtime"],
        engine=body.get("engine") or "",
        id=body["id"],
        name=body.get("name") or "",
        image=body.get("image") or "",
    )


def workload_body(workload: Workload | None) -> dict[str, str] | None:
    """`workload` as a request carries it."""
    if workload is None:
        return None
    return {
        "runtime": workload.runtime,
        "engine": workload.engine,
        "id": workload.id,
        "name": workload.name,
        "image": workload.image,
    }


def publication_from(body: Json) -> Publication:
    """The publication that `body` shows."""
    at = body.get("host_address")
    return Publication(
        protocol=Protocol(body["protocol"]),
        host_port=int(body["host_port"]),
        port=int(body["port"]),
        host_address=None if at is None else IPv4Address(at),
    )


def published_body(published: Iterable[Publication]) -> dict[str, list[dict[str, str | int | None]]]:
    """All that is published of a port, as a request carries it."""
    return {
        "published": [
            {
                "protocol": one.protocol,
                "host_port": one.host_port,
                "port": one.port,
                "host_address": None if one.host_address is None else str(one.host_address),
            }
            for one in published
        ]
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    """An IP prefix on a network; `pools` are pairs of first and last address."""

    id: str
    name: str
    network_id: str
    cidr: str
    gateway: str | None
    pools: tuple[tuple[str, str], ...] = ()
    dns_servers: tuple[str, ...] = ()
    dhcp: bool = True

    @classmethod
    def from_body(cls, body: Json) -> Self:
        """The subnet that `body` shows."""
        return cls(
            id=body["id"],
            name=body.get("name") or "",
            network_id=body.get("network_id") or "",
            cidr=body["cidr"],
            gateway=body.get("gateway"),
            pools=tuple((pool["first"], pool["last"]) for pool in body.get("pools") or ()),
            dns_servers=tuple(body.get("dns_servers") or ()),
            dhcp=bool(body.get("dhcp", True)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A layer 2 network. To agents `mtu` is what workloads get; elsewhere None leaves it to the server."""

    id: str
    name: str
    project_id: str
    project: str
    mtu: int | None
    labels: Mapping[str, str]
    subnets: tuple[Subnet, ...]
    revision: int
    router: str | None = None

    @classmethod
    def from_body(cls, body: Json) -> Self:
        """The network that `body` shows."""
        return cls(
            id=body["id"],
            name=body["name"],
            project_id=body.get("project_id") or "",
            project=body.get("project") or "",
            mtu=body.get("mtu"),
            labels=dict(body.get("labels") or {}),
            subnets=tuple(Subnet.from_body(subnet) for subnet in body.get("subnets") or ()),
            revision=int(body.get("revision") or 0),
            router=body.get("router"),
        )


@dataclass(frozen=True, slots=True)
class FixedIP:
    """An address of a port, and the subnet it comes from."""

    subnet_id: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PortStatus:
    """What was observed of a port: `down`, `pending`, `up` or `failed`, and why."""

    state: str = "down"
    reason: str = ""
    host: str | None = None
    since: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A workload's place on a network; `id` is also its interface's `iface-id`.

    One that is not `declared` was made for a workload that was attached, and goes with it.
    """

    id: str
    name: str
    project_id: str
    project: str
    network_id: str
    network: str
    kind: str
    mac: str
    fixed_ips: tuple[FixedIP, ...]
    labels: Mapping[str, str]
    host: str | None
    workload: Workload | None
    quarantined: bool
    groups: tuple[str, ...]
    status: PortStatus
    revision: int
    published: tuple[Publication, ...] = ()
    declared: bool = True

    @property
    def addresses(self) -> tuple[str, ...]:
        """The port's IP addresses."""
        return tuple(fixed.address for fixed in self.fixed_ips)

    @classmethod
    def from_body(cls, body: Json) -> Self:
        """The port that `body` shows."""
        status: Json = body.get("status") or {}
        fixed_ips: Sequence[Json] = body.get("fixed_ips") or ()
        return cls(
            id=body["id"],
            name=body["name"],
            project_id=body.get("project_id") or "",
            project=body.get("project") or "",
            network_id=body["network_id"],
            network=body.get("network") or "",
            kind=body.get("kind") or "",
            mac=body["mac"],
            fixed_ips=tuple(FixedIP(f.get("subnet_id") or "", f["address"]) for f in fixed_ips),
            labels=dict(body.get("labels") or {}),
            host=body.get("host"),
            workload=workload_from(body.get("workload")),
            quarantined=bool(body.get("quarantined", False)),
            groups=tuple(body.get("groups") or ()),
            status=PortStatus(
                state=status.get("state") or "down",
                reason=status.get("reason") or "",
                host=status.get("host"),
                since=status.get("since"),
            ),
            revision=int(body.get("revision") or 0),
            published=tuple(publication_from(one) for one in body.get("published") or ()),
            declared=bool(body.get("declared", True)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """The port that a workload has, how to plug it, and whether it is new."""

    port: Port
    network: Network
    created: bool
    revision: int

    @classmethod
    def from_body(cls, body: Json) -> Self:
        """The attachment that `body` shows."""
        return cls(
            port=Port.from_body(body["port"]),
            network=Network.from_body(body["network"]),
            created=bool(body.get("created", False)),
            revision=int(body.get("revision") or 0),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachRule:
    """Containers without a network whose labels `selector` matches go to the network."""

    name: str
    project: str
    selector: str
    network_id: str

    @classmethod
    def from_body(cls, body: Json) -> Self:
        """The rule that `body` shows."""
        return cls(
            name=body["name"],
            project=body.get("project") or "",
            selector=body["selector"],
            network_id=body["network_id"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HostNetworks:
    """The networks of the projects that a host serves, as of a revision."""

    revision: int
    items: tuple[Network, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """How far a revision got; `state` is `committed`, `applied`, `enforced` or `failed`."""

    revision: int
    committed_at: str | None
    state: str
    applied: bool
    applied_after_ms: float | None
    enforced: bool
    enforced_after_ms: float | None
    hosts_total: int
    hosts_done: int
    waiting: tuple[str, ...]
    problems: tuple[str, ...]

    @classmethod
    def from_body(cls, body: Json) -> Self:
        """The receipt that `body` shows."""
        hosts: Json = body.get("hosts") or {}
        return cls(
            revision=int(body["revision"]),
            committed_at=body.get("committed_at"),
            state=str(body.get("state") or ""),
            applied=bool(body.get("applied", False)),
            applied_after_ms=body.get("applied_after_ms"),
            enforced=bool(body.get("enforced", False)),
            enforced_after_ms=body.get("enforced_after_ms"),
            hosts_total=int(hosts.get("total") or 0),
            hosts_done=int(hosts.get("done") or 0),
            waiting=tuple(hosts.get("waiting") or ()),
            problems=tuple(str(problem) for problem in body.get("problems") or ()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of the change log."""

    revision: int
    kind: str
    id: str
    action: str
    project_id: str | None
    author: str
    at: str

    @classmethod
    def from_body(cls, body: Json) -> Self:
        """The change that `body` shows."""
        project = body.get("project_id")
        return cls(
            revision=int(body["revision"]),
            kind=str(body.get("kind") or ""),
            id=str(body.get("id") or ""),
            action=str(body.get("action") or ""),
            project_id=None if project is None else str(project),
            author=str(body.get("author") or ""),
            at=str(body.get("at") or ""),
        )
