"""Rules as a body says them, in the store's terms: their references resolved in the project."""

from collections.abc import Iterable

from weft.api import references
from weft.api.schemas.policy import PeerIn, RuleIn
from weft.model.errors import Invalid, WeftError
from weft.model.ids import GroupId, ProjectId, RuleId
from weft.model.network import Network
from weft.model.policy import AddressGroup, Group, Peer
from weft.store import Transaction
from weft.store.policies import NewRule


def target_of(tx: Transaction, owner: ProjectId, reference: str | None) -> GroupId | None:
    """The group that a policy is for; None is every port. Raises NotFound."""
    if reference is None:
        return None
    return references.owned(tx, Group, owner, reference, field="target").id


def rules_of(tx: Transaction, owner: ProjectId, asked: Iterable[RuleIn]) -> tuple[NewRule, ...]:
    """The rules of a policy; an error's field says which. Raises NotFound, Invalid."""
    return tuple(rule_of(tx, owner, rule, f"rules.{number}") for number, rule in enumerate(asked))


def rule_of(tx: Transaction, owner: ProjectId, asked: RuleIn, place: str) -> NewRule:
    """One rule; `place` begins the field of an error. Raises NotFound, Invalid."""
    try:
        peer = _peer(tx, owner, asked.peer)
    except WeftError as error:
        error.field = f"{place}.{error.field}"
        raise
    try:
        service = asked.service.to_model()
    except Invalid as error:
        error.field = f"{place}.service.{error.field}"
        raise
    return NewRule(
        id=None if asked.id is None else RuleId(asked.id),
        direction=asked.direction,
        action=asked.action,
        peer=peer,
        service=service,
        stateful=asked.stateful,
        log=asked.log,
        count=asked.count,
        description=asked.description,
        expires=asked.expires,
    )


def _peer(tx: Transaction, owner: ProjectId, asked: PeerIn) -> Peer:
    group, network, addresses = asked.group, asked.network, asked.address_group
    return Peer(
        group_id=None if group is None else references.owned(tx, Group, owner, group, field="peer.group").id,
        network_id=None
        if network is None
        else references.owned(tx, Network, owner, network, field="peer.network").id,
        zone=asked.zone,
        address_group_id=None
        if addresses is None
        else references.owned(tx, AddressGroup, owner, addresses, field="peer.address_group").id,
        cidr=asked.cidr,
    )
