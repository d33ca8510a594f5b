"""What a way out is asked for with: an external network, or `host`, which is there for the asking."""

from weft.api import references
from weft.api.auth import require_admin
from weft.api.schemas.router import GatewayIn
from weft.model.door import SUBNET
from weft.model.errors import NotFound
from weft.model.ids import ProjectId, RouterId
from weft.model.network import HOST, Network, Physical
from weft.model.router import Router
from weft.store import Transaction, gateways, networks
from weft.store.doors import door_network
from weft.store.networks import NewNetwork, NewSubnet
from weft.store.tokens import Caller


def lead_out(tx: Transaction, who: Caller, router: Router, asked: GatewayIn) -> Router:
    """Lead `router` out by the network that `asked` names, of whichever project. Idempotent.

    The network `host` is made at the first asking, by an administrator: from then on, all may use it.
    Raises NotFound, Forbidden, and as `store.gateways.set_gateway` does.
    """
    outside = _meant(tx, who, router.project_id, asked.network)
    return gateways.set_gateway(tx, RouterId(router.id), outside.id, asked.address)


def _meant(tx: Transaction, who: Caller, owner: ProjectId, reference: str) -> Network:
    try:
        return references.external(tx, owner, reference, field="network")
    except NotFound:
        if reference != HOST:
            raise
    known = door_network(tx)
    return _made(tx, who, owner) if known is None else known


def _made(tx: Transaction, who: Caller, owner: ProjectId) -> Network:
    require_admin(who)
    everyones = next(
        (p.id for p in tx.snapshot.projects.values() if p.name == references.DEFAULT_PROJECT), owner
    )
    new = NewNetwork(
        project_id=everyones,
        name=HOST,
        description="The way out by each host's own address.",
        physical=Physical(name=HOST),
        subnets=(NewSubnet(cidr=SUBNET, dhcp=False),),
    )
    return networks.add_network(tx, new)
