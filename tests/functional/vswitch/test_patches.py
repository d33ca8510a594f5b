"""A VLAN of a physical bridge as a port of br-int, in a real switch's database that nobody acts on."""

import subprocess
from collections.abc import Mapping

import pytest
from tests.functional.northbound.conftest import Server
from tests.functional.vswitch.conftest import vsctl

from weft.agent.baremetal.patches import Patch
from weft.agent.vswitch import Vswitch
from weft.ovsdb import OvsdbUnavailable

PRINTER = Patch(port_id="8d2e5a52-1111-4222-8333-444455556666", bridge="br-ex", vlan=120)


@pytest.fixture
def bridges(database: Server, switch: Vswitch) -> None:
    for name in ("br-int", "br-ex", "br-lan"):
        vsctl(database, "add-br", name)
    vsctl(database, "set", "Open_vSwitch", ".", "external_ids:ovn-bridge-mappings=physnet1:br-ex, lan:br-lan")
    comes_to(switch, bridges={"br-int": "system", "br-ex": "system", "br-lan": "system"})


def comes_to(
    switch: Vswitch,
    *,
    bridges: Mapping[str, str] | None = None,
    patches: Mapping[str, Patch | None] | None = None,
) -> None:
    """Block until the replica shows these bridges, or these patches."""
    position = 0
    for _ in range(40):
        if (bridges is None or switch.bridges() == bridges) and (
            patches is None or switch.patches() == patches
        ):
            return
        position = switch.wait_for_change(position, 0.5)
    raise AssertionError(f"the replica shows {switch.bridges()} and {switch.patches()}")


def shown(server: Server, *argv: str) -> str:
    command = ["ovs-vsctl", "--no-wait", "--timeout=10", f"--db={server.remote}", *argv]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.usefixtures("bridges")
def test_the_vlan_is_an_access_port_there_and_a_port_that_ovn_knows_here(
    database: Server, switch: Vswitch
) -> None:
    switch.patch(PRINTER)

    assert switch.patches() == {PRINTER.port_id: PRINTER}
    assert shown(database, "list-ports", "br-ex").split() == [PRINTER.outside]
    assert shown(database, "get", "port", PRINTER.outside, "tag", "vlan_mode").split() == ["120", "access"]
    assert shown(database, "list-ports", "br-int").split() == [PRINTER.inside]
    known_as = shown(database, "get", "interface", PRINTER.inside, "external_ids:iface-id").strip()
    assert known_as == f'"{PRINTER.port_id}"'
    peers = [shown(database, "get", "interface", name, "options:peer").strip() for name in ends(PRINTER)]
    assert peers == [PRINTER.outside, PRINTER.inside]


@pytest.mark.usefixtures("bridges")
def test_nobody_else_takes_it_for_a_port_that_a_workload_has(switch: Vswitch) -> None:
    switch.patch(PRINTER)

    assert not switch.ours()
    assert not switch.foreign()


@pytest.mark.parametrize(
    "damage",
    [
        ("del-port", "br-ex", PRINTER.outside),
        ("del-port", "br-int", PRINTER.inside),
        ("set", "port", PRINTER.outside, "tag=7"),
        ("remove", "port", PRINTER.outside, "tag", "120"),
        ("set", "interface", PRINTER.inside, "options:peer=elsewhere"),
        ("set", "interface", PRINTER.inside, "external_ids:iface-id=another"),
    ],
)
@pytest.mark.usefixtures("bridges")
def test_what_is_damaged_is_seen_and_made_again(
    database: Server, switch: Vswitch, damage: tuple[str, ...]
) -> None:
    switch.patch(PRINTER)
    vsctl(database, *damage)
    seen = Patch(port_id=PRINTER.port_id, bridge="br-ex", vlan=7) if "tag=7" in damage else None
    comes_to(switch, patches={PRINTER.port_id: seen})

    switch.patch(PRINTER)

    assert switch.patches() == {PRINTER.port_id: PRINTER}


@pytest.mark.usefixtures("bridges")
def test_it_moves_to_another_bridge_and_vlan_and_goes_without_a_trace(
    database: Server, switch: Vswitch
) -> None:
    switch.patch(PRINTER)
    moved = Patch(port_id=PRINTER.port_id, bridge=switch.bridge_mappings()["lan"], vlan=4000)

    switch.patch(moved)
    assert switch.patches() == {PRINTER.port_id: moved}
    assert not shown(database, "list-ports", "br-ex")

    for _ in range(2):
        switch.unpatch(PRINTER.port_id)
    assert not switch.patches()
    assert [shown(database, "list-ports", name) for name in ("br-int", "br-lan")] == ["", ""]


def test_without_the_integration_bridge_nothing_is_made(database: Server, switch: Vswitch) -> None:
    vsctl(database, "add-br", "br-ex")
    comes_to(switch, bridges={"br-ex": "system"})

    with pytest.raises(OvsdbUnavailable, match="br-int"):
        switch.patch(PRINTER)

    assert not switch.patches()


def ends(patch: Patch) -> tuple[str, str]:
    return patch.inside, patch.outside
