"""The model, compiled to Northbound rows: `compile_model` reads like a table of contents.

Pure, and a function of the snapshot alone: the order in which things were declared leaves no trace.
"""

from weft.compiler.acls import default_acls, log_meter, rule_acls, system_acls
from weft.compiler.dhcp import dhcp_options
from weft.compiler.domains import Domains
from weft.compiler.groups import address_sets, port_groups
from weft.compiler.ports import switch_port
from weft.compiler.qos import qos_rules
from weft.compiler.settings import CompilerSettings
from weft.compiler.switches import logical_switch
from weft.model.snapshot import Snapshot
from weft.ovn.rows import Acl, Row, Rows, by_key

__all__ = ["CompilerSettings", "compile_model"]


def compile_model(snapshot: Snapshot, settings: CompilerSettings) -> Rows:
    """Every Northbound row that `snapshot` asks for."""
    domains = Domains(snapshot)
    acls: list[Acl] = [
        *system_acls(domains),
        *rule_acls(domains),
        *default_acls(domains),
    ]
    rows: list[Row] = [*acls, *port_groups(domains, acls), *address_sets(domains), *log_meter(acls)]
    for subnet in snapshot.subnets.values():
        rows += dhcp_options(subnet, snapshot.networks[subnet.network_id], settings)
    for network in snapshot.networks.values():
        limits = qos_rules(snapshot, network)
        rows += [switch_port(snapshot, port) for port in snapshot.ports_of.get(network.id, ())]
        rows += [*limits, logical_switch(snapshot, network, limits)]
    return by_key(rows)
