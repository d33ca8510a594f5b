"""QoS policies of Neutron's: what Weft hears of them, and what Neutron does not let anybody have."""

from typing import Any

from neutron.services.qos import qos_plugin
from neutron.tests.unit.plugins.ml2 import test_plugin
from neutron_lib.plugins import constants, directory
from oslo_config import cfg
from tests.neutron.fakes import Clock, FakeWeft

from weft.ml2.read import Neutron
from weft.ml2.sweep import differences
from weft.ml2.telling import Teller
from weft.ml2.translate import Given

LIMIT = {"max_kbps": 10_000, "max_burst_kbps": 0, "direction": "ingress"}


class TestLimits(test_plugin.Ml2PluginV2TestCase):
    _mechanism_drivers = ("weft",)
    _extension_drivers = ("qos",)

    def get_additional_service_plugins(self) -> dict[str, str]:
        return {"revision_plugin_name": "revisions", "qos": "qos"}

    def setUp(self) -> None:
        cfg.CONF.set_override("extension_drivers", list(self._extension_drivers), group="ml2")
        super().setUp()
        self.weft = FakeWeft()
        self.neutron = Neutron(lambda _project: None)
        self.teller = Teller(self.neutron, self.weft, Clock())  # type: ignore[arg-type]
        self.qos: Any = directory.get_plugin(constants.QOS)
        assert isinstance(self.qos, qos_plugin.QoSPlugin)

    def held(self, kind: str) -> list[Given]:
        """What Weft holds of a kind, after everything was told and the sweep finds nothing."""
        self.teller.turn()
        assert differences(self.neutron.everything(), self.weft.held()) == []
        return [one.body for (its, _), one in self.weft.objects.items() if its == kind]

    def policy(self, project: str | None = None, **fields: object) -> str:
        asked = {"name": "slow", "project_id": project or self._project_id, "shared": True, **fields}
        return str(self.qos.create_policy(self.context, {"policy": asked})["id"])

    def test_a_policy_is_its_rules(self) -> None:
        policy = self.policy()
        limit = self.qos.create_policy_bandwidth_limit_rule(
            self.context, policy, {"bandwidth_limit_rule": LIMIT}
        )
        self.qos.create_policy_dscp_marking_rule(
            self.context, policy, {"dscp_marking_rule": {"dscp_mark": 46}}
        )
        (held,) = self.held("qos_policies")
        assert (held["egress"], held["ingress"]) == (None, {"rate_kbps": 10_000, "burst_kb": 0})
        assert held["dscp"] == 46

        self.qos.delete_policy_bandwidth_limit_rule(self.context, limit["id"], policy)

        (held,) = self.held("qos_policies")
        assert held["ingress"] is None

        self.qos.delete_policy(self.context, policy)

        assert self.held("qos_policies") == []

    def test_a_network_bears_a_policy_and_puts_it_down(self) -> None:
        policy = self.policy()
        with self.network() as network:
            for borne in (policy, None):
                self._update("networks", network["network"]["id"], {"network": {"qos_policy_id": borne}})

                (held,) = self.held("networks")

                assert held.get("qos_policy") == borne

    def test_a_port_bears_a_policy_of_its_own(self) -> None:
        policy = self.policy()
        bears = {"qos_policy_id": policy, "arg_list": ("qos_policy_id",)}
        with (
            self.network() as network,
            self.subnet(network=network) as subnet,
            self.port(subnet=subnet, **bears),
        ):
            (held,) = self.held("ports")

        assert held["qos_policy"] == policy

    def test_a_policy_of_another_project_is_left_out_and_holds_nobody_up(self) -> None:
        policy = self.policy(project="27fb53b3287547b8ae40b51ba1ee6dff")
        with self.network() as network:
            self._update("networks", network["network"]["id"], {"network": {"qos_policy_id": policy}})

            (held,) = self.held("networks")

        assert "qos_policy" not in held

    def test_what_weft_cannot_keep_neutron_refuses_where_it_would_hold(self) -> None:
        policy = self.policy()
        rule = {"min_kbps": 5, "direction": "egress"}
        self.qos.create_policy_minimum_bandwidth_rule(self.context, policy, {"minimum_bandwidth_rule": rule})
        with self.network() as network:
            self._update(
                "networks",
                network["network"]["id"],
                {"network": {"qos_policy_id": policy}},
                expected_code=409,
            )

            (held,) = self.held("networks")

        assert "qos_policy" not in held
