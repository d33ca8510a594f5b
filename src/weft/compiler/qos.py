"""QoS policies as OVN's QoS rows: a meter per port and direction, and DSCP on what the port sends."""

from collections.abc import Iterator, Mapping

from weft.compiler import names
from weft.model.policy import RateLimit
from weft.model.port import Port
from weft.model.snapshot import Snapshot
from weft.ovn.rows import Qos

PRIORITY = 1000
MIN_BURST_KB = 128
"""Ten full frames. Unless a burst is asked for it is 200 ms of the rate. With the engine's own, a whole
second's worth, 12 Mbit/s passed a limit of 10 over five seconds; with 100 ms TCP found no more than 6.
"""


def qos_rules(snapshot: Snapshot, port: Port) -> Iterator[Qos]:
    """The rows of `port` by its own QoS policy, or else by its network's, if there is one."""
    chosen = port.qos_policy_id or snapshot.networks[port.network_id].qos_policy_id
    if chosen is None:
        return
    policy = snapshot.qos_policies[chosen]
    if policy.egress is not None or policy.dscp is not None:
        marking = {} if policy.dscp is None else {"dscp": policy.dscp}
        yield _row(port, "from-lport", "inport", _bandwidth(policy.egress), marking)
    if policy.ingress is not None:
        yield _row(port, "to-lport", "outport", _bandwidth(policy.ingress), {})


def _row(
    port: Port, direction: str, side: str, bandwidth: Mapping[str, int], marking: Mapping[str, int]
) -> Qos:
    return Qos(
        key=names.qos_key(port.network_id, port.id, direction),
        direction=direction,
        priority=PRIORITY,
        match=f'{side} == "{port.id}" && ip',
        bandwidth=bandwidth,
        action=marking,
    )


def _bandwidth(limit: RateLimit | None) -> dict[str, int]:
    if limit is None:
        return {}
    return {"rate": limit.rate_kbps, "burst": limit.burst_kb or max(limit.rate_kbps // 5, MIN_BURST_KB)}
