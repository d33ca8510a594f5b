"""The rows of a model, and what becomes of them when the model changes.

There are two kinds of rows. Those of units (`weft.compiler.units`) are functions of the model. Those that
hold others, a switch with its QoS rows, a port group with its ACLs, follow from which rows there are.
"""

from collections import ChainMap, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import cast

from weft.compiler import names
from weft.compiler.dns import dns_row
from weft.compiler.domains import Domains, Standing, rejoined
from weft.compiler.groups import port_group
from weft.compiler.meters import log_meter
from weft.compiler.settings import CompilerSettings
from weft.compiler.switches import logical_switch
from weft.compiler.units import Unit, affected_units, every_unit
from weft.model.ids import NetworkId
from weft.model.snapshot import Snapshot, Touched
from weft.ovn.rows import Acl, Key, Qos, Row, Rows, by_key

_Held = Mapping[Key, Set[Key]]
"""The keys of the rows that each holder holds."""


class Compilation:
    """The rows of one snapshot, advanced to those of the next. For one thread at a time."""

    def __init__(self, snapshot: Snapshot, settings: CompilerSettings) -> None:
        """Compile all of `snapshot`."""
        self._domains = Domains.of(snapshot, settings)
        self._rows = by_key(_rows_of(every_unit(self._domains), self._domains))
        self._held = dict(_held_after({}, {}, self._rows))
        holders = {*map(names.switch_key, snapshot.networks), *self._domains.port_groups, *self._held}
        holders.update(map(names.dns_key, snapshot.networks))
        self._rows.update(by_key(_holding_rows(holders, self._domains, self._held)))

    @property
    def rows(self) -> Rows:
        """Every row, as of `snapshot`: a live view."""
        return self._rows

    @property
    def snapshot(self) -> Snapshot:
        """What the rows are compiled from."""
        return self._domains.snapshot

    def advance(self, snapshot: Snapshot, touched: Touched) -> Set[Key]:
        """Go on to `snapshot`, which differs from the last one in no more than what is `touched`.

        Answers which rows are new, different or gone. All or nothing: after an error all is as before.
        """
        old, new = self._domains, self._domains.advanced(snapshot, touched)
        units = affected_units(old, new, touched)
        gone, come = by_key(_rows_of(units, old)), by_key(_rows_of(units, new))
        if taken := (come.keys() - gone.keys()) & self._rows.keys():
            raise ValueError(f"two rows have the key {min(taken)}")
        held = _held_after(self._held, gone, come)
        holders = {*held, *_moved_holders(old, new, touched)}
        gone.update((key, self._rows[key]) for key in _keys_of(holders) if key in self._rows)
        come.update(by_key(_holding_rows(holders, new, ChainMap(held, self._held))))
        self._domains = new
        self._held.update(held)
        return self._replace(gone, come)

    def _replace(self, gone: Rows, come: Rows) -> Set[Key]:
        differing = {key for key in gone.keys() | come.keys() if gone.get(key) != come.get(key)}
        for key in differing:
            if key in come:
                self._rows[key] = come[key]
            else:
                del self._rows[key]
        return differing


def _rows_of(units: Iterable[Unit], domains: Domains) -> Iterator[Row]:
    for unit in units:
        yield from unit.rows(domains)


def _held_after(held: _Held, gone: Rows, come: Rows) -> dict[Key, Set[Key]]:
    """What the holders hold of which a row is new or gone."""
    left: defaultdict[Key, set[Key]] = defaultdict(set)
    joined: defaultdict[Key, set[Key]] = defaultdict(set)
    for rows, others, found in ((gone, come, left), (come, gone, joined)):
        for row in rows.values():
            for holder in set(_holders(row)).difference(_holders(others.get(row.key))):
                found[holder].add(row.key)
    return {key: (held.get(key, frozenset()) - left[key]) | joined[key] for key in {*left, *joined}}


def _holders(row: Row | None) -> Iterator[Key]:
    if isinstance(row, Acl):
        yield names.acl_group(row.key)
        if row.meter is not None:
            yield names.meter_key(row.meter)
    elif isinstance(row, Qos):
        yield names.qos_switch(row.key)


def _moved_holders(old: Domains, new: Domains, touched: Touched) -> Iterator[Key]:
    """Those that hold, or name, other ports than before."""
    yield from map(names.switch_key, touched.networks)
    yield from map(names.dns_key, new.named | touched.networks)
    for network in rejoined(old.snapshot, new.snapshot, touched.routers):
        yield from (names.switch_key(network), names.dns_key(network))
    for snapshot in (old.snapshot, new.snapshot):
        routers = (snapshot.routers[key] for key in touched.routers if key in snapshot.routers)
        yield from (names.switch_key(r.gateway.network_id) for r in routers if r.gateway is not None)
    for subnets in (old.snapshot.subnets, new.snapshot.subnets):
        yield from (names.switch_key(subnets[key].network_id) for key in touched.subnets if key in subnets)
    for owner, where in new.moved:
        if owner is Standing.EVERYONE:
            yield names.switch_key(cast("NetworkId", where))
        for members in (old.at(owner, where), new.at(owner, where)):
            if members is not None:
                yield names.group_key(members.name)


def _keys_of(holders: Iterable[Key]) -> Iterator[Key]:
    """The keys of the rows that holders have."""
    for holder in holders:
        yield holder
        if meter := names.meter_name(holder):
            yield names.band_key(meter)


def _holding_rows(holders: Iterable[Key], domains: Domains, held: _Held) -> Iterator[Row]:
    """The rows of the holders that exist."""
    for holder in holders:
        holds = held.get(holder, frozenset())
        network = names.switched_network(holder)
        if network is not None and network in domains.snapshot.networks:
            yield logical_switch(domains, network, holds)
        elif (named := names.named_network(holder)) is not None:
            if named in domains.called and named in domains.snapshot.router_of:
                yield dns_row(named, domains.called[named])
        elif holder in domains.port_groups:
            yield port_group(domains.port_groups[holder], holds)
        elif holds and (meter := names.meter_name(holder)):
            yield from log_meter(meter, domains.settings.log_rate)
        elif holds:
            raise ValueError(f"{holder} does not exist, and should hold {sorted(holds)}")
