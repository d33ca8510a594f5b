"""What Neutron holds, read from its plug-ins as an administrator: one object now, or all there are."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from neutron_lib import context as neutron_context
from neutron_lib import exceptions
from neutron_lib.plugins import constants, directory

from weft.ml2 import hosts, limits, routing, translate
from weft.ml2.nouns import Noun
from weft.ml2.routing import Around
from weft.ml2.translate import Given, Wanted

_ROUTED = (Noun.ROUTER, Noun.FLOATING_IP)

_KEEPER = dict.fromkeys(_ROUTED, constants.L3) | {Noun.QOS_POLICY: constants.QOS}
"""Who keeps what the core plug-in does not."""


class Unsayable(Exception):
    """An object of Neutron's is there, and cannot be put into Weft's terms: it is neither PUT nor removed."""


class Neutron:
    """Neutron's objects as Weft is to hold them."""

    def __init__(self, name_of: Callable[[str], str | None]) -> None:
        """`name_of` knows what Keystone calls a project; it may not know."""
        self._name_of = name_of

    def context(self) -> Any:  # noqa: ANN401 - Neutron's
        """A new administrator's context: what another sees, it sees."""
        return neutron_context.get_admin_context()

    def now(self, noun: Noun, object_id: str) -> list[Wanted]:
        """An object as it is now; nothing when it is gone, or is none that is mirrored. Raises Unsayable."""
        if noun is Noun.PROJECT:
            return list(translate.project(object_id, self._name_of(object_id)))
        context = self.context()
        keeper = _KEEPER.get(noun, constants.CORE)
        plugin: Any = directory.get_plugin(keeper)
        if plugin is None:
            raise Unsayable(
                f"Neutron has no plug-in {keeper} any more, so nobody knows of {noun} {object_id}"
            )
        get = plugin.get_policy if noun is Noun.QOS_POLICY else getattr(plugin, f"get_{noun.value}")
        try:
            given = get(context, object_id)
        except exceptions.NotFound:
            return []
        around = _routed(context, given) if noun in _ROUTED else _limited(context, given)
        return _translated(noun, given, hosts.known(context), around)

    def everything(self) -> Iterator[tuple[Noun, str, list[Wanted] | None]]:
        """All objects: completely, or an exception. None is what cannot be said."""
        context = self.context()
        plugin: Any = directory.get_plugin()
        l3: Any = directory.get_plugin(constants.L3)
        qos: Any = directory.get_plugin(constants.QOS)
        known = hosts.known(context)
        networks, subnets = plugin.get_networks(context), plugin.get_subnets(context)
        ports = plugin.get_ports(context)
        policies = [] if qos is None else qos.get_policies(context)
        around = Around(
            networks=_by_id(networks),
            subnets=_by_id(subnets),
            ports=_by_id(ports),
            policies=_by_id(policies),
        )
        projects = set()
        for noun, listed in (
            (Noun.QOS_POLICY, policies),
            (Noun.NETWORK, networks),
            (Noun.SUBNET, subnets),
            (Noun.ADDRESS_GROUP, plugin.get_address_groups(context)),
            (Noun.SECURITY_GROUP, plugin.get_security_groups(context, default_sg=True)),
            (Noun.ROUTER, [] if l3 is None else l3.get_routers(context)),
            (Noun.PORT, ports),
            (Noun.FLOATING_IP, [] if l3 is None else l3.get_floatingips(context)),
        ):
            for given in listed:
                try:
                    wanted = _translated(noun, given, known, around)
                except Unsayable:
                    yield noun, given["id"], None
                    continue
                projects |= {one.project for one in wanted if one.kind not in ("subnets", "ports")}
                yield noun, given["id"], wanted
        for project in sorted(projects):
            yield Noun.PROJECT, project, self.now(Noun.PROJECT, project)


def _limited(context: Any, given: Given) -> Around:  # noqa: ANN401 - Neutron's
    """The QoS policy that a network or a port bears, and the network."""
    borne, qos = given.get("qos_policy_id"), directory.get_plugin(constants.QOS)
    if not borne or qos is None:
        return Around()
    mine = {"id": [given.get("network_id", given["id"])]}
    plugin: Any = directory.get_plugin()
    return Around(
        networks=_by_id(plugin.get_networks(context, filters=mine)),
        policies=_by_id(qos.get_policies(context, filters={"id": [borne]})),
    )


def _routed(context: Any, given: Given) -> Around:  # noqa: ANN401 - Neutron's
    """What a router, or a floating IP, is among."""
    plugin: Any = directory.get_plugin()
    if "floating_ip_address" in given:
        asked = [given["port_id"]] if given["port_id"] else []
        return Around(ports=_by_id(plugin.get_ports(context, filters={"id": asked})))
    mine = {"device_id": [given["id"]], "device_owner": [routing.INTERFACE]}
    ports = plugin.get_ports(context, filters=mine)
    joined = {"id": [port["network_id"] for port in ports]}
    outside = given.get("external_gateway_info") or {}
    reached = [*joined["id"], *([outside["network_id"]] if outside else [])]
    return Around(
        networks=_by_id(plugin.get_networks(context, filters=joined)),
        subnets=_by_id(plugin.get_subnets(context, filters={"network_id": reached})),
        ports=_by_id(ports),
    )


def _by_id(objects: Iterable[Given]) -> dict[str, Given]:
    return {one["id"]: one for one in objects}


def _translated(noun: Noun, given: Given, known: Collection[str], around: Around) -> list[Wanted]:
    """An object as Weft is to hold it; `known` are the hosts that run a Weft agent. Raises Unsayable."""
    try:
        return _SAID[noun](given, around, known)
    except ValueError as error:
        raise Unsayable(f"{noun.value} {given['id']} cannot be mirrored: {error}") from error


def _network(given: Given, around: Around, _known: Collection[str]) -> list[Wanted]:
    return [translate.network(given, limits.borne(given, given["project_id"], around.policies))]


def _port(given: Given, around: Around, known: Collection[str]) -> list[Wanted]:
    if not translate.is_workload(given):
        return []
    on = around.networks.get(given["network_id"])
    borne = None if on is None else limits.borne(given, on["project_id"], around.policies)
    return [translate.port(given, known, borne)]


_SAID: Mapping[Noun, Callable[[Given, Around, Collection[str]], list[Wanted]]] = {
    Noun.QOS_POLICY: lambda given, _around, _known: [limits.qos_policy(given)],
    Noun.NETWORK: _network,
    Noun.SUBNET: lambda given, _around, _known: [translate.subnet(given)],
    Noun.ADDRESS_GROUP: lambda given, _around, _known: [translate.address_group(given)],
    Noun.SECURITY_GROUP: lambda given, _around, _known: list(translate.security_group(given)),
    Noun.ROUTER: lambda given, around, _known: [routing.router(given, around)],
    Noun.PORT: _port,
    Noun.FLOATING_IP: lambda given, around, _known: [routing.floating_ip(given, around)],
}
