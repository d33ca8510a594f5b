from xml.etree import ElementTree as ET

import pytest
from tests.fakes.hypervisor import MAC, VM1, Card, domain_xml, said

from weft.agent.attachment import Attachment
from weft.agent.libvirt.domains import Place, parse, pinned, place, wanted_by
from weft.model.errors import Invalid

OURS = {"web": "11111111-1111-4111-8111-111111111111"}
LIVE = Card(network="web").xml(tap="vnet0", invented="i-1", bridge="br-int")
BRIDGED = Card(bridge="br-int", interface_id="i-2").xml(tap="vnet0")


def wanted(interface: str, metadata: str = "") -> Attachment | None:
    machine = parse(domain_xml(VM1, "vm1", [interface], metadata))
    (nic,) = machine.nics
    at = place(machine, nic, OURS)
    return None if at is None else wanted_by(machine, nic, at, "engine")


def test_a_libvirt_network_of_ours_is_enough() -> None:
    port = wanted(LIVE)

    assert port is not None
    assert (port.network, port.project, port.kind) == (OURS["web"], None, "vm")
    assert (port.port_id, port.mac, port.workload.id) == ("i-1", MAC, f"{VM1}/{MAC}")
    assert port.workload.name == "vm1"


def test_metadata_names_the_network_of_an_interface_on_the_bridge() -> None:
    port = wanted(BRIDGED, said("network='DockerSN'"))

    assert port is not None
    assert (port.network, port.project, port.port_id) == ("DockerSN", "default", "i-2")


def test_an_interface_on_the_bridge_without_metadata_is_left_alone() -> None:
    assert wanted(BRIDGED) is None


def test_metadata_does_not_take_an_interface_off_another_network() -> None:
    assert wanted(Card(network="theirs").xml(), said("network='DockerSN'")) is None
    assert wanted(Card(bridge="virbr0").xml(), said("network='DockerSN'")) is None


def test_labels_are_the_domains_and_those_of_the_interface_over_them() -> None:
    own = f"<weft:interface mac='{MAC.upper()}'><weft:label key='role' value='front'/></weft:interface>"
    all_of_it = "<weft:label key='app' value='web'/><weft:label key='role' value='any'/>"

    port = wanted(LIVE, said(children=all_of_it + own))

    assert port is not None
    assert port.labels == {"app": "web", "role": "front"}


def test_metadata_as_virsh_writes_it_has_its_namespace_on_the_outermost_element_alone() -> None:
    port = wanted(LIVE, said(children="<label key='app' value='web'/>"))

    assert port is not None
    assert port.labels == {"app": "web"}


def test_an_interface_may_be_on_a_network_of_its_own_with_an_address_of_its_own() -> None:
    own = f"<interface mac='{MAC}' network='storage' project='lab' address='10.9.0.7'/>"

    port = wanted(BRIDGED, said("network='DockerSN'", own))

    assert port is not None
    assert (port.network, port.project, port.addresses) == ("storage", "lab", ("10.9.0.7",))


def test_an_address_that_is_none_is_refused_with_the_domains_name() -> None:
    with pytest.raises(Invalid, match=r"domain vm1 asks for address='ten'"):
        wanted(LIVE, said(children=f"<interface mac='{MAC}' address='ten'/>"))


@pytest.mark.parametrize(
    ("driver", "left"),
    [
        ("<driver name='qemu'><host csum='off'/></driver>", False),
        ("<driver name='qemu'><host gso='off'/></driver>", True),
        ("", True),
    ],
)
def test_a_virtio_card_leaves_checksums_to_the_host_unless_it_is_told_not_to(
    driver: str, *, left: bool
) -> None:
    card = f"<interface type='network'><mac address='{MAC}'/><model type='virtio'/>{driver}</interface>"

    (nic,) = parse(domain_xml(VM1, "vm1", [card])).nics

    assert nic.leaves_checksums is left


def test_an_emulated_card_computes_its_checksums() -> None:
    card = f"<interface type='network'><mac address='{MAC}'/><model type='e1000e'/></interface>"

    (nic,) = parse(domain_xml(VM1, "vm1", [card])).nics

    assert not nic.leaves_checksums


def test_pinning_adds_the_id_and_changes_nothing_else() -> None:
    (nic,) = parse(domain_xml(VM1, "vm1", [Card(network="web").xml()])).nics

    after = ET.fromstring(pinned(nic, "the-port"))

    port = after.find("virtualport")
    assert port is not None
    assert port.get("type") == "openvswitch"
    assert port.find("parameters[@interfaceid='the-port']") is not None
    after.remove(port)
    assert ET.tostring(after) == ET.tostring(ET.fromstring(nic.xml))


def test_a_place_is_known_by_id_or_by_name_in_its_project() -> None:
    machine = parse(domain_xml(VM1, "vm1", [LIVE]))

    assert place(machine, machine.nics[0], OURS) == Place(OURS["web"])
