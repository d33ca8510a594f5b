"""What the compiler needs to know of the installation."""

from dataclasses import dataclass

from weft.model.network import Network

OVERHEAD = 58
"""Bytes of a Geneve header with OVN's option around an inner Ethernet frame, over IPv4 (RFC 8926; VXLAN
needs 50, RFC 7348). One figure for both, so that a network keeps its MTU when the encapsulation differs.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompilerSettings:
    """`underlay_mtu` and `lease_s` in bytes and seconds."""

    underlay_mtu: int = 1500
    lease_s: int = 3600

    def mtu(self, network: Network) -> int:
        """What the workloads of `network` may send: as declared, or what the underlay leaves."""
        return network.mtu or self.underlay_mtu - OVERHEAD
