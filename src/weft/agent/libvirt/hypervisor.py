"""libvirt as the agent sees it: domains and networks as values, and news of them.

The binding blocks and its errors are of one type; both end here. Its event loop is one per process.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from weft.agent.libvirt.networks import Definition, LibvirtNetwork, is_ours


class HypervisorUnavailable(Exception):
    """libvirtd does not answer."""


class HypervisorRefused(Exception):
    """libvirtd answers, and does not do what it was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """A domain: `live` is its XML while it runs, `config` that of its next start, None if it is transient."""

    uuid: str
    name: str
    live: str | None
    config: str | None


@dataclass(frozen=True, slots=True)
class News:
    """What happened since last asked. A domain that is undefined is in `undefined` and in `domains`."""

    domains: frozenset[str] = frozenset()
    undefined: frozenset[str] = frozenset()
    networks: bool = False


class Hypervisor(Protocol):
    """What the agent asks of libvirt; Libvirt and its fake. Everything raises HypervisorUnavailable."""

    @property
    def engine(self) -> str: ...  # noqa: D102
    def domains(self) -> tuple[Domain, ...]: ...  # noqa: D102
    def domain(self, uuid: str) -> Domain | None: ...  # noqa: D102
    def update_config(self, uuid: str, device: str) -> None: ...  # noqa: D102
    def networks(self) -> tuple[LibvirtNetwork, ...]: ...  # noqa: D102
    def define_network(self, definition: Definition) -> None: ...  # noqa: D102
    def start_network(self, uuid: str) -> None: ...  # noqa: D102
    def remove_network(self, uuid: str) -> None: ...  # noqa: D102
    def news(self, timeout_s: float) -> News: ...  # noqa: D102


@dataclass
class _Mailbox:
    """What events said; callbacks put it in, in libvirt's thread."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    domains: set[str] = field(default_factory=set)
    undefined: set[str] = field(default_factory=set)
    networks: bool = False
    closed: bool = False

    def empty(self, timeout_s: float) -> News:
        """Take everything out, after waiting for something to be there."""
        with self.changed:
            self.changed.wait_for(lambda: self.domains or self.networks or self.closed, timeout_s)
            news = News(frozenset(self.domains), frozenset(self.undefined), self.networks)
            self.domains, self.undefined, self.networks = set(), set(), False
            return news


class Libvirt:
    """One connection. For one thread, which reconnects by making another."""

    def __init__(self, uri: str) -> None:
        """Connects. Raises HypervisorUnavailable."""
        import libvirt

        _run_events()
        self._api = libvirt
        self._mail = _Mailbox()
        with self._asking():
            self._connection: Any = libvirt.open(uri)
            self._connection.setKeepAlive(5, 3)
            self.engine: str = self._connection.getURI()
            self._listen()

    def close(self) -> None:
        """End the connection; domains and networks stay. Idempotent."""
        try:
            self._connection.close()
        except self._api.libvirtError:
            return

    def domains(self) -> tuple[Domain, ...]:
        """Every domain, running or not. Raises HypervisorUnavailable."""
        with self._asking():
            listed = self._connection.listAllDomains()
        return tuple(domain for one in listed if (domain := self._described(one)))

    def domain(self, uuid: str) -> Domain | None:
        """The domain with this UUID, if there is one. Raises HypervisorUnavailable."""
        try:
            with self._asking():
                found = self._connection.lookupByUUIDString(uuid)
        except HypervisorRefused:
            return None
        return self._described(found)

    def update_config(self, uuid: str, device: str) -> None:
        """Change a device of a domain for its next start. Raises HypervisorRefused."""
        with self._asking():
            domain = self._connection.lookupByUUIDString(uuid)
            domain.updateDeviceFlags(device, self._api.VIR_DOMAIN_AFFECT_CONFIG)

    def networks(self) -> tuple[LibvirtNetwork, ...]:
        """Every network, active or not. Raises HypervisorUnavailable."""
        with self._asking():
            listed = self._connection.listAllNetworks()
        found = []
        for one in listed:
            try:
                with self._asking():
                    found.append(
                        LibvirtNetwork(
                            uuid=one.UUIDString(),
                            name=one.name(),
                            ours=is_ours(one.XMLDesc()),
                            runs=bool(one.isActive() and one.autostart()),
                        )
                    )
            except HypervisorRefused:
                continue  # it went away since it was listed
        return tuple(found)

    def define_network(self, definition: Definition) -> None:
        """Define, start and autostart a network. Raises HypervisorRefused."""
        with self._asking():
            network = self._connection.networkDefineXML(definition.xml)
            network.setAutostart(1)
            network.create()

    def start_network(self, uuid: str) -> None:
        """Start a network and have it started with the host. Idempotent. Raises HypervisorRefused."""
        with self._asking():
            network = self._connection.networkLookupByUUIDString(uuid)
            network.setAutostart(1)
            if not network.isActive():
                network.create()

    def remove_network(self, uuid: str) -> None:
        """Stop and undefine a network; running domains keep their interfaces. Raises HypervisorRefused."""
        with self._asking():
            network = self._connection.networkLookupByUUIDString(uuid)
            if network.isActive():
                network.destroy()
            network.undefine()

    def news(self, timeout_s: float) -> News:
        """What happened, after at most `timeout_s` of waiting for it. Raises HypervisorUnavailable."""
        news = self._mail.empty(timeout_s)
        if self._mail.closed or not self._lives():
            raise HypervisorUnavailable("libvirtd closed the connection")
        if not _events_run():
            raise HypervisorUnavailable("libvirt's event loop has ended")  # a new connection starts it again
        return news

    def _described(self, domain: Any) -> Domain | None:  # noqa: ANN401 - libvirt has no types
        """None when the domain went away since it was listed."""
        try:
            with self._asking():
                config = self._api.VIR_DOMAIN_XML_INACTIVE
                return Domain(
                    uuid=domain.UUIDString(),
                    name=domain.name(),
                    live=domain.XMLDesc() if domain.isActive() else None,
                    config=domain.XMLDesc(config) if domain.isPersistent() else None,
                )
        except HypervisorRefused:
            return None

    def _listen(self) -> None:
        api, connection, mail = self._api, self._connection, self._mail

        def domain(_connection: object, about: Any, *_: object) -> None:  # noqa: ANN401
            with mail.changed:
                mail.domains.add(about.UUIDString())
                mail.changed.notify_all()

        def lifecycle(_connection: object, about: Any, event: int, *rest: object) -> None:  # noqa: ANN401
            if event == api.VIR_DOMAIN_EVENT_UNDEFINED:
                with mail.changed:
                    mail.undefined.add(about.UUIDString())
            domain(_connection, about, *rest)

        def network(*_: object) -> None:
            with mail.changed:
                mail.networks = True
                mail.changed.notify_all()

        def closed(*_: object) -> None:
            with mail.changed:
                mail.closed = True
                mail.changed.notify_all()

        connection.registerCloseCallback(closed, None)
        connection.domainEventRegisterAny(None, api.VIR_DOMAIN_EVENT_ID_LIFECYCLE, lifecycle, None)
        for kind in (
            api.VIR_DOMAIN_EVENT_ID_DEVICE_ADDED,
            api.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED,
            api.VIR_DOMAIN_EVENT_ID_METADATA_CHANGE,
        ):
            connection.domainEventRegisterAny(None, kind, domain, None)
        connection.networkEventRegisterAny(None, api.VIR_NETWORK_EVENT_ID_LIFECYCLE, network, None)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """The binding's one error, as one of our two."""
        try:
            yield
        except self._api.libvirtError as error:
            if not self._lives():
                raise HypervisorUnavailable(f"libvirtd does not answer: {error}") from error
            raise HypervisorRefused(str(error)) from error

    def _lives(self) -> bool:
        connection = getattr(self, "_connection", None)
        try:
            return connection is not None and bool(connection.isAlive())
        except self._api.libvirtError:
            return False


_turning = threading.Lock()
_turned: list[threading.Thread] = []
"""The thread of libvirt's event loop: the library has one loop for the whole process."""


def _run_events() -> None:
    """Have libvirt's event loop run. Idempotent."""
    import libvirt

    with _turning:
        if _events_run():
            return
        if not _turned:
            libvirt.registerErrorHandler(lambda *_: None, None)  # errors are raised; none is printed
            libvirt.virEventRegisterDefaultImpl()
        turner = threading.Thread(target=_turn, args=(libvirt.virEventRunDefaultImpl,), daemon=True)
        turner.name = "libvirt-events"
        _turned[:] = [turner]
        turner.start()


def _events_run() -> bool:
    return bool(_turned) and _turned[0].is_alive()


def _turn(once: Callable[[], object]) -> None:
    while True:
        once()
