"""What runs out: room on disks, and the time of certificates. Pure."""

from collections.abc import Iterator
from datetime import timedelta

from weft.agent.health.facts import Facts
from weft.agent.health.finding import Finding, error, warning

FULL, TIGHT = 50_000_000, 500_000_000
"""Octets. The agent's journal and OVS's database must be written whole before a workload starts."""
TIGHT_SHARE = 0.05
SOON = timedelta(days=5)
"""The agent renews the host's with seven days left."""


def disks(facts: Facts) -> Iterator[Finding]:
    """Room on the file systems that daemons here write to."""
    for disk in facts.disks:
        left = f"{disk.path} has {disk.free_bytes // 1_000_000} MB left"
        if disk.free_bytes < FULL:
            yield error(
                "disk",
                f"{left}: what has to be written before a workload starts may not fit",
                _room(disk.path),
            )
        elif disk.free_bytes < TIGHT and disk.free_share < TIGHT_SHARE:
            yield warning("disk", left, _room(disk.path))


def _room(path: str) -> str:
    return f"make room on the file system of {path}"


def certificates(facts: Facts) -> Iterator[Finding]:
    """The host's certificate, and the CA's."""
    for path, end in facts.certificates.items():
        if end is None:
            yield error("certificates", f"{path} cannot be read as a certificate", _RENEW)
        elif end <= facts.now:
            yield error("certificates", f"{path} has ended ({end:%Y-%m-%d %H:%M} UTC)", _RENEW)
        elif end - facts.now < SOON:
            yield warning("certificates", f"{path} ends soon ({end:%Y-%m-%d %H:%M} UTC)", _RENEW)


_RENEW = (
    "see in the agent's log why it was not renewed; once it has ended, run weft host join again with a new "
    "token for this host (weft host token NAME)"
)
