"""The leases hand out what the model would, one after the other."""

from ipaddress import ip_address, ip_network
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weft.model.ids import NetworkId, ProjectId, SubnetId
from weft.model.ipam import first_free
from weft.model.network import Address, AddressRange, Subnet
from weft.store.leases import Leases

NOBODY = UUID(int=0)


def subnet(cidr: str, *pools: tuple[str, str]) -> Subnet:
    prefix = ip_network(cidr)
    return Subnet(
        id=SubnetId(NOBODY),
        project_id=ProjectId(NOBODY),
        network_id=NetworkId(NOBODY),
        name="s",
        cidr=prefix,
        gateway=prefix[1],
        pools=tuple(AddressRange(first=ip_address(a), last=ip_address(b)) for a, b in pools),
    )


@pytest.mark.parametrize(
    "asked",
    [
        subnet("10.0.0.0/28"),
        subnet("fd00::/124"),
        subnet("10.0.0.0/28", ("10.0.0.8", "10.0.0.10"), ("10.0.0.0", "10.0.0.3")),
    ],
)
@given(steps=st.lists(st.integers(0, 15), max_size=40))
def test_the_cursor_changes_nothing_but_the_cost(asked: Subnet, steps: list[int]) -> None:
    leases, taken = Leases(asked), set[Address]()
    for step in steps:
        address = asked.cidr[step]
        if address in taken:
            leases.release(address)
            taken.discard(address)
        else:
            found = leases.first_free()
            assert found == first_free(asked, taken)
            if found is not None:
                leases.take(found)
                taken.add(found)
