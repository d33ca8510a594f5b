"""Addresses beyond all ports to which a route leads, in classes that no line can tell apart."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network
from itertools import pairwise
from typing import cast

import numpy as np

from weft.model.ids import RouterId
from weft.model.network import Prefix
from weft.verifier.census import Mask
from weft.verifier.lines import EVERYONE
from weft.verifier.plane import Plane, prefixes_of
from weft.verifier.world import World

_BITS = {4: 32, 6: 128}
_EVERYWHERE: dict[int, Prefix] = {4: IPv4Network("0.0.0.0/0"), 6: IPv6Network("::/0")}


def outside(world: World, plane: Plane) -> Mask:
    """By number of the roster, the classes of outside addresses that are meant; no columns where no route is.

    Policy has only one end there: what such an address sends is judged where it arrives.
    """
    routes = [route for route in _routes(world, plane) if route.version == plane.version]
    if not routes:
        return np.zeros((len(world.roster.whos), 0), bool)
    told = {who: prefixes_of(world.snapshot, plane, who) for who in plane.holds}
    every = [prefix for prefixes in told.values() for prefix in prefixes or ()]
    some = list(_representatives(plane, routes, every))
    holds = np.zeros((len(world.roster.whos), len(some)), bool)
    for number, who in enumerate(world.roster.whos):
        holds[number] = who == EVERYONE
        for prefix in told.get(who) or ():
            start, end = int(prefix.network_address), int(prefix.broadcast_address)
            holds[number, bisect_left(some, start) : bisect_right(some, end)] = True
    return np.unique(holds, axis=1)


def _routes(world: World, plane: Plane) -> Sequence[Prefix]:
    router = world.snapshot.routers.get(cast("RouterId", plane.domain))
    if router is None:
        return []
    everywhere = [_EVERYWHERE[version] for version in sorted(world.snapshot.versions_out(router))]
    return [*(route.destination for route in router.routes), *everywhere]


def _representatives(plane: Plane, routes: Sequence[Prefix], prefixes: Sequence[Prefix]) -> Iterator[int]:
    """An address of every stretch that prefixes and routes tell apart, which leads out and is nobody's."""
    taken = [int(address) for address in plane.addresses]
    bounds = {0, 2 ** _BITS[plane.version]}
    for prefix in (*routes, *prefixes):
        bounds |= {int(prefix.network_address), int(prefix.broadcast_address) + 1}
    ordered = sorted(bounds)
    for start, end in pairwise(ordered):
        free = _free(start, taken)
        if free < end and _within(free, routes):
            yield free


def _free(number: int, taken: Sequence[int]) -> int:
    """The first number from `number` on that is not among the rising `taken`."""
    at = bisect_left(taken, number)
    while at < len(taken) and taken[at] <= number:
        number = max(number, taken[at] + 1)
        at += 1
    return number


def _within(number: int, prefixes: Sequence[Prefix]) -> bool:
    return any(int(p.network_address) <= number <= int(p.broadcast_address) for p in prefixes)
