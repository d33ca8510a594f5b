"""What Neutron calls what is mirrored, and what becomes of it in Weft. Pure."""

from collections.abc import Collection, Mapping
from enum import StrEnum

from weft.ml2.translate import base_id


class Noun(StrEnum):
    """Neutron's words, in an order in which objects can be made."""

    PROJECT = "project"
    QOS_POLICY = "qos_policy"
    NETWORK = "network"
    SUBNET = "subnet"
    ADDRESS_GROUP = "address_group"
    SECURITY_GROUP = "security_group"
    ROUTER = "router"
    PORT = "port"
    FLOATING_IP = "floatingip"


KINDS: Mapping[Noun, tuple[str, ...]] = {
    Noun.QOS_POLICY: ("qos_policies",),
    Noun.NETWORK: ("networks",),
    Noun.SUBNET: ("subnets",),
    Noun.ADDRESS_GROUP: ("address_groups",),
    Noun.SECURITY_GROUP: ("groups", "policies"),
    Noun.ROUTER: ("routers",),
    Noun.PORT: ("ports",),
    Noun.FLOATING_IP: ("floating_ips",),
}
"""The kinds of Weft that an object of Neutron's is, with its id. Projects stay: others may use them."""

NOUN_OF: Mapping[str, Noun] = {kind: noun for noun, kinds in KINDS.items() for kind in kinds}


def base_ids(projects: Collection[str]) -> frozenset[str]:
    """The ids of the groups and policies that come with projects (Weft's ids)."""
    return frozenset(base_id(project, state) for project in projects for state in ("on", "off"))
