"""The resolvers are what the server says, heal, stay while the server is away, and go without a trace."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from uuid import UUID

import pytest

from weft.agent.links import LinkFailed
from weft.agent.resolver.keeper import ASK_S, CHECK_S, Keeper
from weft.agent.resolver.place import Ends
from weft.agent.resolver.upstream import Upstream
from weft.client import AskingNetwork, Resolver, ServerUnreachable
from weft.model.ids import RouterId

WEB = AskingNetwork(id="web", prefixes=(ip_network("10.1.0.0/24"),), forwards=False)
SHOP = Resolver(router=RouterId(UUID(int=1)), mtu=1400, networks=(WEB,))
YARD = Resolver(router=RouterId(UUID(int=2)), mtu=1400, networks=())


@dataclass
class Host:
    """A server, places and a clock; `done` is what was asked of the places."""

    wanted: list[Resolver]
    away: bool = False
    fails: bool = False
    now: float = 1000.0
    settled: dict[RouterId, int] = field(default_factory=dict)
    """The MTU of each."""
    done: list[str] = field(default_factory=list)

    def ask(self) -> list[Resolver]:
        if self.away:
            raise ServerUnreachable("https://weft", "it does not answer")
        return self.wanted

    def settle(self, resolver: Resolver) -> Ends:
        if self.fails:
            raise LinkFailed("no network namespace can be made")
        self.settled[resolver.router] = resolver.mtu
        self.done.append("settle")
        return Ends()

    def unsettle(self, router: RouterId) -> None:
        self.settled.pop(router, None)
        self.done.append("unsettle")

    def is_settled(self, router: RouterId) -> bool:
        return router in self.settled

    def sweep(self) -> None:
        self.settled.clear()
        self.done.append("sweep")


@dataclass
class Kept:
    """A keeper on a host."""

    host: Host
    keeper: Keeper

    def later(self, seconds: float = ASK_S) -> list[str]:
        """What a look after some time asks of the places."""
        self.host.done.clear()
        self.host.now += seconds
        self.keeper.look()
        return list(self.host.done)


@pytest.fixture
def kept() -> Iterator[Kept]:
    host = Host(wanted=[SHOP])
    keeper = Keeper(host.ask, host, Upstream(tuple), clock=lambda: host.now)
    yield Kept(host, keeper)
    keeper.close()


def test_resolvers_come_and_go_as_the_server_says(kept: Kept) -> None:
    assert kept.later() == ["sweep", "settle"]
    assert kept.later() == []

    kept.host.wanted = [SHOP, YARD]
    assert kept.later() == ["settle"]
    kept.host.wanted = [YARD]
    assert kept.later() == ["unsettle"]
    assert set(kept.host.settled) == {YARD.router}


def test_who_may_ask_for_what_changes_without_another_place_and_the_mtu_needs_one(kept: Kept) -> None:
    kept.later()

    kept.host.wanted = [replace(SHOP, networks=(replace(WEB, forwards=True),))]
    assert kept.later() == []
    kept.host.wanted = [replace(SHOP, mtu=1300)]
    assert kept.later() == ["unsettle", "settle"]
    assert kept.host.settled == {SHOP.router: 1300}


def test_before_the_server_has_answered_nothing_is_touched_and_afterwards_its_last_word_stands(
    kept: Kept,
) -> None:
    kept.host.away = True
    assert kept.later() == []

    kept.host.away = False
    kept.later()
    kept.host.away = True
    assert kept.later(CHECK_S) == []
    assert set(kept.host.settled) == {SHOP.router}


def test_a_place_that_somebody_took_away_is_made_again_and_one_that_failed_tried_again(kept: Kept) -> None:
    kept.host.fails = True
    assert kept.later() == ["sweep"]
    kept.host.fails = False
    assert kept.later() == ["settle"]

    kept.host.settled.clear()
    assert kept.later(CHECK_S) == ["unsettle", "settle"]
