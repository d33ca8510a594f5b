"""One type per identifier, so that a port's id cannot be passed where a network's is meant."""

from typing import NewType
from uuid import UUID

ProjectId = NewType("ProjectId", UUID)
NetworkId = NewType("NetworkId", UUID)
SubnetId = NewType("SubnetId", UUID)
PortId = NewType("PortId", UUID)
GroupId = NewType("GroupId", UUID)
AddressGroupId = NewType("AddressGroupId", UUID)
PolicyId = NewType("PolicyId", UUID)
RuleId = NewType("RuleId", UUID)
QosPolicyId = NewType("QosPolicyId", UUID)
AttachRuleId = NewType("AttachRuleId", UUID)
InvariantId = NewType("InvariantId", UUID)
RouterId = NewType("RouterId", UUID)
FloatingIPId = NewType("FloatingIPId", UUID)

DomainId = NetworkId | RouterId
"""A routing domain: a router with the networks that it joins, or a network by itself."""

HostName = NewType("HostName", str)
"""A host's name is its identity: its Chassis name in OVN and the common name of its certificate."""

Revision = NewType("Revision", int)
"""Counts changes of declared state; 0 is the empty model."""
