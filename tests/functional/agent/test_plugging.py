"""Ports that a person plugs, through the agent's socket: all or nothing, and what happens after."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.fakes.runtime import WEB, FakeServer
from tests.fakes.taps import FakeTaps
from tests.fakes.vswitch import FakeSwitch

from weft.agent.journal import Journal
from weft.agent.leases import Leases
from weft.agent.manual.control import application
from weft.agent.manual.plugging import Plugging


class Host:
    """A host whose agent can be killed, and started with what is on disk."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now = folder, 1000.0
        self.server, self.switch, self.taps = FakeServer(), FakeSwitch(), FakeTaps()
        self.start()

    def start(self) -> None:
        self.journal = Journal(self.folder / "attachments.json")
        self.agent = Plugging(
            host="h1",
            leases=Leases(self.server, "h1", self.journal),
            taps=self.taps,
            switch=self.switch,
            own_addresses=lambda: {"192.0.2.1": "eth0"},
            remade=self.folder / "run" / "taps.made",
            clock=lambda: self.now,
            grace_s=60,
        )

    def ask(self, path: str, body: object) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(application(self.agent))
            async with httpx.AsyncClient(transport=transport, base_url="http://agent") as client:
                return await client.post(path, json=body)

        return asyncio.run(send())

    def plug(self, name: str = "vm1", **more: object) -> Any:  # noqa: ANN401 - JSON
        answer = self.ask("/plug", {"name": name, "network": "web", **more})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, name: str = "vm1", **more: object) -> tuple[int, str, str]:
        answer = self.ask("/plug", {"name": name, "network": "web", **more})
        said = answer.json()
        return answer.status_code, said["detail"], said["field"]

    def unplug(self, name: str) -> Any:  # noqa: ANN401 - JSON
        return self.ask("/unplug", {"name": name}).json()

    def is_bare(self) -> bool:
        left = (self.server.ports, self.switch.ports, self.taps.there, self.journal.leases())
        return not any(left)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_a_plugged_port_is_up_with_a_tap_of_the_networks_mtu(host: Host) -> None:
    told = host.plug(labels={"app": "db"})

    port = host.server.ports[told["id"]]
    assert (told["name"], told["network"], told["project"]) == ("vm1", "web", "default")
    assert (told["mac"], told["addresses"]) == (port.mac, [f"{port.addresses[0]}/24"])
    assert (told["state"], host.server.statuses) == ("up", [(told["id"], "up")])
    assert host.taps.there[told["interface"]].mtu == WEB.mtu == told["mtu"]
    assert host.switch.ports == {told["interface"]: told["id"]}
    assert f"ifname={told['interface']}" in told["qemu"]
    assert told["qemu"].endswith("csum=off"), "the datapath is the userspace one"


def test_plugging_again_is_the_same_also_by_id_and_after_a_restart(host: Host) -> None:
    told = host.plug()
    host.start()

    assert host.plug() == told
    assert host.ask("/plug", {"name": told["id"]}).json() == told
    assert len(host.server.ports) == 1


def test_unplugging_leaves_nothing_and_again_is_no_error(host: Host) -> None:
    told = host.plug()

    assert host.unplug("vm1") == {"port_id": told["id"], "told": True}
    assert host.unplug("vm1") == {"port_id": "", "told": True}
    assert host.is_bare()


@pytest.mark.parametrize("reference", ["id", "interface"])
def test_a_port_is_unplugged_by_its_id_or_its_interface_too(host: Host, reference: str) -> None:
    told = host.plug()

    host.unplug(told[reference])

    assert host.is_bare()


def test_a_port_whose_flows_do_not_come_is_not_plugged_at_all(host: Host) -> None:
    host.switch.ovn_answers = False

    status, said, _ = host.refused()

    assert status == 502
    assert "ovn-controller" in said
    assert host.is_bare()


def test_a_kernel_that_makes_no_tap_leaves_nothing(host: Host) -> None:
    host.taps.broken = True

    assert "could not be made" in host.refused()[1]
    assert host.is_bare()


def test_an_interface_that_is_there_is_taken_and_stays(host: Host) -> None:
    host.taps.put("tap7")

    told = host.plug(interface="tap7")
    assert (told["interface"], told["made"]) == ("tap7", False)
    assert host.taps.there["tap7"].up

    host.unplug("vm1")
    assert set(host.taps.there) == {"tap7"}
    assert not host.switch.ports


def test_an_interface_is_one_ports_at_a_time(host: Host) -> None:
    host.taps.put("tap7")
    host.plug(interface="tap7")

    assert host.refused("vm2", interface="tap7") == (
        409,
        "interface tap7 is plugged as port vm1 already; unplug it there first",
        "interface",
    )
    host.taps.put("tap8")
    status, said, field = host.refused("vm1", interface="tap8")
    assert (status, field) == (409, "interface")
    assert "port vm1 is plugged as interface tap7" in said
    assert len(host.server.ports) == 1


@pytest.mark.parametrize(
    ("interface", "why"),
    [
        ("nosuch", "this host has no interface nosuch"),
        ("eth0", "has the host's own address 192.0.2.1"),
        ("lo", "is the host's loopback"),
        ("eth1", "is a part of br0"),
        ("uplink", "is on a bridge already"),
        ("narrow", "ip link set narrow mtu 1400"),
        ("a-name-that-is-too-long", "longer than 15 characters"),
    ],
)
def test_an_interface_that_cannot_be_a_ports_is_refused_and_nothing_changes(
    host: Host, interface: str, why: str
) -> None:
    host.taps.put("eth0")
    host.taps.put("lo", loopback=True)
    host.taps.put("eth1", master="br0")
    host.taps.put("uplink")
    host.taps.put("narrow", mtu=1300)
    host.switch.ports["uplink"] = ""
    before = host.taps.present()

    _, said, field = host.refused(interface=interface)

    assert (why in said, field) == (True, "interface")
    assert host.taps.present() == before
    assert (host.server.ports, host.journal.leases(), host.switch.ports) == ({}, (), {"uplink": ""})


def test_a_port_that_somebody_plugged_by_its_id_is_not_plugged_twice(host: Host) -> None:
    made = host.server.plug("h1", name="db", network="web").port
    host.server.ports[made.id] = declared = replace(made, workload=None)
    host.switch.ports["vnet0"] = declared.id

    assert "plugged already, as interface vnet0" in host.refused("db")[1]
    assert host.switch.ports == {"vnet0": declared.id}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], None),
        ({}, "name"),
        ({"name": 7}, "name"),
        ({"name": "vm1", "colour": "red"}, None),
        ({"name": "vm1", "mac": "ff:ff:ff:ff:ff:ff"}, "mac"),
        ({"name": "vm1", "addresses": ["nowhere"]}, "addresses"),
        ({"name": "vm1", "addresses": 7}, "addresses"),
        ({"name": "vm1", "labels": ["app"]}, "labels"),
        ({"name": "vm1", "interface": " "}, "interface"),
    ],
)
def test_what_is_no_plug_is_refused(host: Host, body: object, field: str | None) -> None:
    answer = host.ask("/plug", body)

    assert answer.status_code == 422
    assert answer.json()["detail"]
    assert host.is_bare()
    if field != "mac":  # the rule's own field name is the label's
        assert answer.json()["field"] == field


def test_what_the_server_refuses_is_said_in_its_words(host: Host) -> None:
    answer = host.ask("/plug", {"name": "vm1", "network": "nowhere"})

    assert (answer.status_code, "'nowhere'" in answer.json()["detail"]) == (404, True)
    assert host.is_bare()


def test_without_the_server_a_known_port_is_plugged_and_a_new_one_is_not(host: Host) -> None:
    told = host.plug()
    host.taps.there.clear()
    host.server.away = True

    assert host.plug() == told
    assert told["interface"] in host.taps.there
    status, said, _ = host.refused("vm2")
    assert status == 503
    assert "https://weft.example:7443 does not answer" in said


def test_what_is_unplugged_without_the_server_is_given_back_later(host: Host) -> None:
    told = host.plug()
    host.server.away = True
    assert host.unplug("vm1") == {"port_id": told["id"], "told": False}
    assert not host.taps.there

    host.server.away = False
    host.agent.look()

    assert host.is_bare()


def test_a_tap_that_vanished_keeps_its_port_for_the_grace_time(host: Host) -> None:
    host.plug()
    host.agent.look()
    host.taps.there.clear()

    host.agent.look()
    host.now += 59
    host.agent.look()
    assert host.journal.leases()
    host.now += 2
    host.agent.look()

    assert host.is_bare()


def test_a_tap_that_is_back_within_the_grace_time_is_the_ports_again(host: Host) -> None:
    host.taps.put("tap7")
    told = host.plug(interface="tap7")
    host.agent.look()
    del host.taps.there["tap7"]
    host.agent.look()
    host.now += 59
    host.taps.put("tap7")
    host.switch.ports.clear()

    host.agent.look()
    host.now += 59
    host.agent.look()

    assert host.switch.ports == {"tap7": told["id"]}


def test_after_a_boot_taps_are_made_again(host: Host) -> None:
    told = host.plug()
    host.agent.look()
    host.taps.there.clear()
    (host.folder / "run" / "taps.made").unlink()
    host.start()

    host.agent.look()

    assert set(host.taps.there) == {told["interface"]}
    assert host.switch.ports == {told["interface"]: told["id"]}


def test_what_is_ours_and_not_in_the_journal_is_half_made_and_goes(host: Host) -> None:
    """What an agent leaves that is killed just before its last step, or just after the first of an unplug."""
    told = host.plug()
    host.journal.forget(told["id"])
    host.taps.put("vnet0")
    host.start()

    host.agent.look()

    assert set(host.taps.there) == {"vnet0"}
    assert (host.server.ports, host.switch.ports) == ({}, {})


def test_a_port_that_was_deleted_is_made_anew_on_the_same_tap(host: Host) -> None:
    told = host.plug()
    host.server.ports.clear()

    again = host.plug()

    assert again["id"] != told["id"]
    assert again["interface"] == told["interface"]
    assert host.switch.ports == {told["interface"]: again["id"]}
    assert [lease.port_id for lease in host.journal.leases()] == [again["id"]]


def test_ports_of_one_name_in_two_projects_have_a_tap_each(host: Host) -> None:
    host.server.others = (replace(WEB, id="2" * 8 + WEB.id[8:], name="shopnet", project="shop"),)
    shop = host.plug("vm1", network="shopnet", project="shop")

    default = host.plug("vm1")

    assert shop["interface"] != default["interface"]
    assert host.switch.ports == {one["interface"]: one["id"] for one in (shop, default)}
    host.ask("/unplug", {"name": "vm1", "project": "shop"})
    assert host.switch.ports == {default["interface"]: default["id"]}


def test_a_port_that_was_renamed_keeps_its_tap_and_is_unplugged_by_its_new_name(host: Host) -> None:
    told = host.plug("vm1")
    host.server.ports[told["id"]] = replace(host.server.ports[told["id"]], name="vm2")

    other = host.plug("vm1")
    host.agent.look()

    assert other["interface"] != told["interface"]
    host.unplug("vm2")
    assert host.switch.ports == {other["interface"]: other["id"]}


def test_the_name_of_an_interface_is_not_the_name_of_its_port(host: Host) -> None:
    told = host.plug("vm1")

    other = host.plug(told["interface"])

    assert other["interface"] != told["interface"]
    assert len(host.switch.ports) == 2
