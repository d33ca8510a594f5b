"""Versions: is it old enough to be known not to work, or not there at all? Pure."""

import re
from collections.abc import Iterator

from weft.agent.health.facts import Facts
from weft.agent.health.finding import Finding, error, note, warning

OLDEST_KERNEL = (5, 10)
OLDEST_OPENVSWITCH = (3, 1)
OLDEST_OVN = (23, 3)
OLDEST_DOCKER = (20, 10)
OLDEST_LIBVIRT = (9, 0)
"""The versions that Weft is tested with: those of Debian 12; the kernel is Debian 11's."""


def kernel(facts: Facts) -> Iterator[Finding]:
    """The kernel."""
    if _is_older(facts.versions.kernel, OLDEST_KERNEL):
        yield warning(
            "versions",
            f"kernel {facts.versions.kernel} is older than {_dotted(OLDEST_KERNEL)}, and nobody has tried it",
            "upgrade the kernel",
        )


def openvswitch(facts: Facts) -> Iterator[Finding]:
    """Open vSwitch, without which nothing is plugged."""
    if facts.switch is None:
        yield error(
            "versions",
            "Open vSwitch does not answer at /run/openvswitch/db.sock",
            "install and start it (Debian: apt install openvswitch-switch); if it is there, see "
            "/var/log/openvswitch/ovs-vswitchd.log",
        )
        return
    yield from _known("Open vSwitch", facts.versions.openvswitch, OLDEST_OPENVSWITCH)


def ovn(facts: Facts) -> Iterator[Finding]:
    """ovn-controller's version."""
    if facts.versions.ovn is None:
        yield error(
            "versions", "ovn-controller is not installed", "install it (Debian: apt install ovn-host)"
        )
        return
    yield from _known("OVN", facts.versions.ovn, OLDEST_OVN)


def engines(facts: Facts) -> Iterator[Finding]:
    """What brings workloads; a host needs one of them."""
    versions = facts.versions
    if versions.docker is None and versions.libvirt is None:
        yield note(
            "versions",
            "neither Docker nor libvirt is here: nothing on this machine asks for endpoints (ports)",
            "install one (Debian: apt install docker.io, or libvirt-daemon-system)",
        )
    if versions.docker is not None:
        yield from _known("Docker", versions.docker, OLDEST_DOCKER)
    if versions.libvirt is not None:
        yield from _known("libvirt", versions.libvirt, OLDEST_LIBVIRT)


def _known(program: str, version: str | None, oldest: tuple[int, int]) -> Iterator[Finding]:
    if version is None:
        yield note("versions", f"{program} does not say which version it is")
    elif _is_older(version, oldest):
        yield error(
            "versions",
            f"{program} {version} is older than {_dotted(oldest)}, which Weft needs",
            f"upgrade {program}",
        )


def _is_older(version: str, oldest: tuple[int, int]) -> bool:
    """Whether the first two numbers of `version` come before `oldest`; never for what has no numbers."""
    numbers = re.findall(r"\d+", version)[:2]
    return len(numbers) == len(oldest) and tuple(map(int, numbers)) < oldest


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]:02d}" if version == OLDEST_OVN else f"{version[0]}.{version[1]}"
