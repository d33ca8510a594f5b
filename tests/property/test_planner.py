"""What the planner says of a change is what the whole says: reach by brute force, rows by compiling anew."""

from collections import Counter
from itertools import pairwise
from random import Random

import pytest
from tests.property.test_difference import DHCP, asked, headers, told
from tests.support.random_models import changed_model, random_model

from weft.api.planner import Planner, TableRows, touched_between
from weft.compiler import Compilation, CompilerSettings
from weft.model.snapshot import Snapshot
from weft.ovn.plan import diff


def _chain(seed: int) -> list[Snapshot]:
    """A model and what becomes of it, step by step, as a server sees it."""
    models = [random_model(seed, most_ports=5)]
    for step in range(3):
        models.append(changed_model(seed * 10 + step, models[-1]))
    return models


@pytest.mark.parametrize("start", range(0, 40, 20))
def test_what_opens_and_closes_is_what_every_single_packet_says(start: int) -> None:
    """One planner for all steps, so that what it keeps between questions is a part of the claim."""
    seen: Counter[str] = Counter()
    for seed in range(start, start + 20):
        planner, chance = Planner(CompilerSettings()), Random(seed)
        for old, new in pairwise(_chain(seed)):
            found = planner.difference(old, new)
            for version in (4, 6):
                for header in headers(chance, found, version):
                    if (header.source_port, header.value) in DHCP:
                        continue
                    opened, closed, more, fewer = asked(old, new, header)
                    assert told(found, header, opens=True) == (opened, more), (seed, header)
                    assert told(found, header, opens=False) == (closed, fewer), (seed, header)
                    seen["opened"] += bool(more)
                    seen["closed"] += bool(fewer)
    assert min(seen["opened"], seen["closed"]) > 3


def test_rows_are_what_compiling_anew_says_and_asking_twice_says_the_same() -> None:
    settings, touched = CompilerSettings(), 0
    for seed in range(30):
        planner = Planner(settings)
        for old, new in pairwise(_chain(seed)):
            plan = diff(Compilation(new, settings).rows, Compilation(old, settings).rows)
            counts = [
                Counter(row.table for row in plan.insert),
                Counter(change.row.table for change in plan.update),
                Counter(row.table for row in plan.delete),
            ]
            wanted = [
                TableRows(table=t, inserted=counts[0][t], updated=counts[1][t], deleted=counts[2][t])
                for t in sorted({*counts[0], *counts[1], *counts[2]})
            ]
            assert planner.rows(old, new) == wanted, seed
            assert planner.rows(old, new) == wanted, seed
            touched += len(wanted)
    assert touched > 30


def test_what_is_touched_is_what_differs() -> None:
    for seed in range(30):
        old = random_model(seed)
        new = changed_model(seed, old)
        touched = touched_between(old, new)
        assert {
            key for key in old.ports.keys() | new.ports.keys() if old.ports.get(key) != new.ports.get(key)
        } <= set(touched.ports)
        assert touched_between(new, new).policies == frozenset()
