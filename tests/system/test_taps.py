"""The kernel's taps, and the fake of them: one contract."""

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from pyroute2 import IPRoute
from tests.fakes.taps import FakeTaps

from weft.agent.links import GROUP, LinkFailed
from weft.agent.manual.taps import Taps

CLONE_NEWNET = 0x40000000  # linux/sched.h

Kind = Callable[[], Taps | FakeTaps]


def apart(claim: Callable[[], None]) -> None:
    """In a network namespace that goes with the thread."""

    def enter() -> None:
        library = ctypes.CDLL(None, use_errno=True)
        assert library.unshare(CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        claim()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(enter).result()


@pytest.mark.parametrize("kind", [Taps, FakeTaps])
def test_a_tap_is_up_with_its_mtu_until_it_is_deleted(kind: Kind) -> None:
    def claim() -> None:
        taps = kind()
        taps.make("wt0", 1400)

        made = taps.present()["wt0"]
        assert (made.name, made.mtu, made.up, made.loopback, made.master) == ("wt0", 1400, True, False, "")
        taps.raise_up("wt0")
        assert taps.present()["wt0"] == made
        taps.delete("wt0")
        taps.delete("wt0")
        assert "wt0" not in taps.present()

    apart(claim)


@pytest.mark.parametrize("kind", [Taps, FakeTaps])
def test_an_interface_that_is_not_there_cannot_be_set_up(kind: Kind) -> None:
    def claim() -> None:
        with pytest.raises(LinkFailed, match="nosuch"):
            kind().raise_up("nosuch")

    apart(claim)


def test_a_tap_belongs_to_the_group_that_the_guard_and_leave_know() -> None:
    def claim() -> None:
        Taps().make("wt0", 1400)

        with IPRoute() as route:
            assert [link.get_attr("IFLA_GROUP") for link in route.get_links(ifname="wt0")] == [GROUP]

    apart(claim)


def test_the_kernel_says_what_an_interface_is_a_part_of() -> None:
    def claim() -> None:
        Taps().make("wt0", 1400)
        with IPRoute() as route:
            route.link("add", ifname="br0", kind="bridge")
            bridge = route.link_lookup(ifname="br0")[0]
            route.link("set", index=route.link_lookup(ifname="wt0")[0], master=bridge)

        seen = Taps().present()

        assert (seen["wt0"].master, seen["lo"].loopback) == ("br0", True)

    apart(claim)


def test_a_name_that_the_kernel_refuses_leaves_no_tap() -> None:
    def claim() -> None:
        with pytest.raises(LinkFailed, match="could not be made"):
            Taps().make("not/a/name", 1400)

        assert set(Taps().present()) == {"lo"}

    apart(claim)
