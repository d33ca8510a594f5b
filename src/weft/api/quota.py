"""The flows that policies cost on a host, against the most that they may: `policy_flows_per_host`."""

from collections.abc import Mapping
from dataclasses import dataclass

from weft.compiler.flows import Forecast
from weft.model.ids import HostName, PolicyId
from weft.model.snapshot import Snapshot

SETTING = "policy_flows_per_host"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What all policies cost on one host, `before` and `after` a change, and the policy that grows most."""

    host: HostName
    before: int
    after: int
    policy: PolicyId
    of_policy: int


def heaviest(before: Forecast, after: Forecast, *, grown: bool = False) -> Load | None:
    """The host with most flows after a change; of those alone that have more than before, if `grown`."""
    loads = (_load(host, before.get(host, {}), policies) for host, policies in after.items() if policies)
    asked = [load for load in loads if not grown or load.after > load.before]
    return max(asked, key=lambda load: (load.after, load.host), default=None)


def _load(host: HostName, before: Mapping[PolicyId, int], after: Mapping[PolicyId, int]) -> Load:
    grows = max(after, key=lambda policy: (after[policy] - before.get(policy, 0), after[policy], policy))
    return Load(
        host=host,
        before=sum(before.values()),
        after=sum(after.values()),
        policy=grows,
        of_policy=after[grows],
    )


def refusal(snapshot: Snapshot, load: Load, most: int, *, named: bool) -> str:
    """Why a change is refused; the host is `named` to administrators alone."""
    where = f"on host {load.host}" if named else "on one host"
    return (
        f"policy {snapshot.policies[load.policy].name} would cost {load.of_policy:,} flows {where}, and all "
        f"policies together {load.after:,}; the setting {SETTING} allows {most:,}. Let fewer rules name "
        "large groups, put rules that differ in their ports alone next to each other, or raise the setting"
    )
