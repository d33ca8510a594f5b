"""What the compiler needs to know of the installation."""

from dataclasses import dataclass
from typing import Literal

from weft.model.network import Network
from weft.model.resolver import DOMAIN

Encapsulation = Literal["vxlan", "geneve"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompilerSettings:
    """`default_mtu` is what workloads may send, in bytes; `log_rate` in packets a second, project and host.
    `log_drops`: OVN tells of all that is dropped or rejected, and not only of what rules ask to log.

    All DHCP servers answer from `dhcp_server_mac`: each of them is alone on its switch. `domain` is what the
    names of all ports end in.
    """

    encapsulation: Encapsulation = "vxlan"
    default_mtu: int = 1442
    dhcp_server_mac: str = "02:77:65:66:74:01"
    lease_s: int = 3600
    domain: str = DOMAIN
    log_rate: int = 100
    log_drops: bool = True

    def mtu(self, network: Network) -> int:
        """What the workloads of `network` may send: as declared, or what the underlay leaves."""
        return network.mtu or self.default_mtu
