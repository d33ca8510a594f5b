"""The mechanism driver `weft`: each hook writes a line into the journal, in Neutron's transaction.

It speaks to nobody. Weft may be down, slow or not yet there: no call of OpenStack's notices.
"""

from importlib.metadata import version
from typing import Any

from neutron_lib import constants
from neutron_lib.api.definitions import portbindings
from neutron_lib.callbacks import events, registry, resources
from neutron_lib.plugins.ml2 import api
from oslo_log import log as logging

from weft.ml2 import hosts, journal, settings
from weft.ml2.nouns import Noun
from weft.ml2.offered import refuse_unkept
from weft.ml2.qos import WeftQos
from weft.ml2.routing import ROUTER_PORTS

LOG = logging.getLogger(__name__)

_OLDEST = 29
"""The release of Neutron that all of this was tried with; later ones are given a chance."""

_BRIDGE = "br-int"

_BINDABLE = (
    *(constants.TYPE_GENEVE, constants.TYPE_VXLAN, constants.TYPE_GRE),
    *(constants.TYPE_VLAN, constants.TYPE_FLAT),
)
"""Segments that a port can be bound to: those of overlays are one to Weft, which numbers its own."""

_NOT_KEPT = {"allowed-address-pairs", "aap-reject-multicast", "extra_dhcp_opt"}

_RULE_EVENTS = (events.PRECOMMIT_CREATE, events.PRECOMMIT_DELETE)
_GROUP_EVENTS = (*_RULE_EVENTS, events.PRECOMMIT_UPDATE)
_ADDRESS_EVENTS = (events.AFTER_CREATE, events.AFTER_UPDATE, events.AFTER_DELETE)
"""Neutron tells of address groups after the transaction alone: what is lost between is found by the sweep."""


class WeftMechanismDriver(api.MechanismDriver):
    """Networks, subnets and ports of ML2, and the security groups and QoS policies beside them."""

    @property
    def connectivity(self) -> str:
        """What ports of this driver are connected to."""
        return str(portbindings.CONNECTIVITY_L2)

    def initialize(self) -> None:
        """Listen to what ML2 has no hooks for. Raises RuntimeError beside a Neutron that is too old."""
        refuse_old(version("neutron"))
        settings.register()
        self.qos = WeftQos()
        registry.subscribe(refuse_unkept, resources.PROCESS, events.BEFORE_SPAWN)
        for event in _GROUP_EVENTS:
            registry.subscribe(self._group_changes, resources.SECURITY_GROUP, event)
        for event in _RULE_EVENTS:
            registry.subscribe(self._rule_changes, resources.SECURITY_GROUP_RULE, event)
        for event in _ADDRESS_EVENTS:
            registry.subscribe(self._addresses_changed, resources.ADDRESS_GROUP, event)

    def supported_extensions(self, extensions: set[str]) -> set[str]:
        """Those of Neutron's extensions that Weft can keep: what it cannot, nobody is offered."""
        return extensions - _NOT_KEPT

    def create_network_precommit(self, context: Any) -> None:  # noqa: ANN401 - ML2's, so for all hooks
        """A network is made."""
        _note(context, Noun.NETWORK)

    def update_network_precommit(self, context: Any) -> None:  # noqa: ANN401
        """A network changes."""
        _note(context, Noun.NETWORK)

    def delete_network_precommit(self, context: Any) -> None:  # noqa: ANN401
        """A network goes."""
        _note(context, Noun.NETWORK)

    def create_subnet_precommit(self, context: Any) -> None:  # noqa: ANN401
        """A subnet is made."""
        _note(context, Noun.SUBNET)

    def update_subnet_precommit(self, context: Any) -> None:  # noqa: ANN401
        """A subnet changes."""
        _note(context, Noun.SUBNET)

    def delete_subnet_precommit(self, context: Any) -> None:  # noqa: ANN401
        """A subnet goes."""
        _note(context, Noun.SUBNET)

    def create_port_precommit(self, context: Any) -> None:  # noqa: ANN401
        """A port is made."""
        _note_port(context)

    def update_port_precommit(self, context: Any) -> None:  # noqa: ANN401
        """A port changes, or is bound."""
        _note_port(context)

    def delete_port_precommit(self, context: Any) -> None:  # noqa: ANN401
        """A port goes, and the floating IP with it whose address it held."""
        _note_port(context)
        if context.current["device_owner"] == constants.DEVICE_OWNER_FLOATINGIP:
            _note(context, Noun.FLOATING_IP, context.current["device_id"])

    def bind_port(self, context: Any) -> None:  # noqa: ANN401
        """Bind a port on a host that runs a Weft agent: the switch's interface gets the port's id."""
        vnic = context.current.get(portbindings.VNIC_TYPE, portbindings.VNIC_NORMAL)
        if vnic != portbindings.VNIC_NORMAL or not hosts.is_known(context.plugin_context, context.host):
            LOG.debug("port %s is not for Weft: host %s, %s", context.current["id"], context.host, vnic)
            return
        for segment in context.segments_to_bind:
            if segment[api.NETWORK_TYPE] in _BINDABLE:
                context.set_binding(segment[api.ID], portbindings.VIF_TYPE_OVS, _details())
                return

    def _group_changes(self, _resource: str, _event: str, _trigger: object, payload: Any) -> None:  # noqa: ANN401
        journal.note(payload.context.session, Noun.SECURITY_GROUP, _group_id(payload))

    def _rule_changes(self, _resource: str, _event: str, _trigger: object, payload: Any) -> None:  # noqa: ANN401
        group = payload.metadata.get("security_group_id") or payload.latest_state["security_group_id"]
        journal.note(payload.context.session, Noun.SECURITY_GROUP, group)

    def _addresses_changed(self, _resource: str, _event: str, _trigger: object, payload: Any) -> None:  # noqa: ANN401
        journal.note_all(payload.context.elevated(), [(Noun.ADDRESS_GROUP, payload.resource_id)])


def refuse_old(found: str) -> None:
    """Raise RuntimeError for a version of Neutron that is too old."""
    if int(found.partition(".")[0]) < _OLDEST:
        raise RuntimeError(
            f"Weft's driver needs Neutron {_OLDEST} or later, and this is {found}: with older ones it was "
            "never tried; take weft out of mechanism_drivers, or bring Neutron up to date"
        )


def _note(context: Any, noun: Noun, object_id: str | None = None) -> None:  # noqa: ANN401 - ML2's
    journal.note(context.plugin_context.session, noun, object_id or context.current["id"])


def _note_port(context: Any) -> None:  # noqa: ANN401 - ML2's
    """A port that is an interface of a router is a part of the router."""
    _note(context, Noun.PORT)
    if context.current["device_owner"] in ROUTER_PORTS:
        _note(context, Noun.ROUTER, context.current["device_id"])


def _group_id(payload: Any) -> str:  # noqa: ANN401 - Neutron's
    """A new group has no id of its own in the payload."""
    return str(payload.resource_id or payload.latest_state["id"])


def _details() -> dict[str, object]:
    """What Nova's os-vif plugs by (neutron-lib, portbindings)."""
    return {
        portbindings.VIF_DETAILS_CONNECTIVITY: portbindings.CONNECTIVITY_L2,
        portbindings.CAP_PORT_FILTER: True,
        portbindings.OVS_HYBRID_PLUG: False,
        portbindings.VIF_DETAILS_BRIDGE_NAME: _BRIDGE,
    }
