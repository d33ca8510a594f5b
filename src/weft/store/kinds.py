"""The kinds of declared objects: their types, identities, and the tables they are kept in."""

from collections.abc import Mapping
from uuid import UUID

import sqlalchemy as sa

from weft.model.attach_rule import AttachRule
from weft.model.floating_ip import FloatingIP
from weft.model.host import Host
from weft.model.ids import ProjectId
from weft.model.invariant import Invariant
from weft.model.network import Network, Project, Subnet
from weft.model.policy import AddressGroup, Group, Policy, QosPolicy
from weft.model.port import Port
from weft.model.router import Router
from weft.store import tables
from weft.store.change import Declared, Kind

ObjectId = UUID | str

TYPES: Mapping[Kind, type[Declared]] = {
    Kind.PROJECTS: Project,
    Kind.QOS_POLICIES: QosPolicy,
    Kind.NETWORKS: Network,
    Kind.SUBNETS: Subnet,
    Kind.ROUTERS: Router,
    Kind.PORTS: Port,
    Kind.FLOATING_IPS: FloatingIP,
    Kind.GROUPS: Group,
    Kind.ADDRESS_GROUPS: AddressGroup,
    Kind.POLICIES: Policy,
    Kind.ATTACH_RULES: AttachRule,
    Kind.INVARIANTS: Invariant,
    Kind.HOSTS: Host,
}
"""In an order in which rows can be inserted: what is referred to comes first."""

TABLES: Mapping[Kind, sa.Table] = {kind: tables.metadata.tables[kind.value] for kind in TYPES}

_KINDS = {kept: kind for kind, kept in TYPES.items()}

NOUNS: Mapping[Kind, str] = {
    Kind.PROJECTS: "project",
    Kind.QOS_POLICIES: "QoS policy",
    Kind.NETWORKS: "network",
    Kind.SUBNETS: "subnet",
    Kind.ROUTERS: "router",
    Kind.PORTS: "port",
    Kind.FLOATING_IPS: "floating IP",
    Kind.GROUPS: "group",
    Kind.ADDRESS_GROUPS: "address group",
    Kind.POLICIES: "policy",
    Kind.ATTACH_RULES: "attach rule",
    Kind.INVARIANTS: "invariant",
    Kind.HOSTS: "host",
}
"""What a person calls one of them."""


def kind_of(item: Declared) -> Kind:
    """The kind of `item`, by its type."""
    return _KINDS[type(item)]


def object_id_of(item: Declared) -> ObjectId:
    """What tells `item` from all others of its kind."""
    return item.name if isinstance(item, Host) else item.id


def name_of(item: Declared) -> str:
    """What a person calls `item`."""
    return item.name


def project_of(item: Declared) -> ProjectId | None:
    """The project that `item` belongs to; projects and hosts belong to the installation."""
    return None if isinstance(item, Project | Host) else item.project_id


def parse_id(kind: Kind, text: str) -> ObjectId:
    """The identity that a table or a path holds as text."""
    return text if kind is Kind.HOSTS else UUID(text)
