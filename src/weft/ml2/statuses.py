"""The states of ports, back from Weft: ACTIVE is a port whose flows are on its host.

Compared each time with what Neutron has, so that no event can be lost.
"""

from collections.abc import Iterable
from typing import Any

from neutron.db import models_v2
from neutron.db.models import l3 as l3_models
from neutron.plugins.ml2 import models
from neutron_lib import constants
from neutron_lib.db import api as db_api
from neutron_lib.plugins import constants as plugin_constants
from neutron_lib.plugins import directory

from weft.ml2.routing import ROUTER_PORTS
from weft.ml2.weft_side import Held

_OVS = "ovs"


def bring_back(context: Any, held: Iterable[Held]) -> int:  # noqa: ANN401 - Neutron's
    """Give Neutron's ports the states that they have in Weft; how many were different."""
    states = {mark.id: _status(mark.state) for mark in held if mark.kind == "ports"}
    with db_api.CONTEXT_READER.using(context):
        port, binding = models_v2.Port, models.PortBinding
        rows = (
            context.session.query(port.id, port.status, binding.host)
            .join(binding, binding.port_id == port.id)
            .filter(binding.vif_type == _OVS, binding.status == constants.ACTIVE)
            .all()
        )
    differing = [(key, host) for key, status, host in rows if key in states and states[key] != status]
    plugin: Any = directory.get_plugin()
    for key, host in differing:
        plugin.update_port_status(context, key, states[key], host)
    return len(differing)


def bring_back_routing(context: Any, held: Iterable[Held]) -> int:  # noqa: ANN401 - Neutron's
    """Make active what Weft knows of routers' interfaces and of floating IPs that lead somewhere."""
    known = {mark.id for mark in held}
    with db_api.CONTEXT_READER.using(context):
        port, floating = models_v2.Port, l3_models.FloatingIP
        interfaces = (
            context.session.query(port.id, port.status, port.device_id)
            .filter(port.device_owner.in_(ROUTER_PORTS))
            .all()
        )
        floating_ips = context.session.query(floating.id, floating.status, floating.fixed_port_id).all()
    plugin: Any = directory.get_plugin()
    different = 0
    for key, status, router in interfaces:
        wanted = _known(router in known)
        if status != wanted:
            plugin.update_port_status(context, key, wanted)
            different += 1
    l3: Any = directory.get_plugin(plugin_constants.L3)
    for key, status, leads_to in floating_ips:
        wanted = _known(key in known and leads_to is not None)
        if status != wanted:
            l3.update_floatingip_status(context, key, wanted)
            different += 1
    return different


def _known(there: bool) -> str:  # noqa: FBT001
    """Ports and floating IPs have the same words for it."""
    return str(constants.ACTIVE if there else constants.DOWN)


def _status(state: str | None) -> str:
    return str(constants.PORT_STATUS_ACTIVE if state == "up" else constants.PORT_STATUS_DOWN)
