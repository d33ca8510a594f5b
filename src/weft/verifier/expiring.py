"""What a model comes to when rules expire: at worst, whatever the order in which they do."""

from dataclasses import replace

from weft.model.invariant import Promise
from weft.model.policy import Action, Policy
from weft.model.snapshot import Snapshot


def at_worst(snapshot: Snapshot, promise: Promise) -> Snapshot:
    """The model in which a promise is hardest to keep, of all that rules leave behind when they expire.

    What must never be reached is the most open when all that blocks has ended and all that allows has not;
    what must be reached, the other way round. The same object where no rule that matters expires.
    """
    ends = {Action.DROP, Action.REJECT} if promise is Promise.NEVER else {Action.ALLOW}
    changed = {key: after for key, p in snapshot.policies.items() if (after := _without(p, ends)) is not p}
    if not changed:
        return snapshot
    return replace(snapshot, policies={**snapshot.policies, **changed})


def _without(policy: Policy, ends: set[Action]) -> Policy:
    left = tuple(rule for rule in policy.rules if rule.expires is None or rule.action not in ends)
    return policy if len(left) == len(policy.rules) else replace(policy, rules=left)
