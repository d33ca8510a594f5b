"""Neutron's own tests of ML2 pass with our driver beside its logger. They are in Neutron's wheel."""

from neutron.plugins.ml2 import plugin  # noqa: F401 - which registers the option
from neutron.tests.unit.plugins.ml2 import test_plugin, test_security_group
from oslo_config import cfg

import weft.ml2.tables  # noqa: F401 - before the schema is made

DRIVERS = ("logger", "weft")


class TestNetworks(test_plugin.TestMl2NetworksV2):
    _mechanism_drivers = DRIVERS


class TestSubnets(test_plugin.TestMl2SubnetsV2):
    _mechanism_drivers = DRIVERS


class TestPorts(test_plugin.TestMl2PortsV2):
    _mechanism_drivers = DRIVERS

    def test_update_port_with_empty_data(self) -> None:
        self.skipTest("it compares the API with the plug-in, which has the extensions that are not offered")


class TestSecurityGroups(test_security_group.TestMl2SecurityGroups):
    def setUp(self) -> None:
        cfg.CONF.set_override("mechanism_drivers", list(DRIVERS), group="ml2")
        super().setUp()

    def test_the_driver_is_there(self) -> None:
        """Else the class would say nothing about it."""
        from neutron_lib.plugins import directory

        assert [one.name for one in directory.get_plugin().mechanism_manager.ordered_mech_drivers] == [
            *DRIVERS
        ]
