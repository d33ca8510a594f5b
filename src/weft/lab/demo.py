"""The article's story on real parts, each step checked from the outside."""

import re
import sys
import time
from collections.abc import Callable

from weft.lab import life, story
from weft.lab.layout import Lab, LabError, LabHost
from weft.lab.processes import run_on, start_on, try_on

NETWORK, PREFIX, GUEST_ADDRESS = "DockerSN", "192.168.200.0/24", "192.168.200.2"


def play(lab: Lab, *, keep: bool = False) -> None:
    """Play every step; LabError names the first that does not hold. The lab goes down after, or stays."""
    started = time.monotonic()
    try:
        _play(lab)
        _say(f"Every step held, in {time.monotonic() - started:.0f} s.")
    finally:
        if keep:
            _say("The lab stays up. Look around: .venv/bin/python -m weft.lab exec h1 docker ps")
            _say("Take it down: make lab-down")
        else:
            life.down(lab)


def _play(lab: Lab) -> None:
    _say("Bring up a Docker host h1, a hypervisor h2, OVN and the Weft server")
    life.up(lab)
    h1, h2 = lab.host("h1"), lab.host("h2")
    _say(f"Create the network {NETWORK} {PREFIX}")
    story.weft(lab, "network", "create", NETWORK, "--subnet", PREFIX)
    _say("Boot a virtual machine on h2")
    _check("the guest takes its address by DHCP", story.run_guest(h2, "vm1", NETWORK)[1] == GUEST_ADDRESS)
    _say("Start the container gloomy_jang on h1: docker run --net=none --label weft.network=DockerSN")
    story.run_container(h1, "gloomy_jang", NETWORK, "--label", "app=web")
    story.wait_until_up(lab, "vm1", "gloomy_jang")
    sys.stdout.write(life.weft_on_central(lab, "port", "list"))
    _share_a_network(h1)
    _obey_a_rule(lab, h1)
    _obey_a_limit(lab, h1, h2)


def _share_a_network(h1: LabHost) -> None:
    _say(f"docker exec gloomy_jang ping -c 3 {GUEST_ADDRESS}")
    start_on(h1, "tcpdump", ["tcpdump", "-lni", "eth0", "-c", "6", "udp", "port", "4789"])
    time.sleep(1)  # noqa: TID251 - tcpdump says nothing to us when it is ready
    sys.stdout.write(run_on(h1, "docker", "exec", "gloomy_jang", "ping", "-c", "3", GUEST_ADDRESS))
    _check("an HTTP request is answered over TCP", story.fetches(h1, "gloomy_jang", GUEST_ADDRESS))
    captured = (h1.logs / "tcpdump.log").read_text()
    _check("on the wire between the hosts it is VXLAN", "VXLAN" in captured and GUEST_ADDRESS in captured)


def _obey_a_rule(lab: Lab, h1: LabHost) -> None:
    _say("Drop what gloomy_jang's group sends to the virtual machines")
    for name, selector in (("web", "app=web"), ("machines", "kind=vm")):
        story.weft(lab, "group", "create", name, "--selector", selector)
    story.weft(lab, "policy", "create", "no-web", "--target", "machines")
    story.weft(
        lab,
        "policy",
        "rule",
        "add",
        "no-web",
        "--direction",
        "ingress",
        "--action",
        "drop",
        "--peer",
        "group:web",
        "--wait",
    )
    _check("it bites: no ping", not story.pings(h1, "gloomy_jang", GUEST_ADDRESS))
    _check("it bites: no TCP", not story.fetches(h1, "gloomy_jang", GUEST_ADDRESS))
    life.weft_on_central(lab, "policy", "delete", "no-web")
    _within("it is gone again", lambda: story.fetches(h1, "gloomy_jang", GUEST_ADDRESS))


def _obey_a_limit(lab: Lab, h1: LabHost, h2: LabHost) -> None:
    """UDP, offered three times the limit, counted where the guest's card receives it."""
    _say("Limit gloomy_jang to 10 Mbit/s and offer 30")
    story.weft(lab, "qos", "create", "slow", "--egress", "10mbit")
    life.weft_on_central(lab, "port", "set", "gloomy_jang", "--qos", "slow", "--wait")
    card = run_on(
        h2,
        "ovs-vsctl",
        "--bare",
        "--columns=name",
        "find",
        "Interface",
        f"external_ids:iface-id={story.ports(lab)['vm1']['id']}",
    ).strip()
    pid = run_on(h1, "docker", "inspect", "-f", "{{.State.Pid}}", "gloomy_jang").strip()
    before, seconds = _sent_to(h2, card), 5
    run_on(h1, "nsenter", "-t", pid, "-n", sys.executable, "-c", _OFFER, GUEST_ADDRESS, str(seconds))
    delivered = (_sent_to(h2, card) - before) * 8 / seconds / 1e6
    _check(f"30 Mbit/s offered, {delivered:.1f} delivered (8 to 10.5 wanted)", 8 <= delivered <= 10.5)


_OFFER = """
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
start, sent, data = time.monotonic(), 0, bytes(1250)
while (spent := time.monotonic() - start) < float(sys.argv[2]):
    while sent < spent * 3000:
        s.sendto(data, (sys.argv[1], 9))
        sent += 1
    time.sleep(0.001)
"""
"""1,250 bytes 3,000 times a second are 30 Mbit/s."""


def _sent_to(host: LabHost, card: str) -> int:
    """Bytes that the switch gave to an interface."""
    said = try_on(host, "ovs-vsctl", "get", "Interface", card, "statistics:tx_bytes").stdout
    counted = try_on(host, "ovs-ofctl", "dump-ports", "br-int", card).stdout
    match = re.search(r"tx pkts=\d+, bytes=(\d+)", counted)
    return int(match[1]) if match else int(said)


def _within(what: str, holds: Callable[[], bool], timeout_s: float = 10) -> None:
    deadline = time.monotonic() + timeout_s
    while not (held := holds()) and time.monotonic() < deadline:
        pass
    _check(what, held)


def _check(what: str, holds: object) -> None:
    if not holds:
        raise LabError(f"this did not hold: {what}")
    sys.stdout.write(f"   ok  {what}\n")
    sys.stdout.flush()


def _say(what: str) -> None:
    sys.stdout.write(f"\n=> {what}\n")
    sys.stdout.flush()
