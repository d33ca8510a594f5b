from xml.etree import ElementTree as ET

from tests.fakes.runtime import WEB

from weft.agent.libvirt import network_xml, wanted_by

DOMAIN = """
<domain><name>vm1</name><uuid>u-1</uuid>
 <metadata>{metadata}</metadata>
 <devices><interface type='{kind}'><mac address='52:54:00:AA:00:01'/><source {source}/>
  <virtualport type='openvswitch'><parameters interfaceid='i-1'/></virtualport></interface>
 <interface type='bridge'><mac address='52:54:00:aa:00:02'/><source bridge='virbr0'/></interface>
 </devices></domain>
"""


def test_metadata_names_the_network_and_libvirts_own_id_becomes_the_ports() -> None:
    said = "<weft:port xmlns:weft='https://weft.dev/libvirt/1' network='DockerSN' tier='db'/>"

    (wanted,) = wanted_by(DOMAIN.format(metadata=said, kind="bridge", source="bridge='br-int'"), "engine", {})

    assert (wanted.network, wanted.project, wanted.kind) == ("DockerSN", "default", "vm")
    assert (wanted.port_id, wanted.mac, wanted.workload.id) == (
        "i-1",
        "52:54:00:aa:00:01",
        "u-1/52:54:00:aa:00:01",
    )
    assert wanted.labels == {"tier": "db"}


def test_a_libvirt_network_of_ours_is_enough() -> None:
    xml = DOMAIN.format(metadata="", kind="network", source="network='web'")

    (wanted,) = wanted_by(xml, "engine", {"web": WEB.id})

    assert (wanted.network, wanted.project) == (WEB.id, None)


def test_other_domains_are_left_alone() -> None:
    assert list(wanted_by(DOMAIN.format(metadata="", kind="network", source="network='x'"), "e", {})) == []


def test_a_network_of_ours_has_the_uuid_of_wefts() -> None:
    root = ET.fromstring(network_xml("web", WEB))

    assert root.findtext("uuid") == WEB.id
    assert root.find("bridge").get("name") == "br-int"  # type: ignore[union-attr]
