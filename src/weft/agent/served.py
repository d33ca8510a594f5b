"""The networks of this host's projects: from the server, or as last heard."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from time import monotonic
from uuid import UUID

from weft.agent.leases import Server
from weft.client import AttachRule, ClientError, HostNetworks, Network

FRESH_S = 5.0


def named(networks: Iterable[Network], reference: str) -> tuple[Network, ...]:
    """Those with this id or name; the name may be PROJECT.NAME. Pure."""
    return tuple(n for n in networks if reference in (n.id, n.name, f"{n.project}.{n.name}"))


class ServedNetworks:
    """May be used from several threads."""

    def __init__(self, server: Server, host: str, now: Callable[[], float] = monotonic) -> None:
        """Asks nothing yet."""
        self._server, self._host, self._now = server, host, now
        self._lock = threading.Lock()
        self._heard: HostNetworks | None = None
        self._rules: tuple[AttachRule, ...] = ()
        self._at = 0.0
        self._meant: dict[str, str] = {}

    def networks(self) -> tuple[Network, ...]:
        """As heard a moment ago, or asked for now; older while the server is away. Raises ClientError."""
        with self._lock:
            heard, age = self._heard, self._now() - self._at
        if heard is not None and age < FRESH_S:
            return heard.items
        try:
            return self.refresh()
        except ClientError:
            if heard is None:
                raise
            return heard.items

    def refresh(self) -> tuple[Network, ...]:
        """Asked for now, with the attach rules. Raises ClientError."""
        heard, rules = self._server.host_networks(self._host), self._server.host_attach_rules(self._host)
        with self._lock:
            self._heard, self._rules, self._at = heard, rules, self._now()
        return heard.items

    def id_of(self, reference: str) -> str:
        """The id of the network with this id or name, as last heard; empty while that is not known.

        Asks nobody. What a name has meant once it means as long as that network is there.
        """
        with self._lock:
            heard = () if self._heard is None else self._heard.items
            ids = {network.id for network in heard}
            if self._meant.get(reference) not in ids and len(found := named(heard, reference)) == 1:
                self._meant[reference] = found[0].id
            return self._meant.get(reference, reference if is_id(reference) else "")

    def make(self, name: str, cidr: str) -> Network:
        """A new network, NAME or PROJECT.NAME, with one subnet. Raises ClientError when it was not made."""
        project, _, name = name.rpartition(".")
        made = self._server.create_host_network(self._host, project=project or None, name=name, cidr=cidr)
        with suppress(ClientError):  # heard of at the next pass
            self.refresh()
        return made

    def unmake(self, network_id: str) -> None:
        """Remove a network that `make` made and that nobody has used. Raises ClientError."""
        self._server.remove_host_network(self._host, network_id)
        with suppress(ClientError):
            self.refresh()

    def rules(self) -> tuple[AttachRule, ...]:
        """The attach rules as last heard, first to last; none before anything was heard."""
        with self._lock:
            return self._rules


def names(networks: Iterable[Network], taken: set[str]) -> dict[str, str]:
    """What an engine on this host calls each network, by id. One for which no name is left is missing.

    NAME, or PROJECT.NAME where several projects or the engine itself (`taken`) have NAME already. Pure.
    """
    listed = list(networks)
    often = Counter(network.name for network in listed)
    found = {}
    for network in listed:
        clashes = often[network.name] > 1 or network.name in taken
        name = f"{network.project}.{network.name}" if clashes else network.name
        if name not in taken:
            found[network.id] = name
    return found


def is_id(reference: str) -> bool:
    """Whether this is a network's id and not a name. Pure."""
    try:
        return str(UUID(reference)) == reference
    except ValueError:
        return False
