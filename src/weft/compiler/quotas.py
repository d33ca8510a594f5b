"""What OVN can carry. It does not refuse more by itself: it silently never binds the port too many."""

from weft.compiler.settings import CompilerSettings, Encapsulation
from weft.model.errors import QuotaExceeded
from weft.model.snapshot import Snapshot

DATAPATHS: dict[Encapsulation, int] = {"vxlan": 4_095, "geneve": 16_777_215}
"""Twelve bits of a VXLAN network identifier, or twenty-four of Geneve's."""

PORTS: dict[Encapsulation, int] = {"vxlan": 2_047, "geneve": 32_767}
"""Per network: eleven bits are left of the VXLAN identifier, fifteen in Geneve's option."""


def check_quotas(snapshot: Snapshot, settings: CompilerSettings) -> None:
    """Raise QuotaExceeded if `snapshot` has more than the installation's encapsulation can carry."""
    kind = settings.encapsulation
    if len(snapshot.networks) > DATAPATHS[kind]:
        raise QuotaExceeded(
            f"encapsulation = {kind} carries at most {DATAPATHS[kind]:,} networks, "
            f"this would make it {len(snapshot.networks):,}",
            field="network",
        )
    for network, ports in snapshot.ports_of.items():
        if len(ports) > PORTS[kind]:
            raise QuotaExceeded(
                f"encapsulation = {kind} carries at most {PORTS[kind]:,} ports on a network, "
                f"this would make it {len(ports):,} on network {snapshot.networks[network].name}",
                field="network",
            )
