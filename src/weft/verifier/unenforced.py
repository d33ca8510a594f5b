"""What policies that are not in force would decide, if they were: drafts, and those in audit."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from weft.model.policy import Action, Direction, Mode
from weft.model.snapshot import Snapshot
from weft.verifier.verdict import Decision, Judge, Verdict

_WOULD = {Action.ALLOW: "allow", Action.DROP: "drop", Action.REJECT: "reject"}


def enforcing(snapshot: Snapshot, modes: Collection[Mode] = frozenset(Mode)) -> Snapshot:
    """The model as it would be if all policies that are in any of `modes` were enforced."""
    policies = {
        key: replace(policy, mode=Mode.ENFORCED) if policy.mode in modes and not policy.in_force else policy
        for key, policy in snapshot.policies.items()
    }
    return replace(snapshot, policies=policies)


@dataclass(frozen=True, slots=True)
class Would:
    """The verdict if all policies were enforced, and the decisions in it that are not so now.

    Of these at least one is there; what the other side decides then is what it decides now.
    """

    verdict: Verdict
    egress: Decision | None
    ingress: Decision | None

    @property
    def decisions(self) -> Iterator[Decision]:
        """Those that would be new, the sender's first."""
        return (decision for decision in (self.egress, self.ingress) if decision is not None)


class Unenforced:
    """Asked about verdicts on one snapshot; reads the policies when there is anything to ask."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Of policies that are not in force."""
        self._modes = {key: policy.mode for key, policy in snapshot.policies.items() if not policy.in_force}
        self._judge = Judge(enforcing(snapshot)) if self._modes else None

    def would(self, verdict: Verdict) -> Would | None:
        """What would decide instead of what decides in `verdict`; None where nothing would."""
        if self._judge is None:
            return None
        found = self._judge.verdict(verdict.source, verdict.destination, verdict.header)
        sides = [self._new(found.egress), self._new(found.ingress)]
        return Would(found, *sides) if any(sides) else None

    def tell(self, would: Would) -> str:
        """As in: If it were enforced, rule 1 of draft floor (tier project) would drop it where db-1 sends."""
        said = " and ".join(self._said(decision) for decision in would.decisions)
        then = "it would arrive" if would.verdict.passes else "it would not arrive"
        subject = "they were" if len(list(would.decisions)) > 1 else "it were"
        return f"If {subject} enforced, {said}; {then}."

    def _new(self, decision: Decision | None) -> Decision | None:
        policy = None if decision is None else decision.line.policy
        return decision if policy is not None and policy.id in self._modes else None

    def _said(self, decision: Decision) -> str:
        line = decision.line
        if line.policy is None:
            raise ValueError("only policies have a mode")
        called = "draft" if self._modes[line.policy.id] is Mode.DRAFT else "audited policy"
        does, side = _WOULD[line.action], "sends" if line.direction is Direction.EGRESS else "receives"
        which = f"rule {line.place + 1} of {called} {line.policy.name} (tier {line.policy.tier})"
        return f"{which} would {does} it where {decision.port.name} {side}"
