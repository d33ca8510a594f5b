"""Random models, put into the lab and asked with real packets: they arrive where the verifier says so.

Left out is what connection tracking sees in ways of its own: SCTP and other protocols, whose flows the
userspace datapath tells apart by addresses alone, so that one answers another; ICMP that answers nothing.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from itertools import count, islice, permutations
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
import yaml
from tests.support.random_models import random_model
from tests.system import frames

from weft.api.described import describe
from weft.lab import life, story
from weft.lab.endpoint import Endpoint, endpoint, remove
from weft.lab.layout import Lab, LabError
from weft.lab.processes import until
from weft.model.policy import Protocol
from weft.model.port import Port
from weft.model.snapshot import Snapshot
from weft.verifier.lines import in_order
from weft.verifier.packet import Header, icmp, transport
from weft.verifier.station import Station
from weft.verifier.verdict import Judge, Obstacle, between

MODELS, PACKETS, PORTS, PROJECT = 25, 24, 6, "proof"
TCP, UDP = (22, 80, 443, 999, 1000, 1500, 2000, 2001), (52, 53, 60, 70, 71)

Question = tuple[Station, Station, Header]
_number = count(1)


@dataclass(frozen=True)
class Site:
    """The endpoints of the six ports that every model has, and where they write what they hear."""

    lab: Lab
    ends: Mapping[str, Endpoint]
    heard: Mapping[str, Path]


def models() -> Iterator[tuple[int, Snapshot]]:
    """Models of six ports on one network."""
    for seed in count():
        model = random_model(seed, plain=True)
        if len(model.ports) == PORTS:
            ports = {key: replace(port, declared=port.labels) for key, port in model.ports.items()}
            # Policies of one order are told apart by their ids, and those that are declared get new ones.
            policies = {p.id: replace(p, order=place) for place, p in enumerate(in_order(model))}
            yield seed, replace(model, ports=ports, policies=policies)


def declare(lab: Lab, model: Snapshot) -> None:
    """Make the project what the model is; returns when every host enforces it."""
    text = describe(model, model.projects.values()).model_dump(mode="json", exclude_defaults=True)
    (project,) = text["projects"]
    project["name"] = PROJECT
    for subnet in project["networks"][0]["subnets"]:
        subnet["name"] = subnet["name"].replace("/", "-")
    (lab.central.run / "proof.yaml").write_text(yaml.safe_dump(text))
    life.weft_on_central(lab, "apply", "-f", "/run/proof.yaml", "--prune", "--wait")
    for port in model.ports.values():
        if port.quarantined:
            life.weft_on_central(
                lab, "port", "set", port.name, "--quarantine", "--project", PROJECT, "--wait"
            )


def release(lab: Lab, model: Snapshot) -> None:
    for port in model.ports.values():
        if port.quarantined:
            life.weft_on_central(lab, "port", "set", port.name, "--release", "--project", PROJECT)


@pytest.fixture
def site(lab: Lab, tmp_path: Path) -> Iterator[Site]:
    """Three ports on each host, plugged by hand."""
    _, first = next(models())
    life.weft_on_central(lab, "project", "create", PROJECT)
    declare(lab, first)
    listed = {port["name"]: port for port in story.weft(lab, "port", "list", "--project", PROJECT)}
    with ExitStack() as stack:
        ends = {}
        for number, (name, port) in enumerate(sorted(listed.items())):
            host = lab.workers[0 if number < PORTS // 2 else 1]
            address = IPv4Address(next(f["address"] for f in port["fixed_ips"] if "." in f["address"]))
            ends[name] = endpoint(host, UUID(port["id"]), port["mac"], address, 24)
            stack.callback(remove, ends[name])
        heard = {name: tmp_path / name for name in ends}
        for name, here in ends.items():
            stack.enter_context(frames.hearing(here, heard[name]))
        names = set(ends)
        until(lambda: up(lab) >= names, "the ports to be up", timeout_s=20)
        yield Site(lab, ends, heard)
        release(lab, first)
    (lab.central.run / "proof.yaml").write_text(yaml.safe_dump({"projects": [{"name": PROJECT}]}))
    life.weft_on_central(lab, "apply", "-f", "/run/proof.yaml", "--prune")
    life.weft_on_central(lab, "project", "delete", PROJECT)


def up(lab: Lab) -> set[str]:
    listed = story.weft(lab, "port", "list", "--project", PROJECT)
    return {port["name"] for port in listed if port["status"]["state"] == "up"}


def headers(chance: Random, version: int) -> list[Header]:
    """One of each kind, each from a source port that nobody used before."""
    source = chance.randint(10_000, 60_000)
    return [
        *(transport(version, Protocol.TCP, port, source) for port in TCP),
        *(transport(version, Protocol.UDP, port, source) for port in UDP),
        icmp(version, 8 if version == 4 else 128),
    ]


def questions(seed: int, model: Snapshot) -> Sequence[Question]:
    """As many that pass as do not, as far as there are; and some under another's address."""
    chance, judge = Random(seed), Judge(model)
    asked = [
        (here, there, header)
        for source, target in permutations(model.ports.values(), 2)
        for version in (4, 6)
        for here, there in between(source, target, version)
        for header in chance.sample(headers(chance, version), 3)
    ]
    chance.shuffle(asked)
    passing = list(islice((q for q in asked if judge.verdict(*q).passes), PACKETS // 2))
    dropped = list(islice((q for q in asked if not judge.verdict(*q).passes), PACKETS // 2))
    forged = [
        (replace(here, address=other.address), there, header)
        for (here, there, header), (other, _, _) in zip(asked[:4], asked[4:8], strict=False)
        if other.address.version == there.address.version
    ]
    found = [*passing, *dropped, *forged]
    chance.shuffle(found)
    return found


def ask(site: Site, asked: Sequence[Question], verdicts: Sequence[bool]) -> dict[int, bool]:
    """Send one frame for each question; whether it was heard where it was meant for, in their order."""
    sent: dict[str, list[bytes]] = {}
    meant: list[tuple[int, str]] = []
    for here, there, header in asked:
        source, target, number = port_of(here), port_of(there), next(_number)
        made = frames.frame(number, (source.mac, target.mac), (here.address, there.address), header)
        sent.setdefault(source.name, []).append(made)
        meant.append((number, target.name))
    for name, each in sent.items():
        frames.send(site.ends[name], each)
    wanted = [pair for pair, passes in zip(meant, verdicts, strict=True) if passes]
    with suppress(LabError):
        until(
            lambda: all(n in frames.numbers(site.heard[name]) for n, name in wanted),
            "what should arrive",
            timeout_s=3,
        )
    time.sleep(0.3)  # noqa: TID251 - what should not arrive has nothing to wait for when it does not
    return {n: number in frames.numbers(site.heard[name]) for n, (number, name) in enumerate(meant)}


def port_of(station: Station) -> Port:
    assert station.port is not None
    return station.port


def test_packets_arrive_where_the_verifier_says_so(site: Site) -> None:
    seen: Counter[str] = Counter()
    for seed, model in islice(models(), MODELS):
        declare(site.lab, model)
        judge, asked = Judge(model), questions(seed, model)
        verdicts = [judge.verdict(*question) for question in asked]
        arrived = ask(site, asked, [verdict.passes for verdict in verdicts])
        wrong = [
            (str(here.address), str(there.address), header, verdict.passes)
            for n, ((here, there, header), verdict) in enumerate(zip(asked, verdicts, strict=True))
            if arrived[n] is not verdict.passes
        ]
        assert not wrong, json.dumps([seed, [str(each) for each in wrong]])
        release(site.lab, model)
        seen.update(v.obstacle or ("passes" if v.passes else "dropped") for v in verdicts)
    assert all(seen[word] > 20 for word in ("passes", "dropped", Obstacle.SPOOFED)), seen
