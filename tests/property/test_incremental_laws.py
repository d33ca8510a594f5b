"""A change that is compiled by itself gives the rows that compiling everything gives."""

from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from tests.support.builders import Anything, a_snapshot
from tests.support.changes import touched_between
from tests.support.models import models

from weft.compiler import Compilation, CompilerSettings, compile_model
from weft.model.snapshot import Snapshot, Touched

SETTINGS = CompilerSettings()


@given(models(), models(), st.randoms(use_true_random=False))
def test_any_way_to_a_model_gives_its_rows(
    first: list[Anything], last: list[Anything], chance: Random
) -> None:
    snapshots = [a_snapshot(*first), *steps(first, last, chance)]
    compilation = Compilation(snapshots[0], SETTINGS)
    for old, new in pairwise(snapshots):
        before = dict(compilation.rows)

        told = compilation.advance(new, touched_between(old, new))

        after = compile_model(new, SETTINGS)
        assert compilation.rows == after
        assert told == {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


@given(models(), models())
def test_naming_more_than_what_differs_changes_nothing(first: list[Anything], last: list[Anything]) -> None:
    old, new = a_snapshot(*first), a_snapshot(*last)
    compilation = Compilation(old, SETTINGS)

    everything = {
        field.name: getattr(old, field.name).keys() | getattr(new, field.name).keys()
        for field in fields(Touched)
    }
    compilation.advance(new, Touched(**everything))

    assert compilation.rows == compile_model(new, SETTINGS)


def steps(first: list[Anything], last: list[Anything], chance: Random) -> Iterator[Snapshot]:
    """From one model to another by a few objects at a time, in any order."""
    now, goal = by_identity(first), by_identity(last)
    left = sorted((key for key in now.keys() | goal.keys() if now.get(key) != goal.get(key)), key=str)
    chance.shuffle(left)
    while left:
        for key in [left.pop() for _ in range(min(len(left), chance.randint(1, 3)))]:
            now.pop(key, None)
            if key in goal:
                now[key] = goal[key]
        yield sound(a_snapshot(*now.values()))


def by_identity(objects: list[Anything]) -> dict[object, Anything]:
    return {(type(each), each.name): each for each in objects}


def sound(snapshot: Snapshot) -> Snapshot:
    """`snapshot` without what stands on something that is not there."""
    networks, there = snapshot.networks, snapshot.subnets
    subnets = {key: subnet for key, subnet in there.items() if subnet.network_id in networks}
    ports = {
        key: port
        for key, port in snapshot.ports.items()
        if port.network_id in networks and all(ip.subnet_id in subnets for ip in port.fixed_ips)
    }
    return replace(snapshot, subnets=subnets, ports=ports)
