"""The door is what the server says, heals, stays while the server is away, and goes without a trace."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address

import pytest

from weft.agent.door.keeper import ASK_S, CHECK_S, Keeper
from weft.agent.door.kernel import DoorFailed
from weft.agent.door.ruleset import MARK, MARKS, Landing, mark_of, ruleset
from weft.client import Door, DoorRouter, ServerUnreachable
from weft.model.publication import Publication

SHOP = DoorRouter(
    number=2,
    mac="02:00:00:00:00:02",
    address=IPv4Address("100.64.0.2"),
    address6=IPv6Address("fd77:6566:7464::2"),
    networks=("shop",),
    prefixes=("10.1.0.0/24",),
)
YARD = DoorRouter(
    number=3,
    mac="02:00:00:00:00:03",
    address=IPv4Address("100.64.0.3"),
    address6=IPv6Address("fd77:6566:7464::3"),
    networks=("yard",),
    prefixes=("10.1.0.0/24",),
)


WEB = Landing(Publication.parse("8080:80"), "shop", IPv4Address("10.1.0.5"))


def a_door(*routers: DoorRouter) -> Door:
    return Door(
        port_id="p",
        mac="02:00:00:00:00:01",
        address="100.64.0.1/17",
        address6="fd77:6566:7464::1/64",
        mtu=1400,
        routers=routers,
    )


@dataclass
class Host:
    """A server, a switch, a kernel and a clock; `done` is what was asked of switch and kernel."""

    door: Door | None
    away: bool = False
    opened: Door | None = None
    fails: bool = False
    now: float = 1000.0
    device: tuple[str, int] | None = None
    published: tuple[Landing, ...] = ()
    landed: tuple[Landing, ...] = ()
    done: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def ask(self) -> Door | None:
        if self.away:
            raise ServerUnreachable("https://weft", "it does not answer")
        return self.door

    def keep_internal(self, name: str, port_id: str, *, mac: str, mtu: int) -> None:
        del name, mac
        self.device = (port_id, mtu)

    def drop_internal(self, name: str) -> None:
        del name
        self.device = None

    def is_in_place(self, door: Door) -> bool:
        return self.opened == door

    def open(self, door: Door, landings: Sequence[Landing]) -> None:
        if self.fails:
            raise DoorFailed("nft does not run")
        self.opened, self.landed = door, tuple(landings)
        self.done.append("open")

    def close(self) -> None:
        self.opened = None
        self.done.append("close")

    def keeper(self) -> Keeper:
        return Keeper(
            self.ask,
            self,
            self,
            landings=lambda: self.published,
            tell=self.troubles.append,
            clock=lambda: self.now,
        )

    def later(self, keeper: Keeper, seconds: float = ASK_S) -> None:
        self.now += seconds
        keeper.look()


def test_the_door_opens_changes_and_closes_as_the_server_says() -> None:
    host = Host(door=a_door(SHOP))
    keeper = host.keeper()
    keeper.look()
    keeper.look()
    assert (host.done, host.device) == (["open"], ("p", 1400))

    host.door = a_door(SHOP, YARD)
    host.later(keeper)
    assert host.opened == host.door

    host.door = None
    host.later(keeper)
    assert (host.done, host.device) == (["open", "open", "close"], None)


def test_before_the_server_has_answered_nothing_is_touched_and_afterwards_its_last_word_stands() -> None:
    host = Host(door=None, away=True, opened=a_door(SHOP))
    keeper = host.keeper()
    keeper.look()
    assert host.done == []

    host.door, host.away = a_door(SHOP), False
    host.later(keeper)
    host.away = True
    host.later(keeper, CHECK_S)
    assert host.opened == host.door


def test_what_an_earlier_agent_left_open_is_closed() -> None:
    host = Host(door=None, opened=a_door(SHOP))

    host.keeper().look()

    assert host.opened is None


def test_a_door_that_something_else_damaged_is_made_again() -> None:
    host = Host(door=a_door(SHOP))
    keeper = host.keeper()
    keeper.look()
    host.opened = None

    host.later(keeper, CHECK_S)

    assert host.opened == host.door


def test_a_kernel_that_refuses_is_asked_again() -> None:
    host = Host(door=a_door(SHOP), fails=True)
    keeper = host.keeper()
    keeper.look()
    keeper.look()
    assert (host.opened, host.troubles) == (None, ["nft does not run"])

    host.fails = False
    keeper.look()

    assert (host.opened, host.troubles) == (host.door, ["nft does not run", ""])


def test_routers_with_equal_prefixes_are_told_apart_by_zone_and_mark() -> None:
    text = ruleset(a_door(SHOP, YARD))

    for router, zone in ((SHOP, 0x8002), (YARD, 0x8003)):
        assert f"ether saddr {router.mac} ct original zone set {zone}\n" in text
        assert f"ct original zone {zone} meta mark set {mark_of(router):#x}\n" in text
        assert mark_of(router) & MARKS == MARK
    assert mark_of(SHOP) != mark_of(YARD)


def test_without_a_door_the_rules_only_take_away() -> None:
    assert ruleset(None).splitlines() == [
        f"{does} table {family} weft_door" for family in ("ip", "ip6") for does in ("add", "delete")
    ]


def test_who_pretends_to_be_behind_the_router_is_dropped_in_both_ip_versions() -> None:
    both = replace(SHOP, prefixes=("10.1.0.0/24", "fd00:1::/64"))

    _, ip4, ip6 = ruleset(a_door(both)).split("\ntable ip")

    mark = f"meta mark {mark_of(SHOP):#x}"
    assert f"{mark} ip saddr {{ 10.1.0.0/24 }} drop" in ip4
    assert f"{mark} ip6 saddr {{ fd00:1::/64 }} drop" in ip6


def test_what_is_published_lands_at_its_port_by_its_networks_router() -> None:
    stray = replace(WEB, network_id="elsewhere", address=IPv4Address("10.9.9.9"))
    local = replace(WEB, published=Publication.parse("127.0.0.1:5353:53/udp"))

    text = ruleset(a_door(SHOP, YARD), [WEB, stray, local])

    marked = f"ct mark set {mark_of(SHOP):#x} meta mark set {mark_of(SHOP):#x}"
    assert f"fib daddr type local tcp dport 8080 {marked} dnat to 10.1.0.5:80\n" in text
    assert f"ip daddr 127.0.0.1 udp dport 5353 {marked} dnat to 10.1.0.5:53\n" in text
    assert "10.9.9.9" not in text


def test_what_is_published_is_in_place_when_somebody_waits_for_it() -> None:
    host = Host(door=None)
    keeper = host.keeper()
    keeper.look()
    host.door, host.published = a_door(SHOP), (WEB,)

    keeper.settle("shop")

    assert host.landed == (WEB,)
    with pytest.raises(DoorFailed, match="does not leave by this host"):
        keeper.settle("elsewhere")


def test_nothing_waits_in_silence_for_a_kernel_that_refuses() -> None:
    host = Host(door=a_door(SHOP), fails=True, published=(WEB,))

    with pytest.raises(DoorFailed, match="nft"):
        host.keeper().settle("shop")
