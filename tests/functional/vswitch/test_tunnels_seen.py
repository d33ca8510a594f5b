"""Tunnels and bridges as the doctor and the pulse read them, from a real switch's database."""

from tests.functional.northbound.conftest import Server
from tests.functional.vswitch.conftest import vsctl

from weft.agent.health.openvswitch import TunnelPort
from weft.agent.vswitch import Vswitch


def test_a_switch_without_bridges_has_no_datapath_and_no_tunnels(switch: Vswitch) -> None:
    seen = switch.seen()

    assert (seen.datapath, seen.tunnels, dict(seen.bridges)) == (None, (), {})


def test_a_tunnel_of_ovn_is_read_with_its_peer_and_counter(database: Server, switch: Vswitch) -> None:
    vsctl(database, "add-br", "br-int", "--", "set", "Bridge", "br-int", "datapath_type=netdev")
    vsctl(
        database,
        *("add-port", "br-int", "ovn-h2-0", "--", "set", "Port", "ovn-h2-0"),
        *("external_ids:ovn-chassis-id=h2@10.0.0.2", "--", "set", "Interface", "ovn-h2-0", "type=vxlan"),
        *("options:remote_ip=10.0.0.2", "ofport=7", "statistics={rx_packets=41}"),
    )

    seen = switch.seen()

    assert seen.datapath == "netdev"
    assert seen.tunnels == (
        TunnelPort(
            name="ovn-h2-0",
            peer="h2",
            address="10.0.0.2",
            encapsulation="vxlan",
            error="",
            ofport=7,
            received=41,
        ),
    )


def test_a_tunnel_of_somebody_else_is_not_ours(database: Server, switch: Vswitch) -> None:
    vsctl(database, "add-br", "br-theirs")
    vsctl(database, "add-port", "br-theirs", "gre0", "--", "set", "Interface", "gre0", "type=vxlan")

    seen = switch.seen()

    assert seen.tunnels == ()
    assert seen.bridges == {"br-theirs": {"br-theirs", "gre0"}}
