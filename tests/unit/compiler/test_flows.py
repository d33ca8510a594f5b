"""What an ACL costs in flows. The whole is compared with ovn-controller in `tests/functional/matches`."""

import pytest
from tests.support.builders import a_service

from weft.compiler.flows import Price, price, services


@pytest.mark.parametrize(
    ("service", "matches"),
    [
        ("any", 1),
        ("tcp", 1),
        ("icmp/8", 1),
        ("tcp/80", 1),
        ("tcp/80,443,8080", 3),
        ("tcp/8000-8080", 9),
        ("tcp/1000-1999", 14),
        ("tcp/0-1023", 11),
        ("tcp/60000-65535", 10),
        ("tcp/0-65535", 1),
        ("tcp/80,8000-8080", 10),
    ],
)
def test_a_service_is_as_many_masked_matches_as_ovn_makes_of_it(service: str, matches: int) -> None:
    assert services(a_service(service)) == matches


def test_one_list_is_multiplied_and_several_are_added() -> None:
    assert price(1_000, 1).alone == 2_000
    assert price(1_000, 10).alone == 2_022, "ten services in one ACL, as measured on OVN 23.03"
    assert price(1, 1) == Price(alone=2, several=0, each=2)
    assert price(1_000, 1) == Price(alone=2_000, several=2_002, each=2)
