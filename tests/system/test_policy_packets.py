"""What rules and marks do to packets, TCP and UDP and ICMP, between ports of one host and across hosts.

Everything listens where it is asked, so what does not answer was not let through, and what is refused was
refused on the way. The negative control of each claim stands beside it.
"""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

import pytest
from tests.system.streams import begin, plugged

from weft.compiler.merging import MEAN_RUN
from weft.lab import life, story
from weft.lab.endpoint import Endpoint
from weft.lab.layout import Lab
from weft.lab.measure import captured
from weft.lab.processes import run_on, until

NAME = "packets"
PORTS = (80, 443, 8000, 8001, 8003, 8006, 8007)
EXPEDITED = 46
"""A DSCP (RFC 3246); it is the upper six bits of the byte that IP calls TOS."""

_SERVER = """
import select, socket, sys
tcp, udp = [], []
for port in map(int, sys.argv[1:]):
    tcp.append(socket.create_server(("", port)))
    here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    here.bind(("", port))
    here.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
    udp.append(here)
print("ready", flush=True)
while True:
    for here in select.select(tcp + udp, [], [])[0]:
        if here in tcp:
            here.accept()[0].close()
        else:
            _, told, _, client = here.recvmsg(100, 100)
            here.sendto(b"%d" % told[0][2][0], client)
"""
"""Over TCP it answers by closing in order, over UDP with the TOS of the question."""

_PROBE = """
import json, socket, sys
said = {}
for each in sys.argv[2:]:
    kind, port = each.split("/")
    here = socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM)
    here.settimeout(1.5)
    try:
        here.connect((sys.argv[1], int(port)))
        if kind == "udp":
            here.send(b"?")
        said[each] = here.recv(100).decode() or "closed"
    except TimeoutError:
        said[each] = "silence"
    except ConnectionRefusedError:
        said[each] = "refused"
print(json.dumps(said))
"""
"""A refusal is a TCP RST, or ICMP port unreachable, which a connected UDP socket is told of."""

ANSWERED = {"tcp": "closed", "udp": "0"}


def asks(here: Endpoint, there: Endpoint, *services: str) -> dict[str, str]:
    """What `here` hears when it asks `there` for each service."""
    found: dict[str, str] = json.loads(here.run(sys.executable, "-c", _PROBE, str(there.address), *services))
    return found


def answered(*services: str) -> dict[str, str]:
    return {service: ANSWERED[service[:3]] for service in services}


def silence(*services: str) -> dict[str, str]:
    return dict.fromkeys(services, "silence")


def pings(here: Endpoint, there: Endpoint) -> bool:
    return here.try_run("ping", "-c", "2", "-i", "0.2", "-W", "1", str(there.address)).returncode == 0


@dataclass(frozen=True, slots=True)
class Stage:
    """`asker` and `near` are on one host, `far` on the other. Rules are for `near` and `far`."""

    lab: Lab
    asker: Endpoint
    near: Endpoint
    far: Endpoint

    def change(self, *argv: str) -> None:
        """Make a change; returns with the receipt that every host enforces it."""
        assert "enforced on 2 of 2 hosts" in life.weft_on_central(self.lab, *argv, "--wait")

    def rule(self, action: str, service: str, *options: str) -> None:
        """Add a rule for what comes in."""
        wanted = ("--direction", "ingress", "--action", action, "--service", service)
        self.change("policy", "rule", "add", NAME, *wanted, *options)


def _serve(here: Endpoint) -> None:
    begin(here, _SERVER, *map(str, PORTS))


@pytest.fixture(scope="module")
def whole_stage(lab: Lab) -> Iterator[Stage]:
    story.weft(lab, "network", "create", NAME, "--subnet", "10.81.0.0/24")
    story.weft(lab, "group", "create", NAME, "--selector", "side=asked")
    h1, h2 = lab.host("h1"), lab.host("h2")
    with (
        plugged(h1, "asker", NAME, "side=asking") as asker,
        plugged(h1, "near", NAME, "side=asked") as near,
        plugged(h2, "far", NAME, "side=asked") as far,
    ):
        for here in (near, far):
            _serve(here)
        yield Stage(lab, asker, near, far)
    story.weft(lab, "group", "delete", NAME)
    story.weft(lab, "network", "delete", NAME)


@pytest.fixture
def stage(whole_stage: Stage) -> Iterator[Stage]:
    lab = whole_stage.lab
    story.weft(lab, "policy", "create", NAME, "--target", NAME)
    yield whole_stage
    story.weft(lab, "policy", "delete", NAME)


@pytest.fixture(params=["same host", "across hosts"])
def there(stage: Stage, request: pytest.FixtureRequest) -> Endpoint:
    return stage.near if request.param == "same host" else stage.far


def test_a_reject_tells_the_sender_and_a_drop_does_not(stage: Stage, there: Endpoint) -> None:
    services = ("tcp/80", "udp/80", "tcp/443", "udp/443")
    assert asks(stage.asker, there, *services) == answered(*services)

    for action, port in (("reject", 80), ("drop", 443)):
        for protocol in ("tcp", "udp"):
            stage.rule(action, f"{protocol}/{port}")

    refused = dict.fromkeys(("tcp/80", "udp/80"), "refused")
    assert asks(stage.asker, there, *services) == refused | silence("tcp/443", "udp/443")


def test_an_address_group_means_its_addresses_and_follows_them(stage: Stage, there: Endpoint) -> None:
    other = stage.far if there is stage.near else stage.near
    life.weft_on_central(stage.lab, "address-group", "create", NAME, "--cidr", f"{stage.asker.address}/32")
    stage.rule("drop", "any", "--peer", f"address-group:{NAME}")

    assert asks(stage.asker, there, "tcp/80", "udp/80") == silence("tcp/80", "udp/80")
    assert not pings(stage.asker, there)
    assert asks(other, there, "tcp/80", "udp/80") == answered("tcp/80", "udp/80")
    assert pings(other, there)

    stage.change("address-group", "set", NAME, "--cidr", "192.0.2.0/24")
    assert asks(stage.asker, there, "tcp/80", "udp/80") == answered("tcp/80", "udp/80")
    stage.change("policy", "rule", "remove", NAME, "1")
    life.weft_on_central(stage.lab, "address-group", "delete", NAME)


def test_a_rule_for_echo_requests_leaves_other_icmp_alone(stage: Stage, there: Endpoint) -> None:
    stage.rule("drop", "icmp/13")
    assert pings(stage.asker, there), "timestamps are another type"

    stage.rule("drop", "icmp/8")

    assert not pings(stage.asker, there)
    assert pings(there, stage.asker), "what comes in are answers, which are ICMP of type 0"
    assert asks(stage.asker, there, "tcp/80") == answered("tcp/80")


def test_a_port_range_ends_where_it_says(stage: Stage, there: Endpoint) -> None:
    stage.rule("drop", "tcp/8001-8006")

    inside, outside = ("tcp/8001", "tcp/8006"), ("tcp/8000", "tcp/8007", "udp/8001")
    assert asks(stage.asker, there, *inside, *outside) == silence(*inside) | answered(*outside)


def test_rules_that_are_one_acl_all_hold(stage: Stage, there: Endpoint) -> None:
    for ports in ("80", "8001-8006", "443"):
        _drop_together(stage, f"tcp/{ports}")
    acls = "--columns=match", "find", "ACL", "action=drop"
    matches = run_on(stage.lab.central, "ovn-nbctl", "--bare", *acls)
    assert "tcp.dst == {80, 443} || (tcp.dst >= 8001 && tcp.dst <= 8006)" in matches

    inside, outside = ("tcp/80", "tcp/443", "tcp/8003"), ("tcp/8000", "tcp/8007", "udp/80")
    assert asks(stage.asker, there, *inside, *outside) == silence(*inside) | answered(*outside)


def _drop_together(stage: Stage, service: str) -> None:
    """A rule that does not begin another ACL by its id, as about one in `MEAN_RUN` does."""
    stage.rule("drop", service)
    while UUID(added := story.weft(stage.lab, "policy", "show", NAME)["rules"][-1]["id"]).int % MEAN_RUN == 0:
        stage.change("policy", "rule", "remove", NAME, added)
        stage.rule("drop", service)


def test_a_stateless_rule_lets_questions_and_answers_pass_untracked(stage: Stage) -> None:
    services = ("tcp/80", "udp/80", "tcp/443", "udp/443")
    for protocol in ("tcp", "udp"):
        stage.rule("allow", f"{protocol}/80", "--stateless")
        stage.rule("allow", f"{protocol}/443")
    stage.rule("drop", "any")
    run_on(stage.far.host, "ovs-appctl", "dpctl/flush-conntrack")

    assert asks(stage.asker, stage.far, *services) == answered(*services)
    assert asks(stage.asker, stage.far, "tcp/8000", "udp/8000") == silence("tcp/8000", "udp/8000")
    tracked = run_on(stage.far.host, "ovs-appctl", "dpctl/dump-conntrack")
    ours = [line for line in tracked.splitlines() if f"dst={stage.far.address}," in line]
    assert any("dport=443" in line for line in ours), "the negative control: tracked flows are seen here"
    assert not any("dport=80)" in line or "dport=80," in line for line in ours)


def test_what_a_port_sends_is_marked_on_the_wire(stage: Stage, mark: Callable[[int], None]) -> None:
    for there in (stage.near, stage.far):
        assert asks(stage.asker, there, "udp/80") == {"udp/80": "0"}, "the negative control: no mark yet"

    mark(EXPEDITED)

    for there in (stage.near, stage.far):
        assert asks(stage.asker, there, "udp/80") == {"udp/80": str(EXPEDITED << 2)}

    def inner() -> list[str]:
        lines = frames.read_text().splitlines()
        return [before for before, line in pairwise(lines) if f"> {stage.far.address}.80:" in line]

    with captured(stage.asker.host, "-v", "udp", "port", "4789") as frames:
        assert asks(stage.asker, stage.far, "udp/80") == {"udp/80": str(EXPEDITED << 2)}
        until(inner, "the question on the cable", timeout_s=10)
    assert all(f"tos {EXPEDITED << 2:#x}" in header for header in inner())


@pytest.fixture
def mark(stage: Stage) -> Iterator[Callable[[int], None]]:
    def marked(dscp: int) -> None:
        life.weft_on_central(stage.lab, "qos", "create", NAME, "--dscp", str(dscp))
        stage.change("port", "set", "asker", "--qos", NAME)

    yield marked
    life.weft_on_central(stage.lab, "port", "set", "asker", "--qos", "none")
    life.weft_on_central(stage.lab, "qos", "delete", NAME)
