"""Which devices the switch took, read from a real switch's database that nobody acts on."""

from tests.functional.northbound.conftest import Server
from tests.functional.vswitch.conftest import vsctl

from weft.agent.vswitch import Vswitch

OURS = {"192.0.2.1": "br-data", "127.0.0.1": "lo"}


def bridge(server: Server, name: str, datapath: str, *devices: str) -> None:
    vsctl(server, "add-br", name, "--", "set", "Bridge", name, f"datapath_type={datapath}")
    for device in devices:
        vsctl(server, "add-port", name, device)


def seen(switch: Vswitch, devices: set[str] | None) -> bool:
    """Whether the replica comes to show exactly these."""
    wanted = None if devices is None else frozenset(devices)
    position = 0
    for _ in range(20):
        if switch.enslaved(OURS) == wanted:
            return True
        position = switch.wait_for_change(position, 0.5)
    return False


def test_the_bridge_with_the_tunnels_address_is_ours_and_an_operators_own_is_not(
    database: Server, switch: Vswitch
) -> None:
    bridge(database, "br-int", "netdev", "vnet0")
    bridge(database, "br-data", "netdev", "eth1")
    bridge(database, "br-lab", "netdev", "eth2")
    vsctl(database, "set", "Open_vSwitch", ".", "external_ids:ovn-encap-ip=192.0.2.1")

    assert seen(switch, {"vnet0", "eth1"})


def test_internal_ports_and_tunnels_are_not_devices_that_the_switch_took(
    database: Server, switch: Vswitch
) -> None:
    bridge(database, "br-int", "netdev", "ovn-h2-0", "inner", "vnet0")
    vsctl(database, "set", "Interface", "ovn-h2-0", "type=vxlan", "options:remote_ip=192.0.2.2")
    vsctl(database, "set", "Interface", "inner", "type=internal")

    assert seen(switch, {"vnet0"})


def test_wefts_own_pairs_are_told_by_their_group_and_not_listed(database: Server, switch: Vswitch) -> None:
    bridge(database, "br-int", "netdev", "vnet0", "wf0123456789a")
    vsctl(database, "set", "Interface", "wf0123456789a", "external_ids:weft\\:port=x")

    assert seen(switch, {"vnet0"})


def test_a_tap_of_wefts_own_is_told_by_its_group_and_a_persons_interface_is_listed(
    database: Server, switch: Vswitch
) -> None:
    bridge(database, "br-int", "netdev", "tap7", "wt0123456789a")
    for name in ("tap7", "wt0123456789a"):
        vsctl(database, "set", "Interface", name, "external_ids:weft\\:port=x", "external_ids:iface-id=x")

    assert seen(switch, {"tap7"})
    assert switch.foreign() == frozenset(), "the agent has plugged both"
    plugged = switch.interfaces()
    assert (plugged["tap7"], plugged["wt0123456789a"], plugged["br-int"]) == ("x", "x", "")


def test_bridges_of_the_kernel_datapath_take_nothing(database: Server, switch: Vswitch) -> None:
    bridge(database, "br-int", "system", "vnet0")
    bridge(database, "br-lab", "netdev", "eth2")

    assert seen(switch, None)


def test_a_tunnel_is_a_peer_once_vswitchd_has_it(database: Server, switch: Vswitch) -> None:
    bridge(database, "br-int", "netdev", "ovn-h2-0")
    vsctl(database, "set", "Interface", "ovn-h2-0", "type=vxlan", "options:remote_ip=192.0.2.2")
    assert seen(switch, set())
    assert switch.tunnel_peers() == frozenset()

    vsctl(database, "set", "Interface", "ovn-h2-0", "ofport=7")

    position = 0
    while not switch.tunnel_peers():
        position = switch.wait_for_change(position, 5)
    assert switch.tunnel_peers() == {"192.0.2.2"}
