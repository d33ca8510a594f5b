"""Whose endpoint is it? Docker's plugin protocol does not say, but Docker's API does, in time.

RequestAddress comes before Docker itself knows that there is an endpoint, so the address is chosen by a
guess: among the containers configured for the network, the one that is starting. From Join on the API tells
the container's name, so no process ever runs with labels, or out of quarantine, by a guess.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from time import monotonic

import structlog

from weft.agent.attachment import Attachment, Lease, addresses_of, mac_of
from weft.agent.docker.candidates import Candidate, candidates
from weft.agent.docker.messages import AddressRequest
from weft.agent.docker.pairs import Pairs
from weft.agent.docker.runtime import DRIVER, RUNTIME, Container, DockerNetwork, DockerUnavailable, Runtime
from weft.agent.leases import Leases
from weft.client import ServerUnreachable
from weft.model.errors import Invalid
from weft.model.port import Workload

log = structlog.get_logger()

LISTING_S = 1.0
"""While Docker itself starts, its API accepts connections and answers nothing."""
OWNERS_S = 1.0
START_S = 30.0
"""After that a start has failed without a word."""
LOCKED_S = 0.15
"""Docker answers questions about a container in a few milliseconds, and while it starts not at all."""


@dataclass(frozen=True, slots=True)
class Start:
    """An endpoint that is being made: from RequestAddress until Docker lists it."""

    lease: Lease
    at: float
    labels: Mapping[str, str] = field(default_factory=dict)
    """Those of driver options."""


class DockerStarting(Invalid):
    """Docker's API does not answer, so it cannot be told who asks."""

    def __init__(self) -> None:
        """The sentence that Docker keeps as the container's error."""
        super().__init__(
            "Docker does not answer while it starts, so it cannot be told which container asks for an "
            "address; the agent starts containers that have a restart policy as soon as Docker answers"
        )


@dataclass
class Endpoints:
    """The endpoints of one engine. Belongs to one event loop; what blocks is done in threads."""

    runtime: Runtime
    leases: Leases
    engine: Callable[[], str]
    """The engine's id, empty while it has not been followed yet."""
    starts: dict[str, Start] = field(default_factory=dict)
    """By port id."""
    now: Callable[[], float] = monotonic
    _pairs: Pairs = field(default_factory=Pairs)

    async def obtain(self, request: AddressRequest) -> Lease:
        """A port for whoever seems to ask; in quarantine if that is unclear. Raises Invalid, ClientError."""
        if request.version == 6:
            known = self._pairs.second(request.network_id)
            if known is None:
                raise Invalid("Docker asked for an IPv6 address before an IPv4 one, and Weft needs both")
            return known
        try:
            async with asyncio.timeout(LISTING_S):
                networks = await self.runtime.networks()
        except (TimeoutError, DockerUnavailable) as error:
            raise DockerStarting from error
        if any(network.ipv6 for network in networks if network.weft_id == request.network_id):
            return await self._pairs.first(request.network_id, lambda: self._obtain(request, networks))
        return await self._obtain(request, networks)

    async def _obtain(self, request: AddressRequest, networks: Collection[DockerNetwork]) -> Lease:
        try:
            async with asyncio.timeout(LISTING_S):
                containers = await self.runtime.containers()
        except (TimeoutError, DockerUnavailable) as error:
            raise DockerStarting from error
        self._prune(containers)
        found = self._candidates(request, networks, containers)
        lease = await self._asking(request, found, await self._engine())
        self.starting(lease)
        return lease

    def _candidates(
        self, request: AddressRequest, networks: Collection[DockerNetwork], containers: Collection[Container]
    ) -> tuple[Candidate, ...]:
        """Who may be asking on Docker's `networks`.

        What a network stands for that was named by a name is not known before the server was heard, after a
        cold boot perhaps for long. Who had a port on Weft's network before is then the one on such a network.
        """
        known = [network for network in networks if network.weft_id == request.network_id]
        unknown = [network for network in networks if network.driver == DRIVER and not network.weft_id]
        leases = self.leases.journal.leases()
        had = {one.workload.id for one in leases if one.workload and one.network_id == request.network_id}
        found: dict[str, Candidate] = {}
        for group, listed in ((known, containers), (unknown, [one for one in containers if one.id in had])):
            for one in candidates(
                listed,
                networks={name for network in group for name in (network.name, network.id)},
                busy=self._busy(request.network_id),
                address=request.address,
                name=request.container,
            ):
                found.setdefault(one.container.id, one)
        return tuple(found.values())

    def _busy(self, network_id: str) -> set[str]:
        """Who has got an answer on this network; Docker asks for the networks of a container one by one."""
        leases = [start.lease for start in self.starts.values()]
        return {one.workload.id for one in leases if one.workload and one.network_id == network_id}

    def starting(self, lease: Lease, labels: Mapping[str, str] | None = None) -> None:
        """Note how far a start has come."""
        self.starts[lease.port_id] = Start(lease, self.now(), labels or {})

    def _prune(self, containers: Iterable[Container]) -> None:
        """Forget the starts that are over: listed by Docker, or too old."""
        listed = {place.id for container in containers for place in container.endpoints.values()} - {""}
        oldest = self.now() - START_S
        over = [p for p, start in self.starts.items() if start.lease.endpoint in listed or start.at < oldest]
        for port_id in over:
            del self.starts[port_id]

    async def _asking(self, request: AddressRequest, found: Collection[Candidate], engine: str) -> Lease:
        probes = {one: asyncio.ensure_future(self._answers(one.container)) for one in found}
        try:
            if len(found) > 1:
                await _all_but_one(probes.values())
            asking = [one for one, probe in probes.items() if not probe.done()]
            if len(asking) == 1:
                wish = _wish(request, asking[0], engine)
                lease = await self._guessed(wish, probes[asking[0]])
                if lease is not None:
                    return lease
        finally:
            for probe in probes.values():
                probe.cancel()
        log.info("endpoint quarantined", network_id=request.network_id, candidates=len(found))
        return await asyncio.to_thread(self.leases.obtain, _nobodys(request, engine))

    async def _guessed(self, wish: Attachment, probe: "asyncio.Future[None]") -> Lease | None:
        """The port that is wished for; None when Docker meanwhile answered: then it is not the one."""
        had_one = bool(self.leases.journal.of_workload(wish.workload))
        lease = await asyncio.to_thread(self.leases.obtain, wish)
        if not probe.done():
            return lease
        if not had_one:
            await asyncio.to_thread(self.leases.free, lease.port_id)
        return None

    async def identify(self, lease: Lease, docker_network: str, labels: Mapping[str, str]) -> int:
        """Make the port that of the endpoint's container, whoever was guessed; the revision, or 0.

        Nothing changes if the guess was right, or while Docker does not say. Raises ClientError.
        """
        container = await self._container(lease, docker_network)
        if container is None:
            return 0
        workload = container.workload(await self._engine())
        known = lease.workload is not None and lease.workload.id == workload.id
        if lease.port_id in self.starts:
            self.starting(replace(lease, workload=workload), labels)
        if known and not labels:
            return 0
        try:
            return await asyncio.to_thread(
                self.leases.identify, lease, workload, {**container.labels, **labels}
            )
        except ServerUnreachable as error:
            if not known:
                raise
            log.warning("labels of driver options not told", port_id=lease.port_id, why=str(error))
            return 0

    async def is_internal(self, docker_network: str) -> bool:
        """Whether the Docker network was made with --internal. Raises DockerStarting."""
        try:
            async with asyncio.timeout(LISTING_S):
                networks = await self.runtime.networks()
        except (TimeoutError, DockerUnavailable) as error:
            raise DockerStarting from error
        return any(network.internal for network in networks if network.id == docker_network)

    def of_address(self, address: str) -> tuple[Lease, ...]:
        """The leases that have this address: those being started, or else any."""
        starting = [start.lease for start in self.starts.values() if start.lease.has(address)]
        leases = [lease for lease in self.leases.journal.leases() if lease.has(address)]
        return tuple(starting or leases)

    def of_endpoint(self, endpoint: str) -> Lease | None:
        """The lease that is plugged as this endpoint."""
        return next((lease for lease in self.leases.journal.leases() if lease.endpoint == endpoint), None)

    async def _engine(self) -> str:
        return self.engine() or await self.runtime.engine_id()

    async def _answers(self, container: Container) -> None:
        """Returns when Docker answers a question about the container: then it is not the one that starts."""
        try:
            await self.runtime.inspect(container.id)
        except DockerUnavailable as error:
            log.debug("container not inspected", container=container.name, why=str(error))

    async def _container(self, lease: Lease, docker_network: str) -> Container | None:
        try:
            async with asyncio.timeout(OWNERS_S):
                owners, containers = await asyncio.gather(
                    self.runtime.owners(docker_network), self.runtime.containers()
                )
            owner = owners.get(lease.endpoint)
            if owner is not None:
                for container in containers:
                    if container.id == owner.container or container.name == owner.name:
                        return container
        except (TimeoutError, DockerUnavailable) as error:
            log.warning("endpoint not identified", port_id=lease.port_id, why=str(error) or "no answer")
        return None


def _wish(request: AddressRequest, asking: Candidate, engine: str) -> Attachment:
    container = asking.container
    workload = container.workload(engine)
    asked = tuple(address for address in (request.address, asking.endpoint.asked6) if address)
    return Attachment(
        network=request.network_id,
        project=None,
        workload=workload,
        labels=container.labels,
        addresses=asked or addresses_of(container.labels, workload),
        mac=mac_of(container.labels, workload),
    )


def _nobodys(request: AddressRequest, engine: str) -> Attachment:
    return Attachment(
        network=request.network_id,
        project=None,
        workload=Workload(runtime=RUNTIME, engine=engine, id=""),
        labels={},
        addresses=(request.address,) if request.address else (),
        quarantined=True,
    )


async def _all_but_one(probes: Collection["asyncio.Future[None]"]) -> None:
    """Wait until only one is not done, but not for long."""
    try:
        async with asyncio.timeout(LOCKED_S):
            while sum(not probe.done() for probe in probes) > 1:
                waiting = [probe for probe in probes if not probe.done()]
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    except TimeoutError:
        return
