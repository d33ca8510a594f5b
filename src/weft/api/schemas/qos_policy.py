"""Bodies of /qos-policies."""

from typing import Annotated

from pydantic import Field

from weft.api.schemas.base import ABSENT, Body, Count, Name, Owned, Patch, Reference, Shown, Text
from weft.api.view import View
from weft.model.ids import ProjectId
from weft.model.policy import QosPolicy, RateLimit
from weft.store import Kind
from weft.store.policies import NewQosPolicy

Dscp = Annotated[int, Field(strict=True, ge=0, le=63)]


class RateLimitIn(Body):
    """A token bucket."""

    rate_kbps: Count
    burst_kb: Count = 0

    def to_model(self) -> RateLimit:
        """The limit in the model's terms. Raises Invalid."""
        return RateLimit(rate_kbps=self.rate_kbps, burst_kb=self.burst_kb)


class QosPolicyCreate(Body):
    """Body of POST /qos-policies."""

    project: Reference | None = None
    name: Name
    description: Text = ""
    egress: RateLimitIn | None = None
    ingress: RateLimitIn | None = None
    dscp: Dscp | None = None

    def to_model(self, project: ProjectId) -> NewQosPolicy:
        """The request in the store's terms. Raises Invalid."""
        return NewQosPolicy(
            project_id=project,
            name=self.name,
            description=self.description,
            egress=_limit(self.egress),
            ingress=_limit(self.ingress),
            dscp=self.dscp,
        )


class QosPolicyPatch(Patch):
    """Body of PATCH /qos-policies/{id}."""

    name: Name = ABSENT
    description: Text = ABSENT
    egress: RateLimitIn | None = None
    ingress: RateLimitIn | None = None
    dscp: Dscp | None = None

    def to_model(self) -> dict[str, object]:
        """The changes in the store's terms. Raises Invalid."""
        changes = self.sent()
        if "egress" in changes:
            changes["egress"] = _limit(self.egress)
        if "ingress" in changes:
            changes["ingress"] = _limit(self.ingress)
        return changes


class RateLimitShown(Shown):
    """A token bucket."""

    rate_kbps: int
    burst_kb: int


class QosPolicyShown(Owned):
    """A QoS policy."""

    description: str
    egress: RateLimitShown | None
    ingress: RateLimitShown | None
    dscp: int | None

    @classmethod
    def from_model(cls, view: View, policy: QosPolicy) -> "QosPolicyShown":
        """The QoS policy as it is shown."""
        return cls(
            id=policy.id,
            project_id=policy.project_id,
            project=view.project_name(policy.project_id),
            name=policy.name,
            description=policy.description,
            egress=_shown(policy.egress),
            ingress=_shown(policy.ingress),
            dscp=policy.dscp,
            revision=view.revised_at(Kind.QOS_POLICIES, policy.id),
        )


def _limit(asked: RateLimitIn | None) -> RateLimit | None:
    return None if asked is None else asked.to_model()


def _shown(limit: RateLimit | None) -> RateLimitShown | None:
    if limit is None:
        return None
    return RateLimitShown(rate_kbps=limit.rate_kbps, burst_kb=limit.burst_kb)
