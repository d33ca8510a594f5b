"""What Weft keeps nothing of Neutron does not offer."""

import pytest
from neutron.services.trunk import exceptions as trunk_exceptions
from neutron.services.trunk.plugin import TrunkPlugin
from neutron.tests.unit.plugins.ml2 import test_plugin
from neutron_lib.callbacks import events, exceptions, registry, resources
from neutron_lib.plugins import constants, directory

import weft.ml2.tables  # noqa: F401 - before the schema is made

NOT_KEPT = {"allowed-address-pairs", "aap-reject-multicast", "extra_dhcp_opt"}


class TestOffered(test_plugin.Ml2PluginV2TestCase):
    _mechanism_drivers = ("weft",)
    l3_plugin = "weft-router"

    def test_extensions_of_ports_that_weft_cannot_keep_are_not_offered(self) -> None:
        offered = set(directory.get_plugin().supported_extension_aliases)

        assert "security-group" in offered
        assert not NOT_KEPT & offered

    def test_the_api_starts_with_what_weft_keeps(self) -> None:
        registry.publish(resources.PROCESS, events.BEFORE_SPAWN, self)

    def test_the_api_does_not_start_with_a_plug_in_that_weft_keeps_nothing_of(self) -> None:
        directory.add_plugin(constants.PORTFORWARDING, self)

        with pytest.raises(exceptions.CallbackFailure, match="Weft keeps nothing of port_forwarding"):
            registry.publish(resources.PROCESS, events.BEFORE_SPAWN, self)

    def test_trunks_neutron_itself_refuses_beside_weft_alone(self) -> None:
        with pytest.raises(trunk_exceptions.IncompatibleTrunkPluginConfiguration):
            TrunkPlugin().check_compatibility()
