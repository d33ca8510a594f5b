"""Machines of a real libvirt under QEMU are ports as containers are: addresses, policy, QoS, restarts."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from weft.lab import life, story
from weft.lab.domain import Card, Domain
from weft.lab.layout import Lab, LabHost
from weft.lab.libvirtd import run_libvirt
from weft.lab.processes import run_on, start_on, stop_on, until

NET = "DockerSN"
CARD = Card(network=NET, mac="52:54:00:00:00:01")


@pytest.fixture(autouse=True)
def _network(h2: LabHost) -> None:
    story.wait_for_libvirt_network(h2, NET)


def port(lab: Lab, name: str) -> dict[str, Any]:
    return story.ports(lab)[name]


def gone(lab: Lab, name: str, *, timeout_s: float = 20) -> None:
    until(lambda: name not in story.ports(lab), f"the port {name} to be freed", timeout_s=timeout_s)


def booted(host: LabHost, name: str, *cards: Card, metadata: str = "") -> tuple[Domain, str]:
    domain = story.machine(host, name, *(cards or (CARD,)), metadata=metadata)
    domain.define()
    domain.start()
    address = domain.address()
    story.wait_until_up(host.lab, name)
    return domain, address


def reaches(domain: Domain, address: str) -> bool:
    """Over TCP, from inside the machine."""
    status, said = domain.try_run(f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 3 {address} 80")
    return status == 0 and "HTTP/1." in said


@contextmanager
def pinging(host: LabHost, container: str, address: str) -> Iterator[list[int]]:
    """Ping ten times a second meanwhile; the list then holds how many were sent and how many came back."""
    counted: list[int] = []
    name = f"ping-{container}"
    (host.logs / f"{name}.log").unlink(missing_ok=True)
    argv = ["docker", "exec", container, "sh", "-c", f"ping -i 0.1 -c 1000 {address} & echo $! >/tmp/p; wait"]
    start_on(host, name, argv)
    said = host.logs / f"{name}.log"
    until(lambda: said.exists() and said.read_text().count("seq=") > 3, "pings to come back", timeout_s=10)
    yield counted
    run_on(host, "docker", "exec", container, "sh", "-c", "kill -INT $(cat /tmp/p)")
    until(lambda: "packets transmitted" in said.read_text(), "ping to end", timeout_s=10)
    words = said.read_text().split("---")[-1].split()
    counted += [int(words[0]), int(words[3])]


def test_a_machine_on_the_libvirt_network_is_a_port_like_any_other(
    lab: Lab, h1: LabHost, h2: LabHost
) -> None:
    story.run_container(h1, "aa", NET)

    domain, address = booted(h2, "vm1")

    shown = port(lab, "vm1")
    assert (shown["kind"], shown["host"], shown["mac"]) == ("vm", "h2", CARD.mac)
    assert shown["id"] in domain.live_xml(), "its id is the interface's"
    assert shown["fixed_ips"][0]["address"] == address
    story.wait_until_up(lab, "aa")
    assert story.pings(h1, "aa", address)
    assert story.fetches(h1, "aa", address)
    assert reaches(domain, story.address_of(lab, "aa"))


def test_frames_as_large_as_the_network_carries_reach_a_machine(lab: Lab, h1: LabHost, h2: LabHost) -> None:
    story.run_container(h1, "aa", NET)
    _, address = booted(h2, "vm1")
    story.wait_until_up(lab, "aa")
    mtu = int(run_on(h1, "docker", "exec", "aa", "cat", "/sys/class/net/eth0/mtu"))

    run_on(h1, "docker", "exec", "aa", "ping", "-c", "3", "-W", "2", "-s", str(mtu - 28), address)

    assert mtu > 1500, "the lab's underlay carries jumbo frames, or this says nothing"


def test_served_networks_come_and_go_and_a_foreign_one_of_that_name_is_never_touched(
    lab: Lab, h2: LabHost
) -> None:
    foreign = "<network><name>clash</name><forward mode='bridge'/><bridge name='virbr9'/></network>"
    (h2.run / "foreign.xml").write_text(foreign)
    run_on(h2, "virsh", "-q", "net-define", "/run/foreign.xml")
    before = run_on(h2, "virsh", "net-dumpxml", "clash")

    for name in ("clash", "plain"):
        story.weft(lab, "network", "create", name, "--subnet", "10.8.0.0/24")
    story.wait_for_libvirt_network(h2, "default.clash")
    story.wait_for_libvirt_network(h2, "plain")
    run_on(h2, "virsh", "-q", "net-destroy", "plain")
    story.wait_for_libvirt_network(h2, "plain")
    for name in ("clash", "plain"):
        life.weft_on_central(lab, "network", "delete", name)

    until(
        lambda: {"default.clash", "plain"}.isdisjoint(run_on(h2, "virsh", "-q", "net-list", "--all").split()),
        "our libvirt networks to go",
        timeout_s=15,
    )
    assert run_on(h2, "virsh", "net-dumpxml", "clash") == before
    assert NET in story.libvirt_networks(h2)
    run_on(h2, "virsh", "-q", "net-undefine", "clash")


def test_a_restarted_machine_is_the_same_port_with_the_same_address(lab: Lab, h2: LabHost) -> None:
    domain, address = booted(h2, "vm1")
    first = port(lab, "vm1")

    domain.destroy()
    until(lambda: port(lab, "vm1")["status"]["state"] == "down", "the port to be down", timeout_s=10)
    domain.start()

    assert domain.address() == address
    story.wait_until_up(lab, "vm1")
    assert port(lab, "vm1")["id"] == first["id"]
    assert first["id"] in domain.configured_xml(), "libvirt starts it as this port without anybody's help"


def test_a_machine_defined_anew_while_the_agent_is_away_is_still_the_same_port(lab: Lab, h2: LabHost) -> None:
    domain, address = booted(h2, "vm1")
    first = port(lab, "vm1")["id"]
    life.stop_agent(h2, signal.SIGKILL)
    domain.destroy()
    domain.define()
    assert first not in domain.configured_xml()
    domain.start()

    life.run_agent(h2)

    assert domain.address() == address
    story.wait_until_up(lab, "vm1")
    assert port(lab, "vm1")["id"] == first
    assert first not in domain.live_xml(), (
        "libvirt invented another id, and the tap is the port's all the same"
    )


def test_an_undefined_machine_frees_its_port(lab: Lab, h2: LabHost) -> None:
    domain, _ = booted(h2, "vm1")
    domain.destroy()
    until(lambda: port(lab, "vm1")["status"]["state"] == "down", "the port to be down", timeout_s=10)

    domain.undefine()

    gone(lab, "vm1", timeout_s=5)


def test_a_transient_machine_frees_its_port_after_the_grace_time_and_not_before(
    lab: Lab, h2: LabHost
) -> None:
    domain = story.machine(h2, "vm1", CARD)
    domain.create()
    address = domain.address()

    domain.destroy()
    domain.create()
    again = domain.address()
    domain.destroy()

    assert again == address, "within the grace time the same machine has the same address"
    gone(lab, "vm1")


def test_cards_are_plugged_and_unplugged_while_the_machine_runs(lab: Lab, h1: LabHost, h2: LabHost) -> None:
    story.weft(lab, "network", "create", "storage", "--subnet", "10.9.0.0/24")
    story.wait_for_libvirt_network(h2, "storage")
    story.run_container(h1, "disk", "storage")
    domain, address = booted(h2, "vm1")
    second = Card(network="storage", mac="52:54:00:00:00:02")

    domain.plug(second)
    until(lambda: domain.try_run("ip link set eth1 up")[0] == 0, "the guest to see the card", timeout_s=20)
    domain.run("udhcpc -i eth1 -s /dhcp.sh -t 30 -T 1 -n -q -S", timeout_s=40)
    there = story.address_of(lab, "disk")

    assert reaches(domain, there)
    plugged = next(p for p in story.ports(lab).values() if p["mac"] == second.mac)
    assert (plugged["name"], plugged["network"]) == ("vm1-2", "storage")
    assert domain.address("eth1") == plugged["fixed_ips"][0]["address"]

    domain.unplug(second)

    gone(lab, "vm1-2")
    assert port(lab, "vm1")["fixed_ips"][0]["address"] == address
    run_on(h1, "docker", "rm", "-f", "disk")
    gone(lab, "disk")
    life.weft_on_central(lab, "network", "delete", "storage")


def test_a_declared_port_is_plugged_by_its_id_and_waits_again_after(lab: Lab, h2: LabHost) -> None:
    declared = story.weft(lab, "port", "create", "db", "--network", NET, "--kind", "vm")
    domain = story.machine(h2, "vm1", Card(port_id=declared["id"], mac=declared["mac"]))

    domain.create()

    assert domain.address() == declared["fixed_ips"][0]["address"]
    until(lambda: port(lab, "db")["host"] == "h2", "the port to be bound", timeout_s=10)
    domain.destroy()
    until(lambda: port(lab, "db")["host"] is None, "the port to be unbound", timeout_s=10)
    life.weft_on_central(lab, "port", "delete", "db")


def test_a_port_declared_after_its_machine_started_is_bound(lab: Lab, h2: LabHost) -> None:
    wanted = story.weft(lab, "port", "create", "db", "--network", NET, "--kind", "vm", "--host", "h1")
    domain = story.machine(h2, "vm1", Card(port_id=wanted["id"], mac=wanted["mac"]))
    domain.create()
    until(lambda: "binding refused" in (h2.logs / "weft-agent.log").read_text(), "a refusal", timeout_s=15)

    story.weft(lab, "port", "set", "db", "--host", "none")

    assert domain.address() == wanted["fixed_ips"][0]["address"]
    domain.destroy()
    until(lambda: port(lab, "db")["host"] is None, "the port to be unbound", timeout_s=10)
    life.weft_on_central(lab, "port", "delete", "db")


def test_a_domain_adopts_a_declared_port_with_its_name_and_labels(lab: Lab, h2: LabHost) -> None:
    declared = story.weft(
        lab, "port", "create", "db", "--network", NET, "--kind", "vm", "--label", "owner=ops"
    )
    card = Card(network=NET, port_id=declared["id"], mac=declared["mac"])

    domain, address = booted_as(h2, "vm1", "db", card, metadata=story.labelled(app="db"))

    shown = port(lab, "db")
    assert (shown["id"], shown["workload"]["name"]) == (declared["id"], "vm1")
    assert shown["labels"] == {"owner": "ops", "app": "db"}
    assert address == declared["fixed_ips"][0]["address"]
    domain.destroy()
    domain.undefine()
    until(lambda: port(lab, "db")["workload"] is None, "the port to be free for another", timeout_s=10)
    assert port(lab, "db")["labels"] == {"owner": "ops"}
    life.weft_on_central(lab, "port", "delete", "db")


def booted_as(host: LabHost, name: str, shown_as: str, *cards: Card, metadata: str) -> tuple[Domain, str]:
    domain = story.machine(host, name, *cards, metadata=metadata)
    domain.define()
    domain.start()
    address = domain.address()
    story.wait_until_up(host.lab, shown_as)
    return domain, address


def test_labels_in_metadata_decide_groups_and_so_policy_while_the_machine_runs(
    lab: Lab, h1: LabHost, h2: LabHost
) -> None:
    story.run_container(h1, "web", NET, "--label", "app=web")
    domain, address = booted(h2, "vm1", metadata=story.labelled(app="db"))
    story.wait_until_up(lab, "web")
    there = story.address_of(lab, "web")
    for group in ("web", "db"):
        story.weft(lab, "group", "create", f"g-{group}", "--selector", f"app={group}")
    story.weft(lab, "policy", "create", "apart", "--target", "g-db")
    rule = ("policy", "rule", "add", "apart", "--action", "drop", "--peer", "group:g-web", "--wait")
    story.weft(lab, *rule, "--direction", "ingress")
    story.weft(lab, *rule, "--direction", "egress")

    assert port(lab, "vm1")["groups"] == ["g-db"]
    assert not story.fetches(h1, "web", address)
    assert not reaches(domain, there)

    domain.describe("<endpoint><label key='app' value='cache'/></endpoint>")

    until(lambda: port(lab, "vm1")["labels"] == {"app": "cache"}, "the label to change", timeout_s=10)
    assert port(lab, "vm1")["groups"] == []
    until(lambda: story.fetches(h1, "web", address), "the rule to hold no more", timeout_s=10)
    assert reaches(domain, there)
    life.weft_on_central(lab, "policy", "delete", "apart")
    for group in ("web", "db"):
        life.weft_on_central(lab, "group", "delete", f"g-{group}")


def test_a_tap_without_a_port_passes_nothing_and_the_guest_gets_its_address_when_the_port_comes(
    lab: Lab, h1: LabHost, h2: LabHost
) -> None:
    story.run_container(h1, "aa", NET)
    domain = story.machine(h2, "vm1", Card(mac="52:54:00:00:00:03"))
    domain.create()
    until(lambda: "discover" in domain.console.read_text(), "the guest to ask for an address", timeout_s=30)
    story.wait_until_up(lab, "aa")
    there = story.address_of(lab, "aa")
    domain_asked = domain.console.read_text().count("discover")
    until(
        lambda: domain.console.read_text().count("discover") > domain_asked + 1, "it to ask on", timeout_s=20
    )
    assert "vm1" not in story.ports(lab)
    assert "READY" not in domain.console.read_text()

    domain.describe(f"<endpoint network='{NET}'/>")

    assert domain.address() == story.address_of(lab, "vm1")
    assert reaches(domain, there)


def test_a_machine_that_asks_for_what_is_not_there_is_a_failure_with_its_reason_until_it_is(
    lab: Lab, h2: LabHost
) -> None:
    metadata = "<weft:endpoint xmlns:weft='urn:weft:libvirt:1' network='later'/>"
    domain = story.machine(h2, "lost", Card(), metadata=metadata)
    domain.create()

    until(lambda: "lost" in story.failures(h2), "the failure to be told", timeout_s=15)
    assert "later" in story.failures(h2)["lost"]

    story.weft(lab, "network", "create", "later", "--subnet", "10.7.0.0/24")

    assert domain.address().startswith("10.7.0.")
    assert "lost" not in story.failures(h2)
    domain.destroy()
    gone(lab, "lost")
    life.weft_on_central(lab, "network", "delete", "later")


def test_offloads_that_break_tcp_are_said_with_the_port(lab: Lab, h2: LabHost) -> None:
    loose = Card(network=NET, mac=CARD.mac, own_checksums=False)

    booted(h2, "vm1", loose)

    until(lambda: port(lab, "vm1")["status"]["reason"], "the warning", timeout_s=15)
    assert "<host csum='off'/>" in port(lab, "vm1")["status"]["reason"]
    assert port(lab, "vm1")["status"]["state"] == "up"


def test_machines_talk_on_while_libvirtd_restarts_and_while_the_agent_is_dead(
    lab: Lab, h1: LabHost, h2: LabHost
) -> None:
    story.run_container(h1, "aa", NET)
    _, address = booted(h2, "vm1")
    story.wait_until_up(lab, "aa")

    with pinging(h1, "aa", address) as counted:
        stop_on(h2, "libvirtd")
        run_libvirt(h2)
        story.run_guest(h2, "vm2", NET)
        life.stop_agent(h2, signal.SIGKILL)
        stop_on(h2, "libvirtd")
        run_libvirt(h2)
        life.run_agent(h2)

    assert counted[0] > 20
    assert counted[0] - counted[1] <= 1, "the last one may still be on its way"
    story.wait_until_up(lab, "vm1", "vm2")


def test_without_agent_and_server_a_known_machine_starts_with_its_address(
    lab: Lab, h1: LabHost, h2: LabHost
) -> None:
    story.run_container(h1, "aa", NET)
    domain, address = booted(h2, "vm1")
    story.wait_until_up(lab, "aa")
    there = story.address_of(lab, "aa")
    life.stop_agent(h2, signal.SIGKILL)
    life.stop_server(lab, signal.SIGKILL)

    domain.destroy()
    domain.start()
    again, talks = domain.address(), reaches(domain, there)
    life.run_server(lab)
    life.run_agent(h2)

    assert (again, talks) == (address, True)
    story.wait_until_up(lab, "vm1")


def test_without_the_server_a_new_machine_waits_and_says_so_and_a_known_one_restarts(
    lab: Lab, h2: LabHost
) -> None:
    known, address = booted(h2, "vm1")
    new = story.machine(h2, "vm2", Card(network=NET))
    life.stop_server(lab, signal.SIGKILL)

    known.destroy()
    known.define()
    known.start()
    again = known.address()
    new.create()
    until(
        lambda: '"domain": "vm2"' in (h2.logs / "weft-agent.log").read_text(),
        "the agent to say",
        timeout_s=30,
    )
    life.run_server(lab)

    assert again == address
    assert new.address() == story.address_of(lab, "vm2")
    story.wait_until_up(lab, "vm1", "vm2")
