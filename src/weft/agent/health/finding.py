"""What a check says of a host. Values only."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is; the worst first."""

    ERROR = "error"
    """Something does not work, or will not after the next restart."""
    WARNING = "warning"
    """It works, and something can go wrong that need not."""
    NOTE = "note"
    """Nothing is wrong: what follows from how this host is, or what could not be looked at."""


_ORDER = tuple(Severity)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that somebody should know. `cure` is what to do about it; a note may have none."""

    severity: Severity
    check: str
    says: str
    cure: str = ""


def error(check: str, says: str, cure: str) -> Finding:
    """A finding of something that does not work."""
    return Finding(Severity.ERROR, check, says, cure)


def warning(check: str, says: str, cure: str) -> Finding:
    """A finding of something that can go wrong."""
    return Finding(Severity.WARNING, check, says, cure)


def note(check: str, says: str, cure: str = "") -> Finding:
    """A finding that is nobody's fault."""
    return Finding(Severity.NOTE, check, says, cure)


def sorted_by_severity(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The worst first; what is equally bad stays in its order."""
    return tuple(sorted(findings, key=lambda finding: _ORDER.index(finding.severity)))


def is_well(findings: Iterable[Finding]) -> bool:
    """Whether nothing but notes was found."""
    return all(finding.severity is Severity.NOTE for finding in findings)
