"""Laws of the compiler, for any model."""

import re
from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from tests.support.builders import Anything, a_port, a_snapshot
from tests.support.models import models

from weft.compiler import CompilerSettings, compile_model, names
from weft.model.port import Port
from weft.ovn.rows import REFERENCES, Acl, AddressSet, PortGroup, Rows

SETTINGS = CompilerSettings()


def compiled(objects: list[Anything]) -> Rows:
    return compile_model(a_snapshot(*objects), SETTINGS)


def acls(rows: Rows) -> list[Acl]:
    return [row for row in rows.values() if isinstance(row, Acl)]


@given(models(), st.randoms(use_true_random=False))
def test_the_order_of_declaration_leaves_no_trace(objects: list[Anything], chance: Random) -> None:
    shuffled = list(objects)
    chance.shuffle(shuffled)
    assert compiled(shuffled) == compiled(objects)


@given(models())
def test_every_reference_has_its_row(objects: list[Anything]) -> None:
    rows = compiled(objects)
    for row in rows.values():
        for table, column in REFERENCES:
            if row.table == table:
                assert keys_in(getattr(row, column)) <= rows.keys()


def keys_in(column: object) -> set[object]:
    """The keys of a reference column: a set, one, or none."""
    return set(column) if isinstance(column, frozenset) else {column} - {None}


@given(models())
def test_a_match_names_only_what_has_members(objects: list[Anything]) -> None:
    rows = compiled(objects)
    addresses: dict[str, set[str]] = {}
    for row in rows.values():
        if isinstance(row, AddressSet):
            assert row.addresses
            addresses[row.name] = set(row.addresses)
        if isinstance(row, PortGroup):
            assert row.ports, "a port group without ports does not reach the hosts"
            held: list[frozenset[str]] = [getattr(rows[key], "addresses", frozenset()) for key in row.ports]
            words = [word for each in held for text in each for word in text.split()[1:]]
            addresses[f"@{row.name}"] = set(row.ports)
            addresses[f"{row.name}_ip4"] = {word for word in words if "." in word}
            addresses[f"{row.name}_ip6"] = {word for word in words if ":" in word}
    for acl in acls(rows):
        for name in re.findall(r"\$(\w+)|(@\w+)", acl.match):
            assert addresses["".join(name)], acl.match


@given(models())
def test_no_acl_matches_the_far_end_by_its_port(objects: list[Anything]) -> None:
    for acl in acls(compiled(objects)):
        assert ("inport" in acl.match) == (acl.direction == "from-lport")
        assert ("outport" in acl.match) == (acl.direction == "to-lport")


@given(models())
def test_conntrack_is_always_on_in_both_directions(objects: list[Anything]) -> None:
    rows = compiled(objects)
    for group in rows.values():
        if isinstance(group, PortGroup) and group.name.startswith("weft_net_"):
            kept = [acl for acl in acls(rows) if acl.key in group.acls and acl.action == "allow-related"]
            assert {acl.direction for acl in kept if acl.priority == 500} == {"from-lport", "to-lport"}


@given(models())
def test_what_is_logged_is_metered(objects: list[Anything]) -> None:
    rows = compiled(objects)
    for acl in acls(rows):
        if acl.log:
            assert names.metered(acl.meter or "") is not None
            assert f"meter:{acl.meter}" in rows
            assert acl.name is not None
            assert len(acl.name) <= 63


@given(models())
def test_binding_a_port_changes_its_own_row_and_its_translation_only(objects: list[Anything]) -> None:
    before = compiled(objects)
    for port in [each for each in objects if isinstance(each, Port)][:1]:
        bound = a_port("x", host="h").host
        after = compiled([replace(port, host=bound) if each is port else each for each in objects])
        differing = {key for key in after if after[key] != before.get(key)}
        assert {key for key in differing if not key.startswith("floating:")} == {f"port:{port.id}"}
