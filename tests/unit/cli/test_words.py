import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.cli.quantity import kilobits, kilobits_per_second, labels_in, rate_text
from weft.cli.rulewords import peer_in, peer_text, service_in, service_text
from weft.model.errors import Invalid


@pytest.mark.parametrize(
    ("text", "kbps"), [("1kbit", 1), ("10mbit", 10_000), ("1.5Gbit", 1_500_000), ("0.5mbit", 500)]
)
def test_a_rate_is_read_exactly(text: str, kbps: int) -> None:
    assert kilobits_per_second(text) == kbps


@pytest.mark.parametrize("text", ["", "10", "mbit", "-1mbit", "0kbit", "0.5kbit", "10mb", "10 pars"])
def test_a_rate_that_could_mean_two_things_or_nothing_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="written like"):
        kilobits_per_second(text)


def test_a_burst_may_be_in_bytes() -> None:
    assert [kilobits("64kB"), kilobits("1MB"), kilobits("2mbit")] == [512, 8000, 2000]


@given(st.integers(min_value=1, max_value=2**32))
def test_a_rate_reads_back_as_it_was_written(kbps: int) -> None:
    assert kilobits_per_second(rate_text(kbps)) == kbps


@pytest.mark.parametrize(
    "text",
    ["any", "tcp", "tcp/80,443", "udp/8000-8080", "sctp/5", "icmp", "icmp/8", "icmp/3/1", "icmpv6/128"],
)
def test_a_service_reads_back_as_it_was_written(text: str) -> None:
    assert service_text(service_in(text)) == text


@pytest.mark.parametrize(
    "text", ["http", "tcp/", "icmp/", "tcp/70000", "tcp/a", "tcp/9-8", "icmp/1/2/3", "icmp/999"]
)
def test_a_service_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        service_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "any",
        "group:dev",
        "network:DockerSN",
        "zone:dmz",
        "address-group:offices",
        "10.0.0.0/8",
        "2001:db8::/32",
    ],
)
def test_a_peer_reads_back_as_it_was_written(text: str) -> None:
    assert peer_text(peer_in(text), {}) == text


@pytest.mark.parametrize("text", ["dev", "group:", "10.0.0.1/8", "host:a", ""])
def test_a_peer_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="is no peer"):
        peer_in(text)


def test_a_label_may_hold_an_equals_sign_and_nothing() -> None:
    assert labels_in(["a=b=c", "d="]) == {"a": "b=c", "d": ""}
