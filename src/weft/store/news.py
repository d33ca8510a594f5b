"""What an observation tells of: who waits for one thing is not woken, and asks nobody, because of another."""

from enum import StrEnum


class News(StrEnum):
    """A kind of observation."""

    STATUS = "status"
    """How ports and hosts are."""
    REALISED = "realised"
    """OVN holds a revision."""
    REACHED = "reached"
    """A host has flows, or has ended connections."""
    SETTLED = "settled"
    """A revision is enforced, or known not to be before somebody repairs something."""
