"""What is written down when OVN holds a revision: since when, and which connections must end for it."""

from collections.abc import Iterator
from datetime import datetime

from weft.model.ids import HostName, Revision
from weft.model.policy import Direction
from weft.model.snapshot import Snapshot
from weft.store import Change, Kind, Store
from weft.store.change import touched_by, undone
from weft.store.cuts import Cut
from weft.store.progress import realised, record_realised
from weft.verifier.tightening import Cut as Stricter
from weft.verifier.tightening import tightening

_NO_POLICY = frozenset({Kind.PROJECTS, Kind.HOSTS, Kind.QOS_POLICIES})
_PAGE = 10_000


def record(store: Store, snapshot: Snapshot, nb_cfg: int, at: datetime) -> None:
    """Write down that OVN holds `snapshot`, acknowledged at `nb_cfg`. Idempotent.

    What must be cut is found by comparing with what OVN held before, by the change log, so a server that
    was killed between OVN and here finds the same afterwards.
    """
    last = realised(store)
    cut = None if last is None else cut_between(store, last.revision, snapshot)
    record_realised(store, snapshot.revision, nb_cfg, at, cut)


def cut_between(store: Store, since: Revision, snapshot: Snapshot) -> Cut | None:
    """What `snapshot` does not allow any more that was allowed at `since`; None if nothing was tightened."""
    changes = [change for change in _changes(store, since, snapshot.revision) if _may_tighten(change)]
    if not changes:
        return None
    stricter = tightening(undone(snapshot, changes), snapshot, touched_by(changes))
    hosts = _hosts_around(snapshot, stricter)
    if not hosts:
        return None
    return Cut(revision=snapshot.revision, ingress=stricter.ingress, egress=stricter.egress, hosts=hosts)


def _changes(store: Store, since: Revision, until: Revision) -> Iterator[Change]:
    reached = since
    while reached < until and (page := store.changes(reached, _PAGE)):
        yield from (change for change in page if change.revision <= until)
        reached = page[-1].revision


def _may_tighten(change: Change) -> bool:
    """A port that comes or goes has no connections that could run on."""
    comes_or_goes = change.before is None or change.after is None
    return change.kind not in _NO_POLICY and not (change.kind is Kind.PORTS and comes_or_goes)


def _hosts_around(snapshot: Snapshot, stricter: Stricter) -> frozenset[HostName]:
    """Where the ports and all that could have a connection with them are plugged."""
    networks = {
        network
        for direction in Direction
        for port_id in stricter.of(direction)
        for network in snapshot.networks_in(snapshot.domain_of(snapshot.ports[port_id].network_id))
    }
    return frozenset(
        port.host
        for network in networks
        for port in snapshot.ports_of.get(network, ())
        if port.host is not None
    )
