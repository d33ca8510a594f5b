"""Which container is Docker asking an address for? Its protocol does not say. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from weft.agent.docker.runtime import Container, Endpoint

_MAY_BE_STARTING = frozenset({"created", "running", "exited", "restarting"})


@dataclass(frozen=True, eq=False)
class Candidate:
    """A container that may be asking, and its place on the network that is asked for."""

    container: Container
    endpoint: Endpoint


def candidates(
    containers: Iterable[Container],
    *,
    networks: Collection[str],
    busy: Collection[str] = (),
    address: str = "",
    name: str = "",
) -> tuple[Candidate, ...]:
    """The containers configured for one of the Docker `networks` that have no live endpoint there.

    `networks` are names and ids: a container has whichever its user wrote. `busy` are ids of containers whose
    request on this network is being served already. `address` is what --ip asked for; who asks for none is
    not among those who did. `name` is the container's own, which Docker 29 tells.
    """
    return tuple(
        Candidate(container, endpoint)
        for container in containers
        if container.state in _MAY_BE_STARTING and container.id not in busy and name in ("", container.name)
        for network, endpoint in container.endpoints.items()
        if network in networks and not endpoint.id and endpoint.asked == address
    )
