"""Give the rules of a project their ranks, tier by tier: higher is earlier, with gaps for later rules."""

from dataclasses import replace

from weft.model import rank
from weft.model.ids import ProjectId
from weft.model.policy import Tier
from weft.store.transaction import Transaction


def rerank(tx: Transaction, project: ProjectId) -> None:
    """Put every rule of `project` in its place; as many as possible keep their rank. Raises QuotaExceeded."""
    for tier in Tier:
        policies = sorted(
            (p for p in tx.snapshot.policies.values() if p.project_id == project and p.tier is tier),
            key=lambda p: (p.order, p.id),
        )
        ranks = iter(rank.arrange([rule.rank for policy in policies for rule in policy.rules], tier))
        for policy in policies:
            rules = tuple(replace(rule, rank=next(ranks)) for rule in policy.rules)
            if rules != policy.rules:
                tx.put(replace(policy, rules=rules))
