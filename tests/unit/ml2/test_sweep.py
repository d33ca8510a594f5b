"""The sweep says what is to be told again, and never that something of others' is to go."""

from dataclasses import replace

from weft.ml2.nouns import Noun
from weft.ml2.sweep import Difference, differences
from weft.ml2.translate import Wanted, project
from weft.ml2.weft_side import Held

KEYSTONE = "27fb53b3287547b8ae40b51ba1ee6dff"
WANTED = Wanted(kind="networks", id="n1", version=3, body={"name": "a"}, project=KEYSTONE)
HELD = Held(kind="networks", id="n1", version=3, digest=WANTED.digest, settled=True, state=None)
EVERYTHING: list[tuple[Noun, str, list[Wanted] | None]] = [(Noun.NETWORK, "n1", [WANTED])]


def why(*held: Held) -> list[tuple[str, str]]:
    return [(one.object_id, one.why) for one in differences(EVERYTHING, held)]


def test_equal_sides_differ_in_nothing() -> None:
    assert why(HELD) == []


def test_what_is_missing_different_or_changed_is_told_again() -> None:
    assert why() == [("n1", "is not in Weft")]
    assert why(replace(HELD, digest="other")) == [("n1", "is different in Weft")]
    assert why(replace(HELD, settled=False)) == [("n1", "was changed in Weft")]


def test_a_version_alone_makes_no_difference() -> None:
    assert why(replace(HELD, version=2)) == []


def test_what_neutron_has_no_more_is_looked_at_once_more() -> None:
    gone = replace(HELD, id="n2")

    assert differences(EVERYTHING, [HELD, gone]) == [
        Difference(Noun.NETWORK, "n2", "is in Weft and not in Neutron")
    ]


def test_a_port_that_is_no_workload_any_more_goes() -> None:
    held = replace(HELD, kind="ports", id="p1")

    assert differences([*EVERYTHING, (Noun.PORT, "p1", [])], [HELD, held]) == [
        Difference(Noun.PORT, "p1", "is in Weft and not in Neutron")
    ]


def test_what_cannot_be_said_is_left_alone() -> None:
    assert differences([(Noun.NETWORK, "n1", None)], [HELD]) == []


def test_a_security_group_of_which_a_half_is_missing_is_told_once() -> None:
    both = [replace(WANTED, kind="groups"), replace(WANTED, kind="policies")]

    assert len(differences([(Noun.SECURITY_GROUP, "n1", both)], [])) == 1


def test_what_comes_with_a_project_stays_while_the_project_does() -> None:
    parts = list(project(KEYSTONE, "demo"))
    held = [replace(HELD, kind=one.kind, id=one.id, digest=one.digest) for one in parts]

    assert differences(EVERYTHING, [HELD, *held]) == []
    assert differences([*EVERYTHING, (Noun.PROJECT, KEYSTONE, parts)], [HELD, *held[:-1]]) == [
        Difference(Noun.PROJECT, KEYSTONE, "is not in Weft")
    ]
