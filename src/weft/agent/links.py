"""veth pairs between the host and its containers, by netlink."""

import ctypes
import errno
import os
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from pyroute2.iproute import IPRoute
from pyroute2.netlink.exceptions import NetlinkError


@dataclass(frozen=True, slots=True)
class Card:
    """A container's network card: `addresses` with prefix lengths, `mtu` in bytes."""

    name: str
    mac: str
    mtu: int
    addresses: Sequence[str]


def connect(pid: int, host_end: str, card: Card, *, checksums: bool) -> None:
    """Give the process's network namespace a card whose other end is `host_end`, up and addressed.

    `checksums` False turns transmit checksum offload off, for a userspace switch completes none. The pair is
    removed again when a step fails.
    """
    with IPRoute() as here:
        here.link(
            "add", ifname=host_end, kind="veth", peer={"ifname": card.name, "net_ns_pid": pid}, mtu=card.mtu
        )
        try:
            index = here.link_lookup(ifname=host_end)[0]
            if not checksums:
                _without_checksum_offload(pid, card.name)
            _dress(pid, card)
            here.link("set", index=index, state="up")
        except Exception:
            disconnect(host_end)
            raise


def _dress(pid: int, card: Card) -> None:
    """Name, address and raise the inner end, from a thread that has moved into its namespace.

    Not by pyroute2's NetNS: it forks, and the signal that ends its child also wakes our own event loop, which
    takes it for the agent's. A thread's namespace is its own (setns(2)), and it ends here.
    """
    failures: list[Exception] = []

    def inside() -> None:
        try:
            _enter(pid)
            with IPRoute() as there:
                _configure(there, card)
        except Exception as error:  # noqa: BLE001 - told to the thread that waits
            failures.append(error)

    worker = threading.Thread(target=inside, name=f"dress-{pid}")
    worker.start()
    worker.join()
    if failures:
        raise failures[0]


def _enter(pid: int) -> None:
    """Move the calling thread into the network namespace of `pid`."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if libc.setns(descriptor, _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter the network namespace of process {pid}")
    finally:
        os.close(descriptor)


_CLONE_NEWNET = 0x40000000
"""linux/sched.h."""


def _configure(there: IPRoute, card: Card) -> None:
    index = there.link_lookup(ifname=card.name)[0]
    there.link("set", index=index, address=card.mac, mtu=card.mtu)
    for address in card.addresses:
        plain, _, length = address.partition("/")
        there.addr("add", index=index, address=plain, prefixlen=int(length))
    there.link("set", index=index, state="up")


def _without_checksum_offload(pid: int, name: str) -> None:
    subprocess.run(
        ["nsenter", "-t", str(pid), "-n", "ethtool", "-K", name, "tx", "off"],
        check=True,
        capture_output=True,
        timeout=10,
    )


def disconnect(host_end: str) -> None:
    """Remove the pair, if it is there. Idempotent."""
    with IPRoute() as here:
        for index in here.link_lookup(ifname=host_end):
            try:
                here.link("del", index=index)
            except NetlinkError as error:
                if error.code != errno.ENODEV:  # it went with the container's namespace meanwhile
                    raise


def exists(host_end: str) -> bool:
    """Whether the host's end is there; it goes with the container's namespace."""
    with IPRoute() as here:
        return bool(here.link_lookup(ifname=host_end))
