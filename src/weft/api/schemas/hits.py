"""Bodies of /hosts/{host}/hits, and the answers that show what was matched."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from weft.api.schemas.base import Body, Shown
from weft.api.slack import Slack
from weft.store.hits import Hits

Number = Annotated[int, Field(strict=True, ge=0, le=2**53)]


class CountIn(Body):
    """What the flows with one cookie matched since the report before."""

    cookie: Annotated[int, Field(strict=True, ge=1, lt=2**64)]
    packets: Number
    bytes: Number


class HitsIn(Body):
    """Body of POST /hosts/{host}/hits. `number` grows within a `run`; none is added twice."""

    run: UUID
    number: Number
    counted: Annotated[list[CountIn], Field(max_length=1000)] = Field(default_factory=list)


class HitsTold(Shown):
    """The cookies that belong to no policy and no default: they need not be told again."""

    others: list[int]


class Matched(Shown):
    """How much was matched. `packets` and `bytes` are null when that is unknown, which is not zero.

    Packets are those of who opened a connection: OVN does not ask policy about the answers.
    """

    packets: int | None
    bytes: int | None
    last_hit_at: datetime | None

    @classmethod
    def amount(cls, hits: Hits | None, *, known: bool) -> dict[str, object]:
        """The fields of this; without hits it is nothing if all that could tell have, and else unknown."""
        if hits is not None:
            return {"packets": hits.packets, "bytes": hits.bytes, "last_hit_at": hits.last_at}
        nothing = 0 if known else None
        return {"packets": nothing, "bytes": nothing, "last_hit_at": None}


class RuleHits(Matched):
    """What a rule matched, together with the rules `together`, which are like it but for their ports."""

    policy_id: UUID
    rule_id: UUID
    together: list[UUID]


class DefaultHits(Matched):
    """What was decided on a network where no rule matched; `what` is as in `default-ingress-drop`."""

    what: str


class Precision(Shown):
    """How well the numbers are known.

    Hosts look every `precision_s` seconds, so what happened in the last of them may be missing. What the
    hosts in `silent` matched lately is missing, too.
    """

    precision_s: int
    silent: list[str]


class RulesHits(Precision):
    """The rules of one policy, or of all that the caller may see."""

    rules: list[RuleHits]


class NetworkHits(Precision):
    """What no rule decided on a network."""

    defaults: list[DefaultHits]


class UnusedRule(Shown):
    """A rule that allows, `index` counted from 1, without a hit. Unused, unless `unknown` says why not."""

    policy_id: UUID
    policy: str
    project_id: UUID
    rule_id: UUID
    index: int
    description: str
    last_hit_at: datetime | None
    unknown: str | None

    @classmethod
    def from_model(cls, found: Slack) -> "UnusedRule":
        """As the API shows it."""
        rule = found.policy.rules[found.place]
        return cls(
            policy_id=found.policy.id,
            policy=found.policy.name,
            project_id=found.policy.project_id,
            rule_id=rule.id,
            index=found.place + 1,
            description=rule.description,
            last_hit_at=None if found.last is None else found.last.last_at,
            unknown=found.unknown,
        )


class UnusedRules(Precision):
    """What was allowed and not used since `since`; every hit is known since `known_since`, if that is set."""

    since: datetime
    known_since: datetime | None
    rules: list[UnusedRule]
