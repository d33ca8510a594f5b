"""QoS policies of Neutron's: the driver that offers what Weft can keep, and their translation.

Neutron refuses a rule that no driver offers when its policy is put on a port or a network. Like the mechanism
driver this one writes lines into the journal. A change of a rule is one of its policy.
"""

from typing import Any

from neutron_lib import constants
from neutron_lib.api.definitions import portbindings
from neutron_lib.db import constants as db_constants
from neutron_lib.services.qos import base
from neutron_lib.services.qos import constants as qos
from oslo_config import cfg

from weft.ml2 import journal
from weft.ml2.nouns import Noun

_EXTENSION = "qos"

_OFFERED = {
    qos.RULE_TYPE_BANDWIDTH_LIMIT: {
        qos.MAX_KBPS: {"type:range": [1, db_constants.DB_INTEGER_MAX_VALUE]},
        qos.MAX_BURST: {"type:range": [0, db_constants.DB_INTEGER_MAX_VALUE]},
        qos.DIRECTION: {"type:values": constants.VALID_DIRECTIONS},
    },
    qos.RULE_TYPE_DSCP_MARKING: {qos.DSCP_MARK: {"type:values": constants.VALID_DSCP_MARKS}},
}


class WeftQos(base.DriverBase):
    """Bandwidth limits and DSCP marks. Made once, when the mechanism driver is; it registers itself."""

    def __init__(self) -> None:
        """For ports that Weft binds, and ports that are not bound yet."""
        super().__init__(
            name="weft",
            vif_types=[portbindings.VIF_TYPE_OVS],
            vnic_types=[portbindings.VNIC_NORMAL],
            supported_rules=_OFFERED,
        )

    @property
    def is_loaded(self) -> bool:
        """Whether the operator has ports and networks bear policies."""
        return _EXTENSION in cfg.CONF.ml2.extension_drivers

    def create_policy_precommit(self, context: Any, policy: Any) -> None:  # noqa: ANN401 - Neutron's
        """A policy is made."""
        journal.note(context.session, Noun.QOS_POLICY, policy.id)

    def update_policy_precommit(self, context: Any, policy: Any) -> None:  # noqa: ANN401
        """A policy changes, or one of its rules."""
        journal.note(context.session, Noun.QOS_POLICY, policy.id)

    def delete_policy_precommit(self, context: Any, policy: Any) -> None:  # noqa: ANN401
        """A policy goes."""
        journal.note(context.session, Noun.QOS_POLICY, policy.id)
