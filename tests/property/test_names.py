"""Names in DNS depend on who is there, and not on who came first."""

from hypothesis import given
from hypothesis import strategies as st
from tests.support.builders import a_port

from weft.compiler.dns import NetworkNames
from weft.model.port import Port

CIDR = "10.0.0.0/24"
_NAMES = ["web-1", "web_1", "Web.1", "WEB-1", "db", "_", "."]


@st.composite
def some_ports(draw: st.DrawFn) -> list[Port]:
    names = draw(st.lists(st.sampled_from(_NAMES), unique=True))
    return [a_port(name, {f"10.0.0.{_NAMES.index(name) + 10}": CIDR}) for name in names]


@given(some_ports(), some_ports(), some_ports())
def test_any_way_to_the_same_ports_gives_the_same_names(
    first: list[Port], between: list[Port], last: list[Port]
) -> None:
    known = NetworkNames.of("z", first).after(first, between).after(between, last)

    assert known == NetworkNames.of("z", reversed(last))
    forward = [name for name in known.records if name.endswith(".z")]
    assert len(forward) == len(last), "each has a name of its own"
