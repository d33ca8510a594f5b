"""The next address is the lowest free one that a workload may have."""

from dataclasses import replace
from ipaddress import ip_address

import pytest
from tests.support.builders import a_subnet

from weft.model.errors import Invalid
from weft.model.ipam import can_hold, first_free, usable
from weft.model.network import AddressRange


def test_network_gateway_and_broadcast_are_never_handed_out() -> None:
    assert [str(a) for a in usable(a_subnet("10.0.0.0/29"))] == [f"10.0.0.{n}" for n in range(2, 7)]


def test_ipv6_has_no_broadcast() -> None:
    assert [str(a) for a in usable(a_subnet("fd00::/126"))] == ["fd00::2", "fd00::3"]


def test_pools_limit_what_is_picked_not_what_may_be_asked_for() -> None:
    pool = AddressRange(first=ip_address("10.0.0.100"), last=ip_address("10.0.0.101"))
    subnet = replace(a_subnet(), pools=(pool,))
    assert [str(a) for a in usable(subnet)] == ["10.0.0.100", "10.0.0.101"]
    assert can_hold(subnet, ip_address("10.0.0.5"))


def test_the_lowest_free_address_is_next_and_a_full_subnet_has_none() -> None:
    subnet = a_subnet("10.0.0.0/29")
    assert first_free(subnet, {ip_address("10.0.0.2")}) == ip_address("10.0.0.3")
    assert first_free(subnet, set(usable(subnet))) is None


@pytest.mark.parametrize("address", ["10.0.0.0", "10.0.0.1", "10.0.0.255", "10.0.1.5", "fd00::5"])
def test_reserved_and_foreign_addresses_cannot_be_held(address: str) -> None:
    assert not can_hold(a_subnet(), ip_address(address))


def test_a_range_runs_forward_in_one_family() -> None:
    with pytest.raises(Invalid, match="not an address range"):
        AddressRange(first=ip_address("10.0.0.2"), last=ip_address("10.0.0.1"))
    with pytest.raises(Invalid, match="not an address range"):
        AddressRange(first=ip_address("10.0.0.2"), last=ip_address("fd00::1"))


def test_a_pool_outside_of_its_subnet_is_refused() -> None:
    stray = AddressRange(first=ip_address("10.0.1.1"), last=ip_address("10.0.1.2"))
    with pytest.raises(Invalid, match="not inside subnet"):
        replace(a_subnet(), pools=(stray,))
