"""The model, compiled to Northbound rows: `compile_model` reads like a table of contents.

Pure, and a function of the snapshot alone: the order in which things were declared leaves no trace.
"""

from weft.compiler.acls import log_meter, network_acls, policy_acls
from weft.compiler.dhcp import dhcp_options
from weft.compiler.domains import Domains
from weft.compiler.groups import address_sets, port_groups
from weft.compiler.ports import switch_port
from weft.compiler.qos import qos_rules
from weft.compiler.quotas import check_quotas
from weft.compiler.settings import CompilerSettings
from weft.compiler.switches import logical_switch
from weft.model.network import Network
from weft.model.snapshot import Snapshot
from weft.ovn.rows import Acl, Row, Rows, by_key

__all__ = ["CompilerSettings", "check_quotas", "compile_model"]


def compile_model(snapshot: Snapshot, settings: CompilerSettings) -> Rows:
    """Every Northbound row that `snapshot` asks for."""
    domains = Domains(snapshot)
    acls: list[Acl] = []
    rows: list[Row] = []
    for network in snapshot.networks.values():
        rows += network_rows(snapshot, network, settings)
        acls += network_acls(domains, network.id)
    for policy in snapshot.policies.values():
        acls += policy_acls(domains, policy)
    for group in snapshot.address_groups.values():
        rows += address_sets(group)
    rows += port_groups(domains, acls)
    rows += log_meter(acls, settings.log_rate)
    return by_key([*rows, *acls])


def network_rows(snapshot: Snapshot, network: Network, settings: CompilerSettings) -> list[Row]:
    """The switch of `network` with its ports, their DHCP options and their limits."""
    limits = qos_rules(snapshot, network)
    return [
        logical_switch(snapshot, network, limits),
        *(switch_port(snapshot, port) for port in snapshot.ports_of.get(network.id, ())),
        *(dhcp_options(s, network, settings) for s in snapshot.subnets_of.get(network.id, ()) if s.dhcp),
        *limits,
    ]
