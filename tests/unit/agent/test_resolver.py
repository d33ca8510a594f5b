"""What the resolver reads of a question, what it says by itself, and whom it asks."""

import struct
from ipaddress import ip_address, ip_network
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.agent.resolver import message
from weft.agent.resolver.message import Code, Kind, Malformed, Query
from weft.agent.resolver.road import Road, network_of, road_of
from weft.agent.resolver.upstream import servers_in
from weft.client import AskingNetwork, Resolver
from weft.model.ids import RouterId

LED_OUT = AskingNetwork(
    id="out", prefixes=(ip_network("10.1.0.0/24"), ip_network("fd00:1::/64")), forwards=True
)
KEPT_IN = AskingNetwork(id="in", prefixes=(ip_network("10.2.0.0/24"),), forwards=False)
RESOLVER = Resolver(router=RouterId(UUID(int=1)), mtu=1400, networks=(LED_OUT, KEPT_IN))


def query(name: str, kind: int = Kind.A) -> Query:
    asked = message.read(message.asking(name, Kind.A, b"\x12\x34"))
    raw = asked.message[: asked.end - 4] + struct.pack("!2H", kind, 1)
    return message.read(raw)


@pytest.mark.parametrize(
    ("name", "kind", "road"),
    [
        ("world.example", Kind.A, Road.WORLD),
        ("internal.example", Kind.A, Road.WORLD),
        ("example", 2, Road.WORLD),  # the servers of a top-level domain
        ("", 2, Road.WORLD),
        ("web-1", Kind.A, Road.OURS),
        ("web-1", Kind.AAAA, Road.OURS),
        ("internal", Kind.A, Road.OURS),
        ("INTERNAL", 6, Road.OURS),
        ("web-1.net.other.internal", 15, Road.OURS),
        ("5.0.1.10.in-addr.arpa", Kind.PTR, Road.OURS),
        ("5.0.2.10.in-addr.arpa", Kind.PTR, Road.OURS),
        ("53.53.254.169.in-addr.arpa", Kind.PTR, Road.OURS),
        ("5.0.3.10.in-addr.arpa", Kind.PTR, Road.WORLD),
        ("300.0.1.10.in-addr.arpa", Kind.PTR, Road.WORLD),
        (ip_address("fd00:1::5").reverse_pointer, Kind.PTR, Road.OURS),
        (ip_address("fd00:9::5").reverse_pointer, Kind.PTR, Road.WORLD),
        ("0.d.f.ip6.arpa", Kind.PTR, Road.WORLD),
    ],
)
def test_names_of_ports_are_asked_of_ovn_and_of_nobody_else(name: str, kind: int, road: Road) -> None:
    assert road_of(query(name, kind), RESOLVER, LED_OUT) is road


def test_without_a_way_out_nobody_is_asked_for_names_of_the_world() -> None:
    assert road_of(query("world.example"), RESOLVER, KEPT_IN) is Road.NONE
    assert road_of(query("web-1"), RESOLVER, KEPT_IN) is Road.OURS


def test_only_workloads_of_the_routers_networks_are_known() -> None:
    found = {text: network_of(RESOLVER, ip_address(text)) for text in ("10.1.0.9", "10.2.0.9", "203.0.113.9")}

    assert found == {"10.1.0.9": LED_OUT, "10.2.0.9": KEPT_IN, "203.0.113.9": None}


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", None),
        (b"\x12\x34\x81\x80\0\1\0\0\0\0\0\0\0\0\1\0\1", None),  # an answer
        (b"\x12\x34\x28\0\0\1\0\0\0\0\0\0\0\0\6\0\1", Code.NOT_IMPLEMENTED),  # an update
        (b"\x12\x34\1\0\0\2\0\0\0\0\0\0\0\0\1\0\1", Code.MALFORMED),  # two questions
        (b"\x12\x34\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1", Code.MALFORMED),  # a name that points at itself
        (b"\x12\x34\1\0\0\1\0\0\0\0\0\0\3ab", Code.MALFORMED),  # a label that ends too early
        (b"\x12\x34\1\0\0\1\0\0\0\0\0\0\0\0", Code.MALFORMED),  # a question that ends too early
        (b"\x12\x34\1\0\0\1\0\0\0\0\0\0" + b"\1a" * 130 + b"\0\0\1\0\1", Code.MALFORMED),  # too long a name
        (b"\x12\x34\1\0\0\1\0\0\0\0\0\0\0\0\xfc\0\1", Code.REFUSED),  # a whole zone
    ],
)
def test_what_cannot_be_answered_is_told_apart(raw: bytes, code: Code | None) -> None:
    with pytest.raises(Malformed) as refused:
        message.read(raw)

    assert refused.value.code == code
    if code is not None:
        said = message.refusal(raw, code)
        assert (said[:2], said[2] & 0x80, message.code_of(said)) == (b"\x12\x34", 0x80, code)


@given(st.binary(max_size=80))
def test_no_bytes_at_all_are_more_than_refused(raw: bytes) -> None:
    try:
        asked = message.read(raw)
    except Malformed:
        return
    assert raw[: asked.end].endswith(asked.question)
    assert message.answers(asked, message.empty(asked, Code.NO_SUCH_NAME))


def test_an_answer_is_only_taken_for_the_question_that_was_asked() -> None:
    asked = query("world.example")
    right = message.empty(asked, Code.FINE)

    assert message.answers(asked, right)
    assert message.answers(asked, message.empty(query("WORLD.example"), Code.FINE))
    assert message.answers(asked, message.refusal(asked.message, Code.MALFORMED)), "it could not read it"
    assert not message.answers(asked, b"\0\0" + right[2:])
    assert not message.answers(asked, message.empty(query("evil.example"), Code.FINE))
    assert not message.answers(asked, message.empty(query("world.example", Kind.AAAA), Code.FINE))
    assert not message.answers(asked, asked.message)
    assert not message.answers(asked, right[:11])


def test_who_asked_knows_the_answer_by_its_own_number() -> None:
    asked = query("world.example")

    assert message.as_answer_to(asked, b"\xff\xff" + b"rest") == b"\x12\x34rest"


def test_the_servers_of_the_host_are_asked_but_never_ourselves() -> None:
    text = "# nameserver 192.0.2.1\nsearch x\nnameserver 169.254.53.53\nnameserver 192.0.2.2 \nnameserver\n"

    assert servers_in(text + "nameserver fe80::1%eth0\nnameserver 192.0.2.4\n") == [
        "192.0.2.2",
        "fe80::1%eth0",
    ]
