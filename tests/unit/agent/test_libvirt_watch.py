from pathlib import Path

import pytest
from tests.fakes.hypervisor import MAC, VM1, Card, FakeHypervisor, said
from tests.fakes.runtime import WEB, FakeServer

from weft.agent.journal import Journal
from weft.agent.leases import Leases
from weft.agent.libvirt.domains import OFFLOADS, parse
from weft.agent.libvirt.hypervisor import News
from weft.agent.libvirt.mirror import Mirror
from weft.agent.libvirt.networks import LibvirtNetwork
from weft.agent.libvirt.watch import INSTALL_S, Watch
from weft.client import Port

CARD = Card(network="web")


class Host:
    def __init__(self, folder: Path) -> None:
        self.now = 0.0
        self.server, self.journal = FakeServer(), folder / "attachments.json"
        self.libvirt = FakeHypervisor()
        self.switch = self.libvirt.switch
        self.restart_agent()

    def restart_agent(self) -> None:
        leases = Leases(self.server, "h1", Journal(self.journal))
        self.watch = Watch(
            hypervisor=self.libvirt,
            leases=leases,
            switch=self.switch,
            networks=Mirror(self.libvirt, self.switch, lambda: self.server.host_networks("h1").items),
            clock=lambda: self.now,
            grace_s=60,
        )
        self.watch.resync()

    def hears(self, uuid: str = VM1, *, undefined: bool = False) -> None:
        one = frozenset({uuid})
        self.watch.take(News(one, one if undefined else frozenset()))

    def passes(self, seconds: float) -> None:
        self.now += seconds
        self.watch.resync()

    @property
    def ports(self) -> list[Port]:
        return list(self.server.ports.values())


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def configured_id(host: Host) -> str:
    config = host.libvirt.listed[VM1].config
    assert config is not None
    return parse(config).nics[0].interface_id


def test_networks_appear_before_any_domain_and_the_bridge_carries_their_frames(host: Host) -> None:
    assert [(n.name, n.ours) for n in host.libvirt.networks()] == [("web", True)]
    assert host.switch.mtu == max(WEB.mtu or 0, 1500)


def test_nothing_is_changed_before_the_server_was_heard(tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.server.away = True

    host.restart_agent()

    assert [n.name for n in host.libvirt.networks()] == ["web"]


def test_a_started_domain_has_a_port_with_libvirts_own_id(host: Host) -> None:
    host.libvirt.start(CARD)
    host.hears()

    (port,) = host.ports
    assert (port.name, port.kind, port.mac, port.host) == ("vm1", "vm", MAC, "h1")
    assert list(host.switch.ports.values()) == [port.id]


def test_it_is_up_when_its_flows_are_installed_and_not_before(host: Host) -> None:
    host.switch.ovn_answers = False
    host.libvirt.start(CARD)
    host.hears()
    before = list(host.server.statuses)
    host.switch.ovn_answers = True
    host.watch.take(News())

    assert before == []
    assert host.server.statuses == [(host.ports[0].id, "up")]


def test_flows_that_do_not_come_are_said(host: Host) -> None:
    host.switch.ovn_answers = False
    host.libvirt.start(CARD)
    host.hears()
    host.now += INSTALL_S
    host.watch.take(News())

    assert host.server.statuses == [(host.ports[0].id, "pending")]
    assert "ovn-controller" in host.server.reasons[host.ports[0].id]


def test_a_restarted_domain_is_the_same_port_although_libvirt_invents_another_id(host: Host) -> None:
    host.libvirt.start(CARD)
    host.hears()
    (first,) = host.ports
    host.libvirt.stop()
    host.libvirt.start(CARD)
    host.hears()

    assert host.ports == [first]
    assert list(host.switch.ports.values()) == [first.id], "the tap is the port's, whatever libvirt wrote"


def test_a_defined_domain_keeps_the_id_in_its_configuration(host: Host) -> None:
    host.libvirt.define(CARD)
    host.libvirt.start(CARD)
    host.hears()

    assert configured_id(host) == host.ports[0].id
    host.passes(1)
    assert len(host.libvirt.updates) == 1, "a second pass writes nothing"


def test_an_id_that_somebody_chose_for_the_next_start_is_left_in_the_configuration(host: Host) -> None:
    host.libvirt.define(Card(network="web", interface_id="chosen"))
    host.libvirt.start(CARD)
    host.hears()

    assert configured_id(host) == "chosen"


def test_a_copied_domain_gets_the_id_of_its_own_port(host: Host) -> None:
    copy = Card(network="web", interface_id="of-another")
    host.server.taken.add("of-another")
    host.libvirt.define(copy)
    host.libvirt.start(copy)
    host.hears()

    assert configured_id(host) == host.ports[0].id != "of-another"
    assert list(host.switch.ports.values()) == [host.ports[0].id]


def test_with_the_server_away_a_known_domain_starts_as_its_port_and_is_told_of_later(host: Host) -> None:
    host.libvirt.start(CARD)
    host.hears()
    (first,) = host.ports
    host.libvirt.stop()
    host.server.away = True
    host.restart_agent()
    host.libvirt.start(CARD, metadata=said(children="<label key='app' value='web'/>"))
    host.hears()
    plugged = list(host.switch.ports.values())
    host.server.away = False
    host.now += 3
    host.watch.take(News())

    assert plugged == [first.id]
    assert host.ports[0].labels == {"app": "web"}


def test_with_the_server_away_a_new_domain_waits_and_gets_its_port_when_it_is_back(host: Host) -> None:
    host.server.away = True
    host.libvirt.start(CARD)
    host.hears()
    before = list(host.ports)
    host.server.away = False
    host.now += 3
    host.watch.take(News())

    assert before == []
    assert [port.name for port in host.ports] == ["vm1"]


def test_a_domain_that_asks_for_what_is_not_there_is_a_failure_said_once(host: Host) -> None:
    host.libvirt.start(Card(bridge="br-int"), metadata=said("network='nowhere'"))
    host.hears()
    host.passes(3)

    assert len(host.server.failures) == 1
    assert "nowhere" in host.server.failures[0]


def test_labels_follow_the_metadata_of_a_running_domain(host: Host) -> None:
    host.libvirt.start(CARD)
    host.hears()
    host.libvirt.describe(said(children="<label key='app' value='web'/>"))
    host.hears()

    assert host.ports[0].labels == {"app": "web"}


def test_a_stopped_domain_keeps_its_port_and_an_undefined_one_frees_it_at_once(host: Host) -> None:
    host.libvirt.define(CARD)
    host.libvirt.start(CARD)
    host.hears()
    host.libvirt.stop()
    host.hears()
    host.passes(1000)
    kept = list(host.ports)
    del host.libvirt.listed[VM1]
    host.hears(undefined=True)

    assert len(kept) == 1
    assert host.ports == []


def test_a_transient_domain_frees_its_port_after_the_grace_time(host: Host) -> None:
    host.libvirt.start(CARD)
    host.hears()
    host.libvirt.stop()
    host.hears()
    host.passes(1)
    host.passes(58)
    kept = len(host.ports)
    host.passes(2)

    assert (kept, host.ports) == (1, [])


def test_an_unplugged_interface_frees_its_port_and_the_other_stays(host: Host) -> None:
    second = Card(network="web", mac="52:54:00:aa:00:02")
    host.libvirt.start(CARD, second)
    host.hears()
    both = len(host.ports)
    host.libvirt.start(CARD)
    host.hears()

    assert both == 2
    assert [port.mac for port in host.ports] == [MAC]


def test_an_interface_whose_libvirt_network_was_taken_away_keeps_its_port(host: Host) -> None:
    host.libvirt.define(CARD)
    host.libvirt.start(CARD)
    host.hears()
    host.libvirt.stop()
    host.libvirt.present.clear()
    host.server.away = True

    host.restart_agent()

    assert len(host.ports) == 1


def test_an_interface_that_moved_to_a_foreign_network_gives_its_port_back(host: Host) -> None:
    host.libvirt.define(CARD)
    host.libvirt.start(CARD)
    host.hears()
    host.libvirt.stop()
    host.libvirt.present["f"] = LibvirtNetwork(uuid="f", name="nat", ours=False, runs=True)
    host.libvirt.define(Card(network="nat"))
    host.watch.resync()

    assert host.ports == []


def test_a_port_that_was_deleted_behind_our_back_is_made_again(host: Host) -> None:
    host.libvirt.start(CARD)
    host.hears()
    (first,) = host.ports
    host.server.ports.clear()
    host.passes(60)

    assert [port.id for port in host.ports] == [first.id]


def test_offloads_that_break_tcp_are_said_with_the_port_and_only_on_the_userspace_datapath(
    host: Host,
) -> None:
    loose = Card(network="web", csum="on")
    host.libvirt.start(loose)
    host.hears()
    said_there = host.server.reasons[host.ports[0].id]
    host.libvirt.stop()
    host.switch.kind = "system"
    host.restart_agent()
    host.libvirt.start(loose)
    host.hears()

    assert said_there == OFFLOADS
    assert host.server.reasons[host.ports[0].id] == ""
