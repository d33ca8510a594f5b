"""What Neutron holds, read from its plug-in as an administrator: one object now, or all there are."""

from collections.abc import Callable, Collection, Iterator
from typing import Any

from neutron_lib import context as neutron_context
from neutron_lib import exceptions
from neutron_lib.plugins import directory

from weft.ml2 import hosts, translate
from weft.ml2.nouns import Noun
from weft.ml2.translate import Wanted


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
        plugin: Any = directory.get_plugin()
        try:
            given = getattr(plugin, f"get_{noun.value}")(context, object_id)
        except exceptions.NotFound:
            return []
        return _translated(noun, given, hosts.known(context))

    def everything(self) -> Iterator[tuple[Noun, str, list[Wanted] | None]]:
        """All objects: completely, or an exception. None is what cannot be said."""
        context = self.context()
        plugin: Any = directory.get_plugin()
        known = hosts.known(context)
        projects = set()
        for noun, listed in (
            (Noun.NETWORK, plugin.get_networks(context)),
            (Noun.SUBNET, plugin.get_subnets(context)),
            (Noun.ADDRESS_GROUP, plugin.get_address_groups(context)),
            (Noun.SECURITY_GROUP, plugin.get_security_groups(context, default_sg=True)),
            (Noun.PORT, plugin.get_ports(context)),
        ):
            for given in listed:
                try:
                    wanted = _translated(noun, given, known)
                except Unsayable:
                    yield noun, given["id"], None
                    continue
                projects |= {one.project for one in wanted if one.kind not in ("subnets", "ports")}
                yield noun, given["id"], wanted
        for project in sorted(projects):
            yield Noun.PROJECT, project, self.now(Noun.PROJECT, project)


def _translated(noun: Noun, given: Any, known: Collection[str]) -> list[Wanted]:  # noqa: ANN401 - Neutron's
    try:
        match noun:
            case Noun.NETWORK:
                return [translate.network(given)]
            case Noun.SUBNET:
                return [translate.subnet(given)]
            case Noun.ADDRESS_GROUP:
                return [translate.address_group(given)]
            case Noun.SECURITY_GROUP:
                return list(translate.security_group(given))
            case _:
                return [translate.port(given, known)] if translate.is_workload(given) else []
    except ValueError as error:
        raise Unsayable(f"{noun.value} {given['id']} cannot be mirrored: {error}") from error
