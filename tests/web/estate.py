"""An estate for pictures: the article's subnet, a shop of three tiers, and what its hosts told of it."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

import httpx

from weft.compiler import names
from weft.model.ids import HostName, PortId, RuleId
from weft.model.policy import Policy
from weft.model.port import Port
from weft.store import Store, hits, progress, status, tokens
from weft.store.hits import Report, Subject
from weft.store.status import PortState
from weft.store.tokens import Role

HOSTS = ("dock-1", "dock-2", "hyper-1", "hyper-2")

NETWORKS = """
projects:
  - name: default
    networks:
      - {name: DockerSN, description: "the article's subnet", subnets: [{cidr: 192.168.200.0/24}]}
    routers:
      - {name: hub, networks: [DockerSN], gateway: {network: host}}
  - name: shop
    description: a web shop of three tiers
    networks:
      - name: front
        zone: dmz
        default_ingress: drop
        subnets: [{cidr: 10.20.1.0/24}, {cidr: "fd20:1::/64"}]
      - {name: app, zone: inside, default_ingress: drop, subnets: [{cidr: 10.20.2.0/24}]}
      - {name: data, zone: inside, default_ingress: drop, subnets: [{cidr: 10.20.3.0/24}]}
      - name: uplink
        physical_network: {name: wan, vlan: 120}
        subnets: [{cidr: 198.51.100.0/24, dhcp: false}]
    routers:
      - {name: shop-edge, networks: [front, app, data], gateway: {network: uplink}}
    qos_policies:
      - {name: bulk, description: backups and batch work, egress: {rate_kbps: 50000}, dscp: 8}
      - {name: gold, egress: {rate_kbps: 400000}, ingress: {rate_kbps: 400000}, dscp: 34}
  - name: lab
    description: what people try
    networks:
      - {name: sandbox, subnets: [{cidr: 192.168.200.0/24}]}
"""

GROUPS = """
projects:
  - name: default
    groups:
      - {name: pingers, selector: "demo=article"}
  - name: shop
    groups:
      - {name: web, selector: "app=web", description: what customers reach}
      - {name: api, selector: "app=api"}
      - {name: db, selector: "app=db && !(env=dev)"}
      - {name: backup, selector: "role=backup"}
      - {name: dev, selector: "env=dev", description: nothing that customers depend on}
      - {name: old-cache, selector: "app=memcached"}
    address_groups:
      - {name: offices, description: Lyon and Graz, cidrs: [192.0.2.0/25, 192.0.2.128/26]}
      - {name: scanners, cidrs: [203.0.113.7/32, 203.0.113.9/32]}
    attach_rules:
      - {name: web-by-label, selector: "app=web", network: front, order: 10}
      - {name: rest, selector: "all()", network: app, order: 900}
"""

POLICIES = """
projects:
  - name: shop
    policies:
      - name: no-scanners
        tier: admin
        order: 10
        description: Whoever scans us gets no answer.
        rules:
          - {direction: ingress, action: drop, peer: {address_group: scanners}, log: true}
      - name: web-in
        order: 100
        target: web
        rules:
          - {direction: ingress, action: allow, service: {protocol: tcp, ports: [80, 443]}}
          - direction: ingress
            action: allow
            peer: {address_group: offices}
            service: {protocol: tcp, ports: [22]}
      - name: api-from-web
        order: 110
        target: api
        rules:
          - {direction: ingress, action: allow, peer: {group: web}, service: {protocol: tcp, ports: [8080]}}
          - {direction: ingress, action: allow, peer: {group: web}, service: {protocol: icmp, icmp_type: 8}}
      - name: db-closed
        order: 120
        target: db
        description: Nobody but the API, and backups at night.
        rules:
          - direction: ingress
            action: allow
            peer: {group: api}
            service: {protocol: tcp, ports: [5432]}
            count: true
          - direction: ingress
            action: allow
            peer: {group: backup}
            service: {protocol: tcp, ports: [5432]}
          - direction: ingress
            action: reject
            peer: {group: dev}
            log: true
            description: tell them at once
          - {direction: ingress, action: drop, log: true}
      - name: quiet-egress
        order: 500
        target: api
        mode: audit
        description: What if the API spoke to nobody but the database?
        rules:
          - {direction: egress, action: allow, peer: {group: db}, service: {protocol: tcp, ports: [5432]}}
          - {direction: egress, action: drop}
      - name: next-year
        order: 600
        mode: draft
        rules:
          - {direction: ingress, action: drop, peer: {zone: dmz}}
      - name: floor
        tier: baseline
        order: 10
        rules:
          - {direction: egress, action: allow, service: {protocol: udp, ports: [53, 123]}}
          - {direction: ingress, action: allow, service: {protocol: icmp, icmp_type: 8}}
    invariants:
      - name: dev-apart
        promise: never
        source: {group: dev}
        destination: {group: db}
        description: as the auditors want it
      - {name: shop-open, promise: always, destination: {group: web}, service: {protocol: tcp, ports: [443]}}
"""

_IMAGES = {"web": "nginx:1.27", "api": "registry.shop.example/api:4.12.1", "db": "postgres:17"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """What comes up on a host."""

    project: str
    network: str
    name: str
    host: str
    kind: str = "container"
    labels: Mapping[str, str] = field(default_factory=dict)
    state: PortState = PortState.UP
    reason: str = ""


def workloads() -> Iterator[Workload]:
    """The article's two containers and its VM; the shop's tiers over four hosts; a sandbox."""
    article = partial(Workload, project="default", network="DockerSN", labels={"demo": "article"})
    yield article(name="vm-cirros", host="hyper-1", kind="vm")
    yield article(name="gloomy_jang", host="dock-1")
    yield article(name="sad_euclid", host="dock-2")
    for number in range(1, 5):
        host = HOSTS[number % 2]
        labels = {"app": "web", "env": "prod", "com.docker.compose.project": "shop"}
        yield Workload(project="shop", network="front", name=f"web-{number}", host=host, labels=labels)
    for number in range(1, 4):
        labels = {"app": "api", "env": "prod"}
        yield Workload(
            project="shop", network="app", name=f"api-{number}", host=HOSTS[number % 2], labels=labels
        )
    yield Workload(
        project="shop",
        network="app",
        name="api-canary",
        host="dock-2",
        labels={"app": "api", "env": "prod", "track": "canary"},
        state=PortState.FAILED,
        reason="its flows were not installed on dock-2 within 10 s: ovn-controller there answers nothing",
    )
    yield Workload(project="shop", network="app", name="dev-box", host="dock-1", labels={"env": "dev"})
    for number, host in ((1, "hyper-1"), (2, "hyper-2")):
        labels = {"app": "db", "env": "prod"}
        yield Workload(
            project="shop", network="data", name=f"db-{number}", host=host, kind="vm", labels=labels
        )
    yield Workload(
        project="shop",
        network="data",
        name="backup-nas",
        host="hyper-2",
        kind="baremetal",
        labels={"role": "backup"},
    )
    yield Workload(
        project="shop",
        network="data",
        name="db-restore-drill-2026-11",
        host="hyper-1",
        kind="vm",
        labels={"app": "db", "env": "prod", "purpose": "drill"},
        state=PortState.PENDING,
        reason="waiting for its flows on hyper-1",
    )
    yield Workload(project="lab", network="sandbox", name="try-1", host="dock-1", state=PortState.DOWN)


class Clock:
    """Time that can be set back, so that a history has days."""

    def __init__(self) -> None:
        self._back = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) - self._back

    @contextmanager
    def ago(self, **how_long: float) -> Iterator[None]:
        """What happens inside happened then."""
        self._back = timedelta(**how_long)
        try:
            yield
        finally:
            self._back = timedelta()


class Estate:
    """Declares it all by the API, as people and agents do, and writes what the reconciler would observe."""

    def __init__(self, url: str, store: Store, clock: Clock, token: str) -> None:
        self.url, self.store, self.clock = url, store, clock
        self._nb_cfg = 0
        self._tokens = {"admin": token}

    def build(self) -> None:
        clock = self.clock
        with clock.ago(days=11):
            for project in ("shop", "lab"):
                self._ask("POST", "/projects", {"name": project}, by="ops")
            for host in HOSTS:
                projects = ["default", "shop", "lab"]
                self._ask("POST", "/hosts", {"name": host, "projects": projects}, by="ops")
            self._ask("POST", "/hosts", {"name": "dock-3", "projects": ["shop"], "description": "rack 7"})
            self.heard()
            self._apply("ops", NETWORKS)
            self._settle(31)
        with clock.ago(days=9, hours=3):
            self._apply("alice", GROUPS)
            self._settle(18)
        with clock.ago(days=2, hours=5):
            for workload in workloads():
                self._start(workload)
            self._settle(44)
        with clock.ago(days=1, hours=7):
            self._apply("alice", POLICIES)
            self._settle(87)
        with clock.ago(hours=6):
            self._limit()
            self._settle(52)
        self._publish()
        self.heard()
        with clock.ago(minutes=3):
            self._apply("bob", "projects: [{name: shop, groups: [{name: old-cache, description: to go}]}]")
        self._settle(73)
        self._tell_states()
        self._tell_hits()
        self._tell_drops()

    def port(self, name: str) -> Port:
        return next(port for port in self.store.snapshot().ports.values() if port.name == name)

    def policy(self, name: str) -> Policy:
        return next(one for one in self.store.snapshot().policies.values() if one.name == name)

    def _ask(self, method: str, path: str, body: object = None, *, by: str = "admin") -> None:
        if by not in self._tokens:
            with self.store.write("admin") as tx:
                self._tokens[by] = tokens.issue(tx, role=Role.ADMIN, name=by)
        headers = {"Authorization": f"Bearer {self._tokens[by]}"}
        answer = httpx.request(method, f"{self.url}/api/v1{path}", json=body, headers=headers, timeout=30)
        assert answer.is_success, f"{method} {path}: {answer.text}"

    def _apply(self, author: str, text: str) -> None:
        base = self.store.revision
        self._ask("POST", "/apply", {"text": text, "base": base}, by=author)

    def _start(self, workload: Workload) -> None:
        image = _IMAGES.get(workload.labels.get("app", ""), "alpine:3.20")
        runtime = {"container": "docker", "vm": "libvirt"}.get(workload.kind, "manual")
        self._ask(
            "POST",
            f"/hosts/{workload.host}/attach",
            {
                "project": workload.project,
                "network": workload.network,
                "name": workload.name,
                "kind": workload.kind,
                "labels": dict(workload.labels),
                "workload": {
                    "runtime": runtime,
                    "engine": workload.host,
                    "id": uuid4().hex,
                    "name": workload.name,
                    "image": image if runtime == "docker" else "",
                },
                **({"addresses": ["192.168.200.190"]} if workload.name == "gloomy_jang" else {}),
            },
        )
        status.set_port_status(
            self.store,
            self.port(workload.name).id,
            state=PortState.PENDING,
            reason="waiting for its flows",
            host=HostName(workload.host),
        )

    def _limit(self) -> None:
        for name, limit in (("backup-nas", "bulk"), ("web-1", "gold"), ("web-2", "gold")):
            self._ask("PATCH", f"/ports/{self.port(name).id}", {"qos_policy": limit}, by="bob")

    def _publish(self) -> None:
        self._ask("PATCH", f"/hosts/{HOSTS[1]}", {"description": "containers, rack 3"}, by="ops")
        port = self.port("sad_euclid")
        published = [{"protocol": "tcp", "host_port": 8080, "port": 80}]
        self._ask("PUT", f"/hosts/{port.host}/ports/{port.id}/published", {"published": published})

    def heard(self) -> None:
        """Every host but one, which is yet to join, says how it is."""
        for host in HOSTS:
            others = {name: f"10.9.0.{11 + number}" for number, name in enumerate(HOSTS) if name != host}
            libvirt = host.startswith("hyper")
            body = {
                "agent_version": "0.9.0",
                "datapath": "netdev" if host == "dock-2" else "system",
                "physical_networks": ["host", "wan"] if libvirt else ["host"],
                "docker": not libvirt,
                "libvirt": libvirt,
                "health": {"at": self.clock.now().isoformat(), **_health(host, others)},
            }
            self._ask("POST", f"/hosts/{host}/heartbeat", body)

    def _tell_states(self) -> None:
        for workload in workloads():
            status.set_port_status(
                self.store,
                self.port(workload.name).id,
                state=workload.state,
                reason=workload.reason,
                host=HostName(workload.host),
            )

    def tell_traffic(self) -> None:
        """Ten minutes of it up to now; only once, for no host's clock goes back."""
        rates: dict[str, Callable[[int], float]] = {
            "web-1": lambda at: 240 + 90 * math.sin(at / 5) + 40 * math.sin(at / 1.7),
            "db-1": lambda at: 38 + 12 * math.sin(at / 4) + (60 if at in {22, 23} else 0),
            "backup-nas": lambda at: 49 if at > 14 else 0.2,
            "gloomy_jang": lambda at: 0.02 + (0.5 if at % 9 == 0 else 0),
        }
        for name, rate in rates.items():
            port, sent, received = self.port(name), 5e9, 2e9
            for at in range(40):
                with self.clock.ago(seconds=15 * (39 - at)):
                    sent += rate(at) * 1e6 / 8 * 15
                    received += rate(at + 3) * 0.34 * 1e6 / 8 * 15
                    counted = {"id": str(port.id), "sent": _count(sent), "received": _count(received)}
                    body = {"clock_s": 1000 + 15 * at, "ports": [counted]}
                    self._ask("POST", f"/hosts/{port.host}/counters", body)

    def _tell_hits(self) -> None:
        seen: dict[Subject, tuple[int, int]] = {}
        for name, counts in {
            "web-in": (1_284_113, 42),
            "api-from-web": (431_220, 61),
            "db-closed": (96_041, 1_212, 17, 308),
            "floor": (5_120, 902),
            "no-scanners": (14,),
        }.items():
            for rule, packets in zip(self.policy(name).rules, counts, strict=True):
                seen[Subject(rule.id)] = (packets, packets * 74)
        for number, host in enumerate(HOSTS):
            counted = seen if number == 0 else {}
            hits.record(self.store, Report(HostName(host), str(uuid4()), 1), counted, self.clock.now())

    def _tell_drops(self) -> None:
        closed = [rule.id for rule in self.policy("db-closed").rules]
        told = [
            self._dropped(closed[3], "web-1", "db-1", 5432, "drop", 11),
            self._dropped(closed[2], "dev-box", "db-1", 5432, "reject", 3),
            self._dropped(closed[3], "api-2", "db-1", 22, "drop", 1),
        ]
        for host in HOSTS:
            packets = told if host == self.port("db-1").host else []
            body = {"run": str(uuid4()), "number": 1, "packets": packets}
            self._ask("POST", f"/hosts/{host}/drops", body)
        for host in HOSTS:
            self._ask("POST", f"/hosts/{host}/connections", self._connections(host))

    def _dropped(self, rule: RuleId, source: str, to: str, port: int, verdict: str, count: int) -> object:
        here, there = self.port(source), self.port(to)
        at = self.clock.now()
        return {
            "name": names.rule_log_name(rule),
            "verdict": verdict,
            "direction": "ingress",
            "count": count,
            "first_at": (at - timedelta(minutes=4)).isoformat(),
            "last_at": at.isoformat(),
            "protocol": "tcp",
            "source_port": 40_112,
            "destination_port": port,
            "source_mac": here.mac,
            "destination_mac": there.mac,
            "source": str(here.fixed_ips[0].address),
            "destination": str(there.fixed_ips[0].address),
        }

    def _connections(self, host: str) -> object:
        """What began at the API's ports, for which a policy is in audit."""
        seen = [
            {
                "port": str(self.port(name).id),
                "source": str(self.port(name).fixed_ips[0].address),
                "destination": destination,
                "protocol": "tcp",
                "value": value,
                "source_port": 41_000,
            }
            for name, destination, value in (
                ("api-1", str(self.port("db-1").fixed_ips[0].address), 5432),
                ("api-1", "198.51.100.30", 443),
                ("api-2", "198.51.100.30", 443),
                ("api-3", str(self.port("web-1").fixed_ips[0].address), 443),
            )
            if self.port(name).host == host
        ]
        return {"run": str(uuid4()), "number": 1, "connections": seen}

    def _settle(self, ms: int) -> None:
        """OVN has the newest revision, and so has every host with ports, `ms` after it was made."""
        self._nb_cfg += 1
        at = self.clock.now()
        progress.record_realised(self.store, self.store.revision, self._nb_cfg, at)
        seen = {HostName(host): (self._nb_cfg, at + timedelta(milliseconds=ms)) for host in HOSTS}
        progress.record_chassis(self.store, seen, at + timedelta(milliseconds=ms))
        for host in HOSTS:
            progress.confirm(self.store, HostName(host), self._nb_cfg, ())

    def id_of(self, name: str) -> PortId:
        return PortId(UUID(str(self.port(name).id)))


def _count(bytes_: float) -> dict[str, int]:
    return {"bytes": int(bytes_), "packets": int(bytes_ / 900), "dropped": 0}


def _health(host: str, peers: Mapping[str, str]) -> dict[str, object]:
    """What its agent found: one host has a tunnel through something narrow."""
    narrow = host == "dock-2"
    findings = _FOUND if narrow else []
    counts = {
        severity: sum(one["severity"] == severity for one in findings)
        for severity in ("error", "warning", "note")
    }
    versions = {"kernel": "6.1.0-41-amd64", "openvswitch": "3.1.0", "ovn": "23.03.1"}
    engine = {"libvirt": "9.0.0"} if host.startswith("hyper") else {"docker": "20.10.24+dfsg1"}
    tunnels = [
        {
            "peer": peer,
            "address": address,
            "encapsulation": "vxlan",
            "error": "",
            "answers": True,
            "carries": not (narrow and peer == "hyper-2"),
            "silent_s": 2,
        }
        for peer, address in peers.items()
    ]
    tunnels.sort(key=lambda one: bool(one["carries"]))
    return {
        "counts": counts,
        "findings": findings,
        "versions": versions | engine,
        "tunnels": tunnels,
        "tunnels_in_all": len(tunnels),
    }


_FOUND = [
    {
        "severity": "error",
        "check": "tunnel to hyper-2",
        "says": "10.9.0.14 answers a ping, and not one of 1558 bytes: something between is narrower",
        "cure": "raise the MTU of the switch between them to 1600, or lower that of the networks",
    },
    {
        "severity": "warning",
        "check": "ovn-controller",
        "says": "it answers, and has taken 11 s for it",
        "cure": "look at journalctl -u ovn-controller",
    },
    {
        "severity": "note",
        "check": "datapath",
        "says": "userspace datapath: ovs-vswitchd forwards the packets itself: they stop while it restarts",
        "cure": "",
    },
]
