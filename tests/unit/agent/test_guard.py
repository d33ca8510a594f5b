"""The guard follows what the switch took, heals, and never touches what the host itself needs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pytest

from weft.agent.guard import CHECK_S, OWN_S, Guard, GuardFailed, ruleset
from weft.agent.links import GROUP

UPLINK, TAP = "eth1", "vnet0"
ONE, BOTH = frozenset({UPLINK}), frozenset({UPLINK, TAP})


@dataclass
class Kernel:
    """A switch, a firewall and a clock; `changes` are what the firewall was told."""

    taken: frozenset[str] | None
    own: dict[str, str] = field(default_factory=dict)
    guarded: frozenset[str] | None = None
    refuses: bool = False
    now: float = 1000.0
    changes: list[frozenset[str] | None] = field(default_factory=list)
    asked: int = 0
    """How often the kernel was asked for the host's own addresses."""

    def enslaved(self, addresses: Mapping[str, str]) -> frozenset[str] | None:
        del addresses
        return self.taken

    def apply(self, devices: Collection[str]) -> None:
        if self.refuses:
            raise GuardFailed("nft does not run")
        self.guarded = frozenset(devices)
        self.changes.append(self.guarded)

    def remove(self) -> None:
        self.guarded = None
        self.changes.append(None)

    def is_in_place(self) -> bool:
        return self.guarded is not None

    def guard(self) -> Guard:
        return Guard(self, self, addresses=self.addresses, clock=lambda: self.now)

    def addresses(self) -> Mapping[str, str]:
        self.asked += 1
        return dict(self.own)


def test_what_the_switch_takes_is_guarded_and_what_it_gives_back_is_not() -> None:
    kernel = Kernel(taken=ONE)
    guard = kernel.guard()
    for taken in (ONE, BOTH, BOTH, ONE):
        kernel.taken = taken
        guard.look()

    assert kernel.changes == [ONE, BOTH, ONE]


def test_a_guard_is_there_for_our_own_pairs_before_anything_else_is_enslaved() -> None:
    kernel = Kernel(taken=frozenset())

    kernel.guard().look()

    assert kernel.guarded == frozenset()


def test_the_guard_comes_back_after_somebody_flushed_every_rule() -> None:
    kernel = Kernel(taken=ONE)
    guard = kernel.guard()
    guard.look()
    kernel.guarded = None
    kernel.now += CHECK_S

    guard.look()

    assert kernel.guarded == ONE


def test_an_unchanged_guard_is_not_written_again() -> None:
    kernel = Kernel(taken=ONE)
    guard = kernel.guard()
    guard.look()
    kernel.now += CHECK_S

    guard.look()

    assert kernel.changes == [ONE]


def test_a_device_with_an_address_of_the_host_is_left_alone() -> None:
    kernel = Kernel(taken=BOTH, own={"10.0.0.1": UPLINK, "172.17.0.1": "docker0"})

    kernel.guard().look()

    assert kernel.guarded == frozenset({TAP})


def test_what_the_switch_does_besides_costs_no_look_at_the_hosts_addresses() -> None:
    kernel = Kernel(taken=ONE)
    guard = kernel.guard()
    guard.look()
    before = kernel.asked

    for _ in range(10):
        guard.look()

    assert kernel.asked == before


def test_a_device_that_got_an_address_just_before_the_switch_took_it_is_left_alone() -> None:
    kernel = Kernel(taken=ONE)
    guard = kernel.guard()
    guard.look()
    kernel.own, kernel.taken = {"10.0.0.2": TAP}, BOTH

    guard.look()

    assert kernel.changes == [ONE]


def test_an_address_that_comes_later_is_seen_by_the_next_look_in_time() -> None:
    kernel = Kernel(taken=BOTH)
    guard = kernel.guard()
    guard.look()
    kernel.own = {"10.0.0.2": TAP}
    kernel.now += OWN_S

    guard.look()

    assert kernel.guarded == ONE


def test_on_the_kernel_datapath_an_old_guard_goes_once_and_none_is_made() -> None:
    kernel = Kernel(taken=None, guarded=ONE)
    guard = kernel.guard()
    guard.look()
    kernel.now += CHECK_S

    guard.look()

    assert kernel.changes == [None]


def test_a_kernel_that_refuses_is_an_error_at_first_and_asked_again_later() -> None:
    kernel = Kernel(taken=ONE, refuses=True)
    guard = kernel.guard()
    with pytest.raises(GuardFailed):
        guard.look()
    guard.look_again()
    kernel.refuses = False

    guard.look_again()

    assert kernel.guarded == ONE


def test_no_chain_of_the_guard_drops_by_default() -> None:
    rules = ruleset([UPLINK, TAP])

    chains = [line for line in rules.splitlines() if "hook" in line]
    drops = {line.strip() for line in rules.splitlines() if line.strip().endswith("drop")}
    assert len(chains) == 4
    assert all("policy accept" in line for line in chains)
    assert drops == {
        f"iifgroup {GROUP} drop",
        "iifname @enslaved drop",
        f"oifgroup {GROUP} drop",
        "oifname @enslaved drop",
    }
