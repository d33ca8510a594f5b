"""The service plug-in `weft-router`: Neutron's routers and floating IPs, which Weft realises.

Neutron's own classes hold them in its database. Nothing is scheduled and no agent is told: like the driver,
this writes lines into the journal. Interfaces are ports, whose lines the driver writes.
"""

from typing import Any, ClassVar

from neutron.db import extraroute_db, l3_fip_port_details, l3_gwmode_db
from neutron.db.models import l3 as l3_models
from neutron.quota import resource_registry
from neutron_lib import constants
from neutron_lib.api.definitions import extraroute, fip_port_details, l3, l3_ext_gw_mode
from neutron_lib.callbacks import events, registry, resources
from neutron_lib.plugins import constants as plugin_constants
from neutron_lib.services import base

from weft.ml2 import journal
from weft.ml2.nouns import Noun


class WeftRouters(
    base.ServicePluginBase,
    extraroute_db.ExtraRoute_dbonly_mixin,
    l3_gwmode_db.L3_NAT_dbonly_mixin,
    l3_fip_port_details.Fip_port_details_db_mixin,
):
    """Routers, their ways out and routes, and floating IPs."""

    supported_extension_aliases: ClassVar[list[str]] = [
        l3.ALIAS,
        l3_ext_gw_mode.ALIAS,
        extraroute.ALIAS,
        fip_port_details.ALIAS,
    ]

    @resource_registry.tracked_resources(  # type: ignore[untyped-decorator]  # Neutron has no types
        router=l3_models.Router, floatingip=l3_models.FloatingIP
    )
    def __init__(self) -> None:
        """Listen to what Neutron does with routers, in its transactions."""
        super().__init__()
        for event in (events.PRECOMMIT_CREATE, events.PRECOMMIT_UPDATE, events.PRECOMMIT_DELETE):
            registry.subscribe(_router_changes, resources.ROUTER, event)
        registry.subscribe(_router_made, resources.ROUTER, events.AFTER_CREATE)
        for event in (events.PRECOMMIT_CREATE, events.PRECOMMIT_UPDATE):
            registry.subscribe(_floating_changes, resources.FLOATING_IP, event)

    @classmethod
    def get_plugin_type(cls) -> str:
        """What Neutron finds it by."""
        return str(plugin_constants.L3)

    def get_plugin_description(self) -> str:
        """For those who list the plug-ins."""
        return "Routers and floating IPs on Weft"

    def create_floatingip(
        self,
        context: Any,  # noqa: ANN401 - Neutron's
        floatingip: Any,  # noqa: ANN401
        initial_status: str = constants.FLOATINGIP_STATUS_DOWN,
    ) -> Any:  # noqa: ANN401
        """A floating IP is down until Weft knows it."""
        return super().create_floatingip(context, floatingip, initial_status)


def _router_changes(_resource: str, _event: str, _trigger: object, payload: Any) -> None:  # noqa: ANN401
    journal.note(payload.context.session, Noun.ROUTER, payload.resource_id)


def _router_made(_resource: str, _event: str, _trigger: object, payload: Any) -> None:  # noqa: ANN401
    """A router made with a way out gets that in transactions that tell nobody; the sweep knows, too."""
    journal.note_all(payload.context.elevated(), [(Noun.ROUTER, payload.resource_id)])


def _floating_changes(_resource: str, _event: str, _trigger: object, payload: Any) -> None:  # noqa: ANN401
    journal.note(payload.context.session, Noun.FLOATING_IP, payload.desired_state.id)
