"""A selector means the ports whose labels it describes."""

import pytest

from weft.model.errors import Invalid
from weft.model.selector import Selector

WEB = {"app": "web", "env": "prod"}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("app=web", True),
        ("app=db", False),
        ("app!=db", True),
        ("tier!=gold", True),
        ("!(tier=gold)", True),
        ("app=web && env=dev", False),
        ("app=db || env=prod", True),
        ("app=db && app=db || env=prod", True),
        ("app=web && (env=dev || env=prod)", True),
        ("app in {db, web}", True),
        ("app in {db}", False),
        ("has(env)", True),
        ("!has(tier)", True),
        ("all()", True),
        ('app="web"', True),
    ],
)
def test_labels_match(text: str, *, matches: bool) -> None:
    assert Selector(text).matches(WEB) is matches


@pytest.mark.parametrize(
    "text", ["", "app", "app=", "=web", "app=web &&", "(app=web", "app in {}", "app web", "app=web)", "$"]
)
def test_text_without_a_meaning_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(Invalid, match="character") as refusal:
        Selector(text)
    assert refusal.value.field == "selector"


def test_nesting_and_length_are_bounded() -> None:
    with pytest.raises(Invalid, match="nested deeper"):
        Selector("!" * 40 + "all()")
    with pytest.raises(Invalid, match="at most 1024"):
        Selector("a=" + "b" * 1024)


def test_a_selector_says_which_labels_it_asks_for() -> None:
    selector = Selector("app=web && !(env=dev || has(pci)) || tier in {a, b}")

    assert selector.keys == {"app", "env", "pci", "tier"}
    assert Selector("all()").keys == frozenset()
