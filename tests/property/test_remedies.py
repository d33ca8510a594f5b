"""What is said to turn a verdict turns it, and whatever policy decided has something that does."""

from collections import Counter
from random import Random

import pytest
from tests.property.test_verdicts import asked
from tests.support.random_models import random_model

from weft.verifier.lines import Origin
from weft.verifier.remedy import applied, remedies
from weft.verifier.station import given
from weft.verifier.verdict import Judge, Verdict
from weft.verifier.world import World

MODELS, QUESTIONS = 60, 6
DHCP = {(68, 67), (67, 68), (546, 547), (547, 546)}
FIXED = {Origin.SYSTEM, Origin.QUARANTINE}


def turnable(verdict: Verdict) -> bool:
    """Whether policy is what decided: on all sides that must turn to open, on any to close."""
    sides = [d for d in (verdict.egress, verdict.ingress) if d is not None]
    deciding = [d.line.origin for d in sides if d.line.allows is verdict.passes]
    free = [origin not in FIXED for origin in deciding]
    return verdict.obstacle is None and (any(free) if verdict.passes else all(free))


def counted(verdict: Verdict) -> bool:
    """Whether a difference counts such a pair: both ends have their addresses, and it is not DHCP."""
    ends = verdict.source, verdict.destination
    ports = verdict.header.source_port, verdict.header.value
    return all(end.port is not None and given(end.port, end.address) for end in ends) and ports not in DHCP


@pytest.mark.parametrize("start", range(0, MODELS, 20))
def test_every_remedy_turns_the_verdict_and_whatever_policy_decided_has_one(start: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(start, start + 20):
        model = random_model(seed)
        world, judge = World.of(model), Judge(model)
        for question in Random(seed).sample(asked(seed, model), QUESTIONS):
            verdict = judge.verdict(*question)
            found = remedies(world, verdict)
            assert bool(found) == turnable(verdict), (seed, question, verdict)
            for remedy in found:
                after = Judge(applied(model, remedy.edits)).verdict(*question)
                assert after.passes is not verdict.passes, (seed, question, remedy)
                assert remedy.moved > 0 or not counted(verdict)
                seen.update(type(edit).__name__ for edit in remedy.edits)
            assert [r.moved for r in found] == sorted(r.moved for r in found)
    assert {"Insert", "Remove", "Create"} <= set(seen), seen


def test_nothing_may_be_changed_nothing_is_proposed() -> None:
    for seed in range(10):
        model = random_model(seed)
        world, judge = World.of(model), Judge(model)
        for question in asked(seed, model)[:5]:
            assert remedies(world, judge.verdict(*question), lambda _: False) == ()
