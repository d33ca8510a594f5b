"""What Neutron does with routers and floating IPs Weft hears, whatever road it takes through Neutron."""

from typing import Any

from neutron.tests.unit.api import test_extensions
from neutron.tests.unit.extensions import test_extraroute, test_l3
from neutron.tests.unit.plugins.ml2 import test_plugin
from neutron_lib.plugins import directory
from tests.neutron.fakes import Clock, FakeWeft

from weft.ml2 import statuses
from weft.ml2.read import Neutron
from weft.ml2.sweep import differences
from weft.ml2.telling import Teller
from weft.ml2.translate import Given


class TestRouting(test_plugin.Ml2PluginV2TestCase, test_l3.L3NatTestCaseMixin):
    _mechanism_drivers = ("weft",)
    l3_plugin = "weft-router"

    def get_additional_service_plugins(self) -> dict[str, str]:
        return {"revision_plugin_name": "revisions"}

    def setUp(self) -> None:
        super().setUp()
        extensions = test_extraroute.ExtraRouteTestExtensionManager()
        self.ext_api = test_extensions.setup_extensions_middleware(extensions)
        self.weft = FakeWeft()
        self.neutron = Neutron(lambda _project: None)
        self.teller = Teller(self.neutron, self.weft, Clock())  # type: ignore[arg-type]

    def held(self, kind: str) -> list[Given]:
        """What Weft holds of a kind, after everything was told and the sweep finds nothing."""
        self.teller.turn()
        assert differences(self.neutron.everything(), self.weft.held()) == []
        return [one.body for (its, _), one in self.weft.objects.items() if its == kind]

    def joined(self, router: Any, subnet: Any, action: str = "add") -> None:  # noqa: ANN401 - Neutron's
        self._router_interface_action(action, router["router"]["id"], subnet["subnet"]["id"], None)

    def outside(self, subnet: Any) -> str:  # noqa: ANN401 - Neutron's
        network = str(subnet["subnet"]["network_id"])
        self._set_net_external(network)
        return network

    def test_a_router_joins_and_leaves_networks(self) -> None:
        with self.router() as router, self.subnet(cidr="10.0.0.0/24") as subnet:
            self.joined(router, subnet)
            (held,) = self.held("routers")
            assert held["networks"] == [subnet["subnet"]["network_id"]]
            assert self.held("ports") == []

            self.joined(router, subnet, "remove")

            (held,) = self.held("routers")
            assert held["networks"] == []

    def test_a_port_that_becomes_an_interface_is_no_workload_any_more(self) -> None:
        with (
            self.router() as router,
            self.subnet(cidr="10.0.0.0/24") as subnet,
            self.port(subnet=subnet, fixed_ips=[{"ip_address": "10.0.0.1"}]) as port,
        ):
            assert len(self.held("ports")) == 1

            self._router_interface_action("add", router["router"]["id"], None, port["port"]["id"])

            assert self.held("ports") == []
            (held,) = self.held("routers")
            assert held["networks"] == [subnet["subnet"]["network_id"]]

    def test_a_router_is_led_out_and_loses_its_way(self) -> None:
        with self.router() as router, self.subnet(cidr="203.0.113.0/24") as subnet:
            network = self.outside(subnet)
            ours = [{"ip_address": "203.0.113.9"}]
            self._add_external_gateway_to_router(router["router"]["id"], network, ext_ips=ours, as_admin=True)
            (held,) = self.held("routers")
            assert held["gateway"] == {"network": network, "address": "203.0.113.9"}

            self._remove_external_gateway_from_router(router["router"]["id"], network, external_gw_info={})

            (held,) = self.held("routers")
            assert held["gateway"] is None

    def test_a_router_may_be_made_with_a_way_out(self) -> None:
        with self.subnet(cidr="203.0.113.0/24") as subnet:
            network = self.outside(subnet)
            with self.router(external_gateway_info={"network_id": network}) as router:
                (held,) = self.held("routers")
                (given,) = router["router"]["external_gateway_info"]["external_fixed_ips"]
                assert held["gateway"] == {"network": network, "address": given["ip_address"]}

    def test_a_router_has_routes(self) -> None:
        with self.router() as router, self.subnet(cidr="10.0.0.0/24") as subnet:
            self.joined(router, subnet)
            routes = [{"destination": "10.9.0.0/16", "nexthop": "10.0.0.77"}]
            self._update("routers", router["router"]["id"], {"router": {"routes": routes}})

            (held,) = self.held("routers")

            assert held["routes"] == [{"destination": "10.9.0.0/16", "next_hop": "10.0.0.77"}]

    def test_a_router_that_goes_with_its_interfaces_in_one_turn_goes(self) -> None:
        with self.router() as router, self.subnet(cidr="10.0.0.0/24") as subnet:
            self.joined(router, subnet)
            assert len(self.held("routers")) == 1
            self.joined(router, subnet, "remove")
            self._delete("routers", router["router"]["id"])

            assert self.held("routers") == []

    def test_a_floating_ip_leads_to_a_port_to_none_and_goes(self) -> None:
        with (
            self.subnet(cidr="10.0.0.0/24") as inside,
            self.subnet(cidr="203.0.113.0/24") as outside,
            self.port(subnet=inside) as port,
            self.floatingip_no_assoc_with_public_sub(inside, public_sub=outside) as (made, _router),
        ):
            (held,) = self.held("floating_ips")
            address = made["floatingip"]["floating_ip_address"]
            assert (held["address"], held["port"]) == (address, None)
            where = {"floatingip": {"port_id": port["port"]["id"]}}
            self._update("floatingips", made["floatingip"]["id"], where)
            (held,) = self.held("floating_ips")
            assert held["port"] == port["port"]["id"]

            self._delete("ports", port["port"]["id"])

            (held,) = self.held("floating_ips")
            assert held["port"] is None
        assert self.held("floating_ips") == []

    def test_what_weft_knows_is_active(self) -> None:
        with self.floatingip_with_assoc() as made:
            self.held("floating_ips")
            statuses.bring_back_routing(self.context, self.weft.held())
            assert self.shown(made) == "ACTIVE"
            assert statuses.bring_back_routing(self.context, self.weft.held()) == 0
            owners = {"device_owner": ["network:router_interface", "network:router_gateway"]}
            ports = directory.get_plugin().get_ports(self.context, filters=owners)
            assert [port["status"] for port in ports] == ["ACTIVE", "ACTIVE"]

            statuses.bring_back_routing(self.context, [])

            assert self.shown(made) == "DOWN"

    def shown(self, made: Any) -> str:  # noqa: ANN401 - Neutron's
        return str(self._show("floatingips", made["floatingip"]["id"])["floatingip"]["status"])

    def test_routers_stay_in_weft_when_the_plug_in_is_not_loaded_any_more(self) -> None:
        with self.router():
            assert len(self.held("routers")) == 1
            directory.add_plugin("L3_ROUTER_NAT", None)

            found = differences(self.neutron.everything(), self.weft.held())
            assert [one.why for one in found] == ["is in Weft and not in Neutron"]
