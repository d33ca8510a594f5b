"""The agent looks at its host now and then, and the heartbeat says what it found."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from weft.agent.health.diagnosis import diagnose
from weft.agent.health.facts import Facts, Tunnel
from weft.agent.health.finding import Finding, Severity

PERIOD_S = 30.0
MOST = 15
"""Findings that are told; the worst come first, and a heartbeat has a size."""
MOST_TUNNELS = 12
_LONGEST = 300
_LONGEST_ERROR = 100

Report = Mapping[str, object]


class Health:
    """What was found when this host was looked at last. May be read from any thread."""

    def __init__(self, gather: Callable[[], Facts], *, clock: Callable[[], float]) -> None:
        """`gather` may take seconds; `clock` in seconds."""
        self._gather, self._clock = gather, clock
        self._lock = threading.Lock()
        self._report: Report | None = None
        self._due: float | None = None

    def look(self) -> None:
        """Look, if it is time."""
        now = self._clock()
        if self._due is not None and now < self._due:
            return
        self._due = now + PERIOD_S
        facts = self._gather()
        report = {**as_report(diagnose(facts), facts.now), **as_seen(facts)}
        with self._lock:
            self._report = report

    def report(self) -> Report | None:
        """The last report; None before the first."""
        with self._lock:
            return self._report


def as_report(findings: Sequence[Finding], at: datetime) -> Report:
    """Findings as the heartbeat carries them."""
    counts = {
        severity.value: sum(finding.severity is severity for finding in findings) for severity in Severity
    }
    told = [
        {
            "severity": finding.severity.value,
            "check": finding.check,
            "says": finding.says[:_LONGEST],
            "cure": finding.cure[:_LONGEST],
        }
        for finding in findings[:MOST]
    ]
    return {"at": at.isoformat(timespec="seconds"), "counts": counts, "findings": told}


def as_seen(facts: Facts) -> Report:
    """The versions of a host and its worst tunnels, and of how many, as the heartbeat carries them."""
    tunnels = () if facts.switch is None else facts.switch.tunnels
    told = [
        {
            "peer": one.peer,
            "address": one.address,
            "encapsulation": one.encapsulation,
            "error": one.error[:_LONGEST_ERROR],
            "answers": one.answers,
            "carries": one.carries,
            "silent_s": None if one.silent_s is None else round(one.silent_s),
        }
        for one in sorted(tunnels, key=_worst_first)[:MOST_TUNNELS]
    ]
    versions = {name: said for name, said in asdict(facts.versions).items() if said is not None}
    return {"versions": versions, "tunnels": told, "tunnels_in_all": len(tunnels)}


def _worst_first(tunnel: Tunnel) -> tuple[bool, bool, float, str]:
    carries = tunnel.carries is not False and tunnel.answers is not False
    return not tunnel.error, carries, -(tunnel.silent_s or 0), tunnel.peer
