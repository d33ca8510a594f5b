"""Which changes can matter to one pair of endpoints and one packet, and the model cut down to what does.

Going back over years for one pair is cheap that way: most changes are about others, and a model with two
ports and the rules about one packet is read at once.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from weft.model.ids import PortId
from weft.model.network import Address
from weft.model.policy import AddressGroup, Group, Mode, Policy, Rule
from weft.model.port import Port
from weft.model.snapshot import Snapshot, belongs, is_for
from weft.verifier.lines import target_of, traffic_of
from weft.verifier.membership import inside
from weft.verifier.packet import Header
from weft.verifier.station import goes_by


@dataclass(frozen=True, slots=True)
class Concern:
    """The ends, some ports and addresses, and the packets that are asked about."""

    ports: Set[PortId]
    addresses: Set[Address]
    headers: Sequence[Header]

    def reduced(self, snapshot: Snapshot) -> Snapshot:
        """What of the model can have a say: verdicts on these ends and headers are as those of all of it."""
        ports = self._ends(snapshot)
        networks = {port.network_id for port in ports}
        return replace(
            snapshot,
            ports={port.id: port for port in ports},
            networks={key: snapshot.networks[key] for key in networks if key in snapshot.networks},
            policies={
                key: replace(policy, rules=tuple(r for r in policy.rules if self._is_about(r)))
                for key, policy in snapshot.policies.items()
                if any(is_for(snapshot, policy, port) for port in ports)
            },
        )

    def matters(self, snapshot: Snapshot, before: object, after: object) -> bool:
        """Whether a change of one object can turn a verdict. More often than it does is correct, and slower.

        `snapshot` is the model after the change.
        """
        said = [self._says(snapshot, item) for item in (before, after)]
        return said[0] != said[1]

    def _says(self, snapshot: Snapshot, item: object) -> object:
        """What an object says of what is asked about; None if nothing."""
        match item:
            case Policy(mode=mode) if mode is not Mode.ENFORCED:
                return None
            case Policy():
                rules = [_said(rule) for rule in item.rules if self._is_about(rule)]
                return (
                    (item.tier, item.order, target_of(item), rules)
                    if rules and self._may_be_for(snapshot, item)
                    else None
                )
            case Group():
                return self._members(snapshot, item) or None
            case AddressGroup():
                return {c for c in item.cidrs if any(inside(a, c) for a in self._spoken(snapshot))} or None
            case Port():
                return item if item.id in self.ports or self._names(item) else None
            case _:
                return item

    def _members(self, snapshot: Snapshot, group: Group) -> Set[PortId]:
        ports = self._ends(snapshot)
        return {p.id for p in ports if p.project_id == group.project_id and belongs(p, group)}

    def _may_be_for(self, snapshot: Snapshot, policy: Policy) -> bool:
        return any(port.project_id == policy.project_id for port in self._ends(snapshot))

    def _is_about(self, rule: Rule) -> bool:
        traffic = traffic_of(rule.service)
        if not rule.stateful:  # its answers may be about more than it is itself
            return any(traffic.protocol in (None, header.protocol) for header in self.headers)
        return any(traffic.covers(header) for header in self.headers)

    def _ends(self, snapshot: Snapshot) -> Sequence[Port]:
        named = [snapshot.ports[key] for key in self.ports if key in snapshot.ports]
        if not self.addresses:
            return named
        others = [p for p in snapshot.ports.values() if self._names(p)]
        return [*named, *(port for port in others if port.id not in self.ports)]

    def _names(self, port: Port) -> bool:
        return any(goes_by(port, address) for address in self.addresses)

    def _spoken(self, snapshot: Snapshot) -> Set[Address]:
        return self.addresses | {ip.address for port in self._ends(snapshot) for ip in port.fixed_ips}


def _said(rule: Rule) -> Rule:
    """The rule without what no verdict depends on."""
    return replace(rule, rank=0, description="", log=False, count=False, expires=None)
