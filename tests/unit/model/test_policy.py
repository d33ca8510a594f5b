"""An impossible policy cannot be built."""

import pytest
from tests.support.builders import a_peer, a_qos_policy, a_service

from weft.model.errors import Invalid
from weft.model.policy import PortRange, Protocol, RateLimit, Service


@pytest.mark.parametrize(("first", "last"), [(-1, 5), (5, 4), (1, 65_536)])
def test_port_ranges_exist_on_the_wire(first: int, last: int) -> None:
    with pytest.raises(Invalid, match="not a port range"):
        PortRange(first, last)


def test_a_service_has_only_what_its_protocol_has() -> None:
    with pytest.raises(Invalid, match="ports need the protocol"):
        Service(protocol=Protocol.ICMP, ports=(PortRange(1, 2),))
    with pytest.raises(Invalid, match="ICMP type needs"):
        Service(protocol=Protocol.TCP, icmp_type=8)
    with pytest.raises(Invalid, match="code needs"):
        Service(protocol=Protocol.ICMP, icmp_code=0)
    with pytest.raises(Invalid, match="between 0 and 255"):
        a_service("icmp/256")


def test_a_rule_has_one_peer() -> None:
    with pytest.raises(Invalid, match="one peer"):
        a_peer(group="web", cidr="10.0.0.0/8")


def test_limits_and_marks_fit_their_fields() -> None:
    with pytest.raises(Invalid, match="DSCP"):
        a_qos_policy("gold", dscp=64)
    with pytest.raises(Invalid, match="rate"):
        RateLimit(rate_kbps=0)
