"""Which machines may become hosts, decided before anything is touched."""

from dataclasses import replace

import pytest
from tests.support.hosts import JOINED, MACHINE, RECORD, SSL, SWITCH, UPLINK, WISH

from weft.host.facts import Bridge, Interface, Machine, SslFiles
from weft.host.preflight import announced, ids, refusals
from weft.host.record import Phase, Record


def refused(machine: Machine, record: Record | None = None) -> str:
    reasons = refusals(machine, WISH, record)
    assert reasons
    return "; ".join(reasons)


def with_switch(**changes: object) -> Machine:
    return replace(MACHINE, switch=replace(SWITCH, **changes))  # type: ignore[arg-type]  # a test's shorthand


def test_a_machine_with_a_switch_of_its_own_may_become_a_host() -> None:
    assert refusals(MACHINE, WISH, None) == ()


@pytest.mark.parametrize("key", ["ovn-remote", "ovn-remote-other-chassis"])
def test_a_chassis_of_another_ovn_is_refused_by_its_remote(key: str) -> None:
    assert "ssl:1.2.3.4:6642" in refused(with_switch(external_ids={key: "ssl:1.2.3.4:6642"}))


def test_how_often_somebody_wants_to_be_probed_makes_no_chassis() -> None:
    assert refusals(with_switch(external_ids={"ovn-remote-probe-interval": "1"}), WISH, None) == ()


def test_an_integration_bridge_with_ports_is_refused_and_they_are_named() -> None:
    bridge = Bridge(name="br-int", interfaces=(Interface(name="br-int"), Interface(name="tap7")))

    assert "tap7" in refused(with_switch(bridges=(UPLINK, bridge)))


def test_an_integration_bridge_that_somebody_controls_is_refused() -> None:
    bridge = Bridge(name="br-int", has_controller=True)

    assert "controller" in refused(with_switch(bridges=(UPLINK, bridge)))


def test_the_empty_bridge_of_an_ovn_controller_without_a_remote_is_nobody_s() -> None:
    bridge = Bridge(name="br-int", interfaces=(Interface(name="br-int"),))

    assert refusals(with_switch(bridges=(UPLINK, bridge)), WISH, None) == ()


def test_what_we_made_ourselves_is_not_in_the_way() -> None:
    bridge = Bridge(name="br-int", interfaces=(Interface(name="wf1"),))
    ours = with_switch(external_ids={"ovn-remote": "ssl:weft:6642"}, ssl=SSL, bridges=(UPLINK, bridge))

    assert refusals(replace(ours, configured=True), WISH, RECORD) == ()


def test_an_ssl_configuration_of_somebody_else_is_refused() -> None:
    assert "/etc/other.key" in refused(with_switch(ssl=SslFiles("/etc/other.key", "c", "a")))


def test_settings_that_no_join_wrote_are_refused() -> None:
    assert "agent.toml" in refused(replace(MACHINE, configured=True))


def test_without_the_kernel_s_module_tunnels_end_on_a_bridge_or_not_at_all() -> None:
    elsewhere = replace(WISH, address="192.0.2.1")

    (reason,) = refusals(MACHINE, elsewhere, None)

    assert "eth1" in reason
    assert refusals(replace(MACHINE, kernel_datapath=True), elsewhere, None) == ()


def test_an_address_that_is_not_here_is_refused_and_those_that_are_are_named() -> None:
    (reason,) = refusals(MACHINE, replace(WISH, address="203.0.113.9"), None)

    assert "203.0.113.9" in reason
    assert "192.0.2.1" in reason


def test_what_is_not_installed_is_named_with_its_package() -> None:
    said = refused(replace(MACHINE, switch=None, controller=None))

    assert "openvswitch-switch" in said
    assert "ovn-host" in said


def test_only_root_makes_hosts() -> None:
    assert "root" in refused(replace(MACHINE, is_root=False))


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (replace(RECORD, host="h9"), "h9"),
        (replace(RECORD, joined=replace(JOINED, url="https://elsewhere:7443")), "https://elsewhere:7443"),
        (replace(RECORD, phase=Phase.LEAVING), "weft host leave again"),
    ],
)
def test_a_host_does_not_become_another_one_without_leaving(record: Record, why: str) -> None:
    assert why in refused(MACHINE, record)


def test_the_plan_names_what_it_will_touch() -> None:
    said = "\n".join(announced(MACHINE, WISH, units=True))

    for word in ("/etc/weft", "weft-agent.service", "10.0.0.1", "userspace", "https://weft:7443", "h1"):
        assert word in said


def test_the_datapath_is_what_the_machine_has() -> None:
    set_up = {"host": "h1", "southbound": "ssl:weft:6642", "encapsulation": "vxlan", "address": "10.0.0.1"}

    assert ids(**set_up, kernel_datapath=True)["ovn-bridge-datapath-type"] == "system"
    assert ids(**set_up, kernel_datapath=False)["ovn-bridge-datapath-type"] == "netdev"
