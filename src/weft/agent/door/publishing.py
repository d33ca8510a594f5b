"""Publish ports of this host's workloads: hold the host's ports, tell the server, open the door for them.

The journal says what is published. What was told, held or opened and is not in the journal is taken back by
the next look; so an agent that is killed at any step leaves nothing.
"""

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from ipaddress import IPv4Address
from typing import Protocol

import structlog

from weft.agent.attachment import Lease
from weft.agent.door.hostports import Asked, HostPorts
from weft.agent.door.ruleset import Landing
from weft.agent.journal import Journal
from weft.agent.leases import Leases
from weft.client import ClientError, ProblemError, ServerUnreachable
from weft.model.errors import HostPortTaken, Invalid, WeftError
from weft.model.publication import Publication
from weft.ovsdb import OvsdbUnavailable

log = structlog.get_logger()

LABEL = "weft.publish"
"""[ADDRESS:]HOST-PORT:PORT[/PROTOCOL], several with commas between them."""


class Door(Protocol):
    """What is asked of the door; Keeper and its fake."""

    def settle(self, network_id: str) -> None: ...  # noqa: D102


def landings(journal: Journal) -> tuple[Landing, ...]:
    """Where all goes that is published on this host."""
    return tuple(
        Landing(one, lease.network_id, IPv4Address(prefix.split("/")[0]))
        for lease in journal.leases()
        if lease.published and (prefix := lease.prefix(4)) is not None
        for one in lease.published
    )


class Publishing:
    """What is published on this host. May be used from several threads; every call blocks."""

    def __init__(self, leases: Leases, ports: HostPorts, door: Door) -> None:
        """Nothing is compared before the first look."""
        self._leases, self._ports, self._door = leases, ports, door
        self._lock = threading.RLock()
        self._told: dict[str, tuple[Publication, ...]] | None = None
        self._warned: dict[str, str] = {}

    def publish(self, lease: Lease, asked: Sequence[Asked]) -> Lease:
        """Answer for the ports that are asked for of a lease, and for no others of it. Idempotent.

        All or nothing. Raises HostPortTaken, DoorFailed, Invalid (no IPv4 address), ClientError.
        """
        if lease.prefix(4) is None:
            raise Invalid(f"port {lease.port_id} has no IPv4 address to publish")
        with self._lock:
            found = self._ports.take(lease.port_id, asked)
            now = replace(lease, published=tuple(sorted(found, key=str)))
            try:
                self._leases.journal.keep(now)  # first: who finds it told or opened knows whose it is
                self._tell_if_there(now)
                self._door.settle(lease.network_id)
            except Exception:
                self.take_back(now)
                raise
        log.info("ports published", port_id=lease.port_id, published=list(map(str, now.published)))
        return now

    def publish_by_label(self, lease: Lease, labels: Mapping[str, str]) -> None:
        """Publish what the label weft.publish asks for; why it was in vain is said with the port's state."""
        texts = [text for text in labels.get(LABEL, "").split(",") if text.strip()]
        self._leases.remark(lease.port_id, "")
        if not texts:
            return
        try:
            self.publish(lease, [Asked.just(Publication.parse(text)) for text in texts])
        except (WeftError, ClientError, OvsdbUnavailable) as error:
            self._warn(lease.port_id, str(error))
            self._leases.remark(lease.port_id, f"not published: {error}")

    def take_back(self, lease: Lease) -> None:
        """Answer for nothing of the lease any more. Idempotent; what cannot be done now is done later."""
        with self._lock:
            known = next((one for one in self._leases.journal.leases() if one.port_id == lease.port_id), None)
            if known is not None and known.published:
                self._leases.journal.keep(replace(known, published=()))
            self.look()

    def look(self) -> None:
        """Compare what is held and told with the journal, and put right what differs."""
        with self._lock:
            published = {lease.port_id: lease.published for lease in self._leases.journal.leases()}
            self._hold({port_id: these for port_id, these in published.items() if these})
            with suppress(ClientError):  # asked again at the next look
                self._compare(published)

    def _hold(self, published: dict[str, tuple[Publication, ...]]) -> None:
        held = set(self._ports.owners())
        for owner in held - published.keys():
            self._ports.release(owner)
        for owner in published.keys() - held:
            try:
                self._ports.take(owner, [Asked.just(one) for one in published[owner]])
            except HostPortTaken as error:
                self._warn(owner, error.message)

    def _compare(self, published: dict[str, tuple[Publication, ...]]) -> None:
        if self._told is None:
            self._told = {port.id: port.published for port in self._leases.all_bound() if port.published}
        self._told = {
            port_id: these for port_id, these in self._told.items() if port_id in published or these
        }
        for port_id in {*self._told, *published}:
            wanted = published.get(port_id, ())
            if self._told.get(port_id, ()) != wanted:
                try:
                    self._tell(port_id, wanted)
                except ProblemError as error:
                    self._warn(port_id, str(error))

    def _tell(self, port_id: str, wanted: tuple[Publication, ...]) -> None:
        try:
            self._leases.publish(port_id, wanted)
        except ProblemError as error:
            if error.status != 404 or wanted:  # a port that is gone publishes nothing
                raise
        if self._told is not None:
            self._told[port_id] = wanted

    def _tell_if_there(self, lease: Lease) -> None:
        """A workload that is known here starts again without the server, which hears of it later."""
        try:
            self._tell(lease.port_id, lease.published)
        except ServerUnreachable as error:
            log.warning("ports published before the server knows", port_id=lease.port_id, why=str(error))

    def _warn(self, owner: str, why: str) -> None:
        if self._warned.get(owner) != why:
            self._warned[owner] = why
            log.warning("ports not published", port_id=owner, why=why)
