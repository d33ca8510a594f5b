"""Served networks as libvirt networks, kept so."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import structlog

from weft.agent.libvirt.domains import parse
from weft.agent.libvirt.hypervisor import Domain, Hypervisor, HypervisorRefused
from weft.agent.libvirt.networks import plan
from weft.client import ClientError, Network
from weft.ovsdb import OvsdbError, OvsdbUnavailable

log = structlog.get_logger()

PERIOD_S = 2.0
AWAY_S = 10.0
"""A server that does not answer holds this thread up for as long as it is waited for."""


class Bridge(Protocol):
    """What networks ask of the switch; Vswitch and its fake."""

    def raise_mtu(self, mtu: int) -> None: ...  # noqa: D102


@dataclass
class Mirror:
    """One hypervisor's networks. Belongs to one thread; every call blocks."""

    hypervisor: Hypervisor
    bridge: Bridge
    served: Callable[[], tuple[Network, ...]]
    """The networks of this host. Raises ClientError."""
    ours: Mapping[str, str] = field(default_factory=dict)
    """The ids of Weft's networks by libvirt's names."""
    names: frozenset[str] = frozenset()
    """Every network that libvirt knows, foreign ones too."""
    _heard: tuple[Network, ...] | None = None
    _compared: tuple[Network, ...] | None = None
    _ask_at: float = 0.0

    def due(self, now: float) -> bool:
        """Whether the served networks are others than when they were last compared; asks now and then."""
        if now < self._ask_at:
            return False
        self._ask_at = now + (PERIOD_S if self._hear() else AWAY_S)
        return self._heard != self._compared

    def compare(self, domains: Iterable[Domain]) -> None:
        """Define, start and remove what is to be. Idempotent. Raises HypervisorUnavailable.

        Before anything was heard from the server nothing is changed: what is not known is not absent.
        """
        if self._heard is None:
            self._hear()
        if self._heard is not None:
            self._raise_mtu(self._heard)
            if self._change(self._heard, domains):
                self._compared = self._heard
        present = self.hypervisor.networks()
        self.ours = {network.name: network.uuid for network in present if network.ours}
        self.names = frozenset(network.name for network in present)

    def _hear(self) -> bool:
        try:
            self._heard = self.served()
        except ClientError as error:
            log.debug("networks not asked for", why=str(error))
            return False
        return True

    def _raise_mtu(self, served: tuple[Network, ...]) -> None:
        """libvirt gives a new tap the MTU of the bridge: that has to carry every network's frames."""
        try:
            self.bridge.raise_mtu(max((network.mtu or 0 for network in served), default=0))
        except (OvsdbError, OvsdbUnavailable) as error:
            log.warning("mtu of the bridge not raised", why=str(error))

    def _change(self, served: tuple[Network, ...], domains: Iterable[Domain]) -> bool:
        """Whether libvirt did all that was planned."""
        documents = [parse(xml) for domain in domains for xml in (domain.live, domain.config) if xml]
        in_use = {nic.source_network for machine in documents for nic in machine.nics}
        changes = plan(served, self.hypervisor.networks(), in_use)
        steps = [
            *(("remove", n.name, partial(self.hypervisor.remove_network, n.uuid)) for n in changes.remove),
            *(("define", d.name, partial(self.hypervisor.define_network, d)) for d in changes.define),
            *(("start", n.name, partial(self.hypervisor.start_network, n.uuid)) for n in changes.start),
        ]
        done = [_do(*step) for step in steps]
        return all(done)


def _do(verb: str, name: str, change: Callable[[], None]) -> bool:
    try:
        change()
    except HypervisorRefused as error:
        log.warning("libvirt network not changed", change=verb, network=name, why=str(error))
        return False
    log.info("libvirt network changed", change=verb, network=name)
    return True
