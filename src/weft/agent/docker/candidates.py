"""Which container is Docker asking an address for? Its protocol does not say. Pure."""

from collections.abc import Collection, Iterable

from weft.agent.docker.runtime import Container

_MAY_BE_STARTING = frozenset({"created", "running", "exited", "restarting"})


def candidates(
    containers: Iterable[Container],
    *,
    networks: Collection[str],
    busy: Collection[str] = (),
    address: str = "",
    name: str = "",
) -> tuple[Container, ...]:
    """The containers configured for one of the Docker `networks` that have no live endpoint there.

    `busy` are ids of containers whose request is being served already. `address` is what --ip asked for;
    who asks for none is not among those who did. `name` is the container's own, which Docker 29 tells.
    """
    return tuple(
        container
        for container in containers
        if container.state in _MAY_BE_STARTING
        and container.id not in busy
        and (not name or container.name == name)
        and any(
            not endpoint.id and endpoint.asked == address
            for network, endpoint in container.endpoints.items()
            if network in networks
        )
    )
