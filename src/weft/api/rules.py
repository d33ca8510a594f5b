"""Rules as a body says them, in the store's terms: their references resolved in the project."""

from collections.abc import Iterable
from typing import TypedDict, TypeVar

from weft.api import references
from weft.api.schemas.description import PolicyDescribed, RuleDescribed
from weft.api.schemas.policy import PeerIn, PolicyCreate, PolicyPatch, RuleIn
from weft.model.errors import WeftError
from weft.model.ids import GroupId, NetworkId, ProjectId, RuleId
from weft.model.network import Network
from weft.model.policy import AddressGroup, Group, Peer
from weft.store import Transaction
from weft.store.policies import NewRule

T = TypeVar("T")


class Target(TypedDict):
    """The fields of a policy that say whom it is for; none of them is every port."""

    target: GroupId | None
    target_network: NetworkId | None
    target_zone: str | None


def target_of(
    tx: Transaction, owner: ProjectId, asked: PolicyCreate | PolicyPatch | PolicyDescribed
) -> Target:
    """Whom a policy is for. Raises NotFound."""
    group, network = asked.target, asked.target_network
    return {
        "target": None if group is None else references.owned(tx, Group, owner, group, field="target").id,
        "target_network": None
        if network is None
        else references.owned(tx, Network, owner, network, field="target_network").id,
        "target_zone": asked.target_zone,
    }


def rules_of(
    tx: Transaction, owner: ProjectId, asked: Iterable[RuleIn | RuleDescribed]
) -> tuple[NewRule, ...]:
    """The rules of a policy; an error's field says which. Raises NotFound, Invalid."""
    return tuple(rule_of(tx, owner, rule, f"rules.{number}") for number, rule in enumerate(asked))


def rule_of(tx: Transaction, owner: ProjectId, asked: RuleIn | RuleDescribed, place: str) -> NewRule:
    """One rule; `place` begins the field of an error. Raises NotFound, Invalid.

    A description names no ids.
    """
    kept = asked.id if isinstance(asked, RuleIn) else None
    try:
        service = asked.service.to_model()
    except WeftError as error:
        error.field = ".".join(filter(None, (place, "service", error.field)))
        raise
    return NewRule(
        id=None if kept is None else RuleId(kept),
        direction=asked.direction,
        action=asked.action,
        peer=peer_of(tx, owner, asked.peer, f"{place}.peer"),
        service=service,
        stateful=asked.stateful,
        log=asked.log,
        count=asked.count,
        description=asked.description,
        expires=asked.expires,
    )


def peer_of(tx: Transaction, owner: ProjectId, asked: PeerIn, field: str) -> Peer:
    """The other side of a rule; `field` begins that of an error. Raises NotFound."""

    def named(kind: type[T], reference: str | None, which: str) -> T | None:
        if reference is None:
            return None
        return references.owned(tx, kind, owner, reference, field=f"{field}.{which}")

    group = named(Group, asked.group, "group")
    network = named(Network, asked.network, "network")
    addresses = named(AddressGroup, asked.address_group, "address_group")
    return Peer(
        group_id=None if group is None else group.id,
        network_id=None if network is None else network.id,
        zone=asked.zone,
        address_group_id=None if addresses is None else addresses.id,
        cidr=asked.cidr,
    )
