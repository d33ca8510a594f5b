"""Rules that nobody used: only where every hit is known, and else why it is not."""

import asyncio
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from tests.functional.api.rest import Rest

from weft.api.app import create_app
from weft.compiler import names
from weft.compiler.merging import MEAN_RUN
from weft.model.ids import HostName
from weft.ovn.rows import Key
from weft.store import Store, hosts, tokens
from weft.store.tokens import Role

START = datetime(2025, 11, 28, tzinfo=UTC)
SSH, WEB, TLS, DROP = range(4)


@dataclass
class Estate:
    """Rules: ssh allowed alone, web and tls allowed as one ACL, the rest dropped. Ports are on h1 and h2."""

    rest: Rest
    time: datetime = START
    rules: list[str] = field(default_factory=list)
    agents: dict[str, Rest] = field(default_factory=dict)
    runs: dict[str, tuple[str, int]] = field(default_factory=dict)

    def restart(self, host: str) -> None:
        self.runs[host] = str(uuid4()), 0

    def tell(self, host: str, rule: int | None = None) -> None:
        """One report of a host, maybe with a hit."""
        run, number = self.runs[host]
        self.runs[host] = run, number + 1
        counted = [] if rule is None else [{"cookie": rule + 1, "packets": 1, "bytes": 100}]
        body = {"run": run, "number": number + 1, "counted": counted}
        assert self.agents[host].post(f"/hosts/{host}/hits", body).status_code == 200

    def pass_by(self, minutes: int, *hosts: str) -> None:
        """Time goes by while `hosts` tell every minute that nothing was matched."""
        for _ in range(minutes):
            self.time += timedelta(minutes=1)
            for host in hosts or ("h1", "h2"):
                self.tell(host)

    def unused(self, **asked: str) -> dict[int, str | None]:
        """By rule why nobody can tell; None for one that is certainly unused."""
        answer = self.rest.get("/hits/unused", params=asked)
        assert answer.status_code == 200, answer.text
        return {self.rules.index(one["rule_id"]): one["unknown"] for one in answer.json()["rules"]}


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[Estate]:
    made: Estate | None = None

    def now() -> datetime:
        return START if made is None else made.time

    store = Store.open(f"sqlite:///{tmp_path}/weft.db", now=now, new_id=uuid4)
    with store.write("test") as tx:
        for host in ("h1", "h2"):
            default = next(iter(tx.snapshot.projects))
            hosts.add_host(tx, name=HostName(host), projects=frozenset({default}))

    def acl_of(cookies: Collection[int]) -> Mapping[int, Key]:
        assert made is not None
        keys = [names.acl_key("weft_pg", f"{rule}-ip4") for rule in made.rules]
        return {cookie: keys[cookie - 1] for cookie in cookies}

    app = create_app(
        store=store, caller_of=lambda token: tokens.find(store, token, store.now()), acl_of=acl_of
    )
    with asyncio.Runner() as runner:
        made = Estate(Rest(app, store, runner, tokens.first_admin_token(store)))
        made.rest.made("/networks", {"name": "net", "subnets": [{"cidr": "10.1.0.0/24"}]})
        for host in ("h1", "h2"):
            made.rest.made("/ports", {"network": "net", "name": host, "host": host})
            made.agents[host] = made.rest.with_token(Role.HOST, host=host)
            made.restart(host)
        made.rules = _rules(made.rest)
        yield made
    store.close()


def _rules(rest: Rest) -> list[str]:
    allow: dict[str, Any] = {"direction": "ingress", "action": "allow"}
    rules: list[dict[str, Any]] = [
        {**allow, "service": {"protocol": "tcp", "ports": ["22"]}, "count": True},
        {**allow, "service": {"protocol": "tcp", "ports": ["80"]}},
        {**allow, "service": {"protocol": "tcp", "ports": ["443"]}},
        {"direction": "ingress", "action": "drop"},
    ]
    found: list[str] = [
        rule["id"] for rule in rest.made("/policies", {"name": "web", "rules": rules})["rules"]
    ]
    if UUID(found[TLS]).int % MEAN_RUN:  # else it begins a run of its own
        return found
    assert rest.delete("/policies/web").status_code == 204
    return _rules(rest)


def test_what_allows_and_was_not_used_is_found_and_what_drops_is_not_asked_about(estate: Estate) -> None:
    estate.pass_by(3)
    estate.tell("h2", SSH)
    estate.pass_by(3)

    assert estate.unused() == {WEB: None, TLS: None}


def test_nothing_is_unused_while_a_host_has_not_told(estate: Estate) -> None:
    nothing = estate.unused()
    estate.pass_by(3, "h1")
    silent = estate.unused()
    estate.pass_by(3)

    assert all(why and "h1, h2 have not told" in why for why in nothing.values())
    assert all(why and "hosts h2 have not told" in why for why in silent.values())
    assert set(nothing) == set(silent) == {SSH, WEB, TLS}
    assert estate.unused() == dict.fromkeys((SSH, WEB, TLS))


@pytest.mark.parametrize("gap", ["silence", "restart", "a report is missing"])
def test_no_hit_before_a_gap_is_unknown_and_not_unused(estate: Estate, gap: str) -> None:
    estate.pass_by(3)
    before = estate.time.isoformat()
    if gap == "restart":
        estate.restart("h2")
    elif gap == "silence":
        estate.pass_by(4, "h1")
    else:
        run, number = estate.runs["h2"]
        estate.runs["h2"] = run, number + 1
    estate.pass_by(3)

    assert all(why and "without a gap since" in why for why in estate.unused(since=before).values())
    assert estate.unused() == dict.fromkeys((SSH, WEB, TLS))


def test_a_rule_that_is_counted_with_others_is_not_called_unused_when_they_are_used(estate: Estate) -> None:
    estate.pass_by(3)
    estate.tell("h1", WEB)

    found = estate.unused()

    assert set(found) == {SSH, WEB, TLS}
    assert found[SSH] is None
    assert "counted with rules that are like it" in (found[WEB] or "")
    assert "counted with rules that are like it" in (found[TLS] or "")


def test_a_rule_that_was_used_before_is_unused_since(estate: Estate) -> None:
    estate.pass_by(3)
    estate.tell("h1", SSH)
    estate.pass_by(5)
    later = (estate.time - timedelta(minutes=2)).isoformat()

    assert SSH not in estate.unused()
    assert estate.unused(since=later)[SSH] is None


def test_a_rule_that_was_written_later_is_not_called_unused(estate: Estate) -> None:
    estate.pass_by(3)
    before = estate.time.isoformat()
    estate.pass_by(1)
    rule = {"direction": "ingress", "action": "allow", "count": True, "service": {"protocol": "udp"}}
    assert estate.rest.post("/policies/web/rules", {"rule": rule}).status_code == 201
    estate.rules.append(estate.rest.get("/policies/web").json()["rules"][-1]["id"])
    estate.pass_by(1)

    found = estate.unused(since=before)

    assert found[SSH] is None
    assert "was written later" in (found[4] or "")
    assert "was written later" in (found[WEB] or "")  # what it was counted with may be gone


def test_others_see_nothing_of_it(estate: Estate) -> None:
    estate.rest.made("/projects", {"name": "other"})
    other = estate.rest.with_token(Role.VIEWER, project="other")

    assert other.get("/hits/unused").json()["rules"] == []
    assert other.get("/hits/unused", params={"project": "default"}).status_code == 404
    assert estate.rest.get("/hits/unused", params={"since": "long ago"}).status_code == 422
