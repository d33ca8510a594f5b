"""The article's story on real parts, each sentence checked from the outside."""

from dataclasses import dataclass
from typing import Any

from weft.lab import life, story
from weft.lab.credentials import admin_token
from weft.lab.domain import Card, Domain
from weft.lab.layout import Lab, LabHost
from weft.lab.measure import OFFERED_MBITS, captured, mbits_delivered
from weft.lab.processes import run_on, try_on
from weft.lab.stage import Stage

NETWORK, PREFIX = "DockerSN", "192.168.200.0/24"
FIRST, SECOND, MACHINE = "gloomy_jang", "jolly_bell", "vm1"


def play(lab: Lab, *, keep: bool = False) -> None:
    """Play every step; LabError names the first that does not hold. The lab goes down after, or stays."""
    stage = Stage()
    try:
        _play(stage, lab)
        stage.end("", f"Every claim held, in {stage.seconds:.0f} s.")
    finally:
        if keep:
            stage.end(*_look_around(lab))
        else:
            life.down(lab)


@dataclass(frozen=True, slots=True)
class _Cast:
    """Who plays."""

    lab: Lab
    docker: LabHost
    hypervisor: LabHost
    machine: Domain

    @property
    def address(self) -> str:
        """The machine's."""
        return self.machine.address()


def _play(stage: Stage, lab: Lab) -> None:
    stage.title("Containers and a virtual machine on one network, under one policy")
    h1, h2 = lab.host("h1"), lab.host("h2")
    stage.step("A data centre: a Docker host h1, a hypervisor h2, OVN, and the Weft server")
    life.up(lab)
    alive = {host["name"] for host in story.weft(lab, "host", "list") if host["status"]["alive"]}
    stage.holds("both hosts have joined, and their agents are alive", alive == {"h1", "h2"})
    cast = _Cast(lab, h1, h2, story.machine(h2, MACHINE, Card(network=NETWORK), metadata=_DATABASE))
    _network(stage, cast)
    _workloads(stage, cast)
    _talk(stage, cast)
    _rule(stage, cast)
    _limit(stage, cast)


_DATABASE = story.labelled(app="db")


def _network(stage: Stage, cast: _Cast) -> None:
    stage.step("A network, which appears where workloads are started")
    weft = ("network", "create", NETWORK, "--subnet", PREFIX)
    stage.typed(f"weft {' '.join(weft)}")
    story.weft(cast.lab, *weft)
    stage.comes_true(
        f"Docker on h1 lists it: docker run --net {NETWORK} will do",
        lambda: NETWORK in run_on(cast.docker, "docker", "network", "ls").split(),
    )
    stage.comes_true(
        f"libvirt on h2 lists it: virt-install --network network={NETWORK} will do",
        lambda: NETWORK in story.libvirt_networks(cast.hypervisor),
    )


def _workloads(stage: Stage, cast: _Cast) -> None:
    stage.step("A virtual machine, and two containers; nobody types an address, a VLAN, a bridge or an id")
    for name, selector in (("web", "app=web"), ("db", "app=db"), ("dev", "env=dev")):
        story.weft(cast.lab, "group", "create", name, "--selector", selector)
    story.weft(cast.lab, "policy", "create", "db-serves-web", "--target", "db")
    serve = ("policy", "rule", "add", "db-serves-web", "--direction", "ingress", "--action", "allow")
    story.weft(cast.lab, *serve, "--peer", "group:web", "--service", "tcp/80")
    story.weft(cast.lab, "qos", "create", "fair", "--egress", "100mbit")
    stage.typed(
        f"virsh start {MACHINE}   # its only card: <source network='{NETWORK}'/>",
        f"docker run --net=none -l weft.network={NETWORK} -l app=web -l env=dev --name {FIRST} …",
        f"docker run --net {NETWORK} -l app=web --name {SECOND} …",
    )
    cast.machine.define()
    cast.machine.start()
    story.run_container(cast.docker, FIRST, NETWORK, "--label", "app=web", "--label", "env=dev")
    story.run_on_docker_network(cast.docker, SECOND, NETWORK, "--label", "app=web")
    address = cast.address
    story.wait_until_up(cast.lab, MACHINE, FIRST, SECOND)
    story.weft(cast.lab, "port", "set", FIRST, "--qos", "fair", "--wait")
    shown = story.ports(cast.lab)
    stage.table(["ENDPOINT", "KIND", "ADDRESS", "HOST", "STATE", "GROUPS", "RULES", "QOS"], _rows(cast.lab))
    stage.holds(
        f"{MACHINE} took {address} by DHCP, the address of its endpoint", address == _ip(shown[MACHINE])
    )
    for name in (FIRST, SECOND):
        inside = run_on(cast.docker, "docker", "exec", name, "ip", "-4", "addr", "show", "eth0")
        stage.holds(f"{name} has {_ip(shown[name])} on its eth0", f"inet {_ip(shown[name])}/24" in inside)


def _rows(lab: Lab) -> list[list[str]]:
    """Every endpoint with what applies to it."""
    policies = [story.weft(lab, "policy", "show", p["name"]) for p in story.weft(lab, "policy", "list")]
    groups = {group["id"]: group["name"] for group in story.weft(lab, "group", "list")}
    qos = {policy["id"]: policy for policy in story.weft(lab, "qos", "list")}
    rows = []
    for name, port in sorted(story.ports(lab).items()):
        mine = [p for p in policies if groups.get(p["target"]) in port["groups"] or p["target"] is None]
        rules = [f"{p['name']}: {len(p['rules'])}" for p in mine]
        limit = qos.get(port["qos_policy_id"])
        rate = f"{limit['name']}: {limit['egress']['rate_kbps'] // 1000} Mbit/s" if limit else "-"
        state = port["status"]["state"]
        kind, where = port["kind"], port["host"]
        rows.append(
            [name, kind, _ip(port), where, state, ", ".join(port["groups"]), ", ".join(rules) or "-", rate]
        )
    return rows


def _talk(stage: Stage, cast: _Cast) -> None:
    address = cast.address
    stage.step("They talk, and between the hosts it is VXLAN")
    with captured(cast.docker, "udp", "port", "4789") as frames:
        stage.typed(f"docker exec {FIRST} ping -c 3 {address}")
        pinged = try_on(cast.docker, "docker", "exec", FIRST, "ping", "-c", "3", address).stdout
        fetched = story.fetches(cast.docker, FIRST, address)
    stage.said(pinged)
    stage.holds("3 of 3 came back, the first one too", "3 packets received, 0% packet loss" in pinged)
    stage.holds(f"{MACHINE} answers {FIRST} over TCP (HTTP)", fetched)
    stage.holds(f"{MACHINE} answers {SECOND}, too", story.fetches(cast.docker, SECOND, address))
    lines = frames.read_text().splitlines()
    outer = [number for number, line in enumerate(lines) if "VXLAN" in line]
    inner = [number for number in outer if f"> {address}: ICMP echo request" in lines[number + 1]]
    stage.said("\n".join(lines[inner[0] : inner[0] + 2]) if inner else "")
    ends = f"{cast.docker.address}.", f"{cast.hypervisor.address}.4789"
    stage.holds(
        f"the echo request left {cast.docker.address} for {cast.hypervisor.address} in a VXLAN frame",
        inner and all(end in lines[inner[0]] for end in ends),
    )


def _rule(stage: Stage, cast: _Cast) -> None:
    address = cast.address
    stage.step("A rule: nothing from the group dev, which is every endpoint with env=dev, to the group db")
    weft = (
        "policy",
        "rule",
        "add",
        "apart",
        "--direction",
        "ingress",
        "--action",
        "drop",
        "--peer",
        "group:dev",
    )
    story.weft(cast.lab, "policy", "create", "apart", "--target", "db", "--order", "1")
    stage.typed(f"weft {' '.join(weft)} --wait")
    stage.said(life.weft_on_central(cast.lab, *weft, "--wait").splitlines()[-1])
    stage.holds(f"{FIRST} gets no answer to a ping", not story.pings(cast.docker, FIRST, address))
    stage.holds(f"{FIRST} gets no answer over TCP", not story.fetches(cast.docker, FIRST, address))
    stage.holds(
        f"{SECOND}, which is not in that group, still does", story.fetches(cast.docker, SECOND, address)
    )
    stage.typed(f"weft explain {FIRST} {MACHINE} tcp/80")
    verdict = life.weft_on_central(cast.lab, "explain", FIRST, MACHINE, "tcp/80")
    stage.said(verdict)
    stage.holds("Weft says so, and why", "does not reach" in verdict and "apart" in verdict)
    stage.typed("weft policy delete apart --wait")
    stage.said(life.weft_on_central(cast.lab, "policy", "delete", "apart", "--wait").splitlines()[-1])
    stage.holds(f"{FIRST} is answered again", story.fetches(cast.docker, FIRST, address))


def _limit(stage: Stage, cast: _Cast) -> None:
    stage.step(f"A limit of 10 Mbit/s for what {FIRST} sends, counted at {MACHINE}'s card")
    weft = ("qos", "set", "fair", "--egress", "10mbit", "--wait")
    stage.typed(f"weft {' '.join(weft)}")
    stage.said(life.weft_on_central(cast.lab, *weft).splitlines()[-1])
    udp = mbits_delivered(cast.docker, FIRST, cast.machine, protocol="udp")
    stage.holds(
        f"UDP: {OFFERED_MBITS} Mbit/s offered, {udp:.1f} delivered (8 to 10.5 wanted)", 8 <= udp <= 10.5
    )
    tcp = mbits_delivered(cast.docker, FIRST, cast.machine, protocol="tcp")
    stage.holds(f"TCP: as much as it can, {tcp:.1f} delivered (7 to 10.5 wanted)", 7 <= tcp <= 10.5)


def _ip(port: dict[str, Any]) -> str:
    return str(port["fixed_ips"][0]["address"])


def _look_around(standing: Lab) -> tuple[str, ...]:
    lab = ".venv/bin/weft lab"
    try:
        token = admin_token(standing)
    except OSError:
        token = "what `weft server init` shows"  # noqa: S105 - it had no turn yet
    return (
        "",
        "The lab stays up. Look around:",
        f"  {standing.server_url}/    the pages, as the lab's hosts reach them; log in with the token",
        f"    {token}",
        f"  {lab} weft port list                          the command line, as administrator",
        f"  {lab} weft explain {FIRST} {MACHINE} tcp/80",
        f"  {lab} exec h1 docker exec -it {FIRST} sh      inside a container",
        f"  {lab} exec h2 virsh console {MACHINE}                   inside the machine (leave by ctrl-])",
        f"  {lab} exec h1 tcpdump -lnni eth0 udp port 4789    the wire",
        "Take it down: make lab-down",
    )
