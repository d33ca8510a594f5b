from dataclasses import replace
from xml.etree import ElementTree as ET

from tests.fakes.runtime import WEB

from weft.agent.libvirt.networks import LibvirtNetwork, is_ours, network_xml, plan

OURS = LibvirtNetwork(uuid=WEB.id, name="web", ours=True, runs=True)
FOREIGN = LibvirtNetwork(uuid="f", name="web", ours=False, runs=False)


def test_a_served_network_appears_under_its_own_name_and_id_on_our_bridge() -> None:
    (new,) = plan([WEB], [], []).define
    root = ET.fromstring(new.xml)

    assert (new.name, root.findtext("name"), root.findtext("uuid")) == ("web", "web", WEB.id)
    assert root.find("bridge[@name='br-int']") is not None
    assert root.find("virtualport[@type='openvswitch']") is not None


def test_what_we_define_has_our_mark_and_other_networks_have_not() -> None:
    assert is_ours(network_xml("web", WEB))
    assert not is_ours("<network><name>default</name><metadata><x xmlns='urn:y'/></metadata></network>")


def test_what_is_there_already_is_left_alone() -> None:
    changes = plan([WEB], [OURS], [])

    assert (changes.remove, changes.define, changes.start) == ((), (), ())


def test_one_that_somebody_stopped_is_started() -> None:
    idle = replace(OURS, runs=False)

    assert plan([WEB], [idle], []).start == (idle,)


def test_a_foreign_network_keeps_its_name_and_is_neither_started_nor_removed() -> None:
    changes = plan([WEB], [FOREIGN], [])

    assert [new.name for new in changes.define] == ["default.web"]
    assert (changes.remove, changes.start) == ((), ())


def test_networks_of_the_same_name_carry_their_projects() -> None:
    other = replace(WEB, id="2", project="lab")

    assert [new.name for new in plan([WEB, other], [], []).define] == ["default.web", "lab.web"]


def test_a_network_goes_with_the_weft_network() -> None:
    assert plan([], [OURS, FOREIGN], ["web"]).remove == (OURS,)


def test_a_renamed_network_takes_its_new_name_once_no_domain_uses_the_old() -> None:
    renamed = replace(WEB, name="front")

    used = plan([renamed], [OURS], ["web"])
    idle = plan([renamed], [OURS], [])

    assert (used.remove, used.define) == ((), ())
    assert (idle.remove, [new.name for new in idle.define]) == ((OURS,), ["front"])
