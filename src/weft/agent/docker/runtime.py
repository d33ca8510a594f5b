"""The Docker engine as the agent sees it: a few questions, and events."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import aiodocker
import aiohttp
from aiodocker.networks import DockerNetwork as DockerApiNetwork

from weft.model.port import Workload

RUNTIME = "docker"
DRIVER = "weft"


class DockerUnavailable(Exception):
    """The engine does not answer."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A container's place on a Docker network; `id` is empty while it has none.

    `asked` and `asked6` are the user's --ip and --ip6.
    """

    id: str = ""
    asked: str = ""
    asked6: str = ""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose an endpoint is: while it is being joined Docker tells the container's name alone."""

    name: str
    container: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container as a listing shows it."""

    id: str
    name: str
    image: str
    labels: Mapping[str, str]
    state: str
    network_mode: str
    endpoints: Mapping[str, Endpoint] = field(default_factory=dict)
    pid: int = 0
    """The main process, where it was asked for and runs."""
    restarts: bool = False
    """Whether Docker is to start it again by itself, where it was asked for."""
    error: str = ""
    """Why the last start failed, where it was asked for."""

    def workload(self, engine: str) -> Workload:
        """The container as the owner of a port."""
        return Workload(runtime=RUNTIME, engine=engine, id=self.id, name=self.name, image=self.image)


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerNetwork:
    """A Docker network; `weft_id` is the Weft network it stands for, empty if none or if not known."""

    id: str
    name: str
    driver: str
    labels: Mapping[str, str] = field(default_factory=dict)
    weft_id: str = ""
    subnets: tuple[str, ...] = ()
    ipv6: bool = False
    internal: bool = False
    """Whether it was made with --internal: its containers are to have no way out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened in the engine; `at` is in nanoseconds."""

    type: str
    action: str
    id: str
    attributes: Mapping[str, str]
    at: int


class Runtime(Protocol):
    """What the agent asks of the engine; `Docker` and its fake."""

    async def engine_id(self) -> str: ...  # noqa: D102
    async def containers(self) -> tuple[Container, ...]: ...  # noqa: D102
    async def inspect(self, container_id: str) -> Container: ...  # noqa: D102
    async def start(self, container_id: str) -> None: ...  # noqa: D102
    async def networks(self) -> tuple[DockerNetwork, ...]: ...  # noqa: D102
    async def owners(self, network_id: str) -> Mapping[str, Owner]: ...  # noqa: D102
    async def create_network(self, config: Mapping[str, object]) -> None: ...  # noqa: D102
    async def remove_network(self, network_id: str) -> None: ...  # noqa: D102
    def events(self, since: int | None) -> AsyncIterator[Event]: ...  # noqa: D102


class Docker:
    """The engine behind a socket. Belongs to one event loop."""

    def __init__(self, socket: Path, meant: Callable[[str], str] = str) -> None:
        """`socket` is looked at when something is asked.

        `meant` tells the id of the Weft network that people named by id or name; empty if that is not known.
        """
        self._meant = meant
        self._client = aiodocker.Docker(url=f"unix://{socket}")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def engine_id(self) -> str:
        """The engine's own id, which survives its restarts. Raises DockerUnavailable."""
        return str((await _asked(self._client.system.info()))["ID"])

    async def containers(self) -> tuple[Container, ...]:
        """Every container, running or not; safe within a plugin's call. Raises DockerUnavailable."""
        listed = await _asked(self._client.containers.list(all=True))
        return tuple(_container(one) for one in listed)

    async def inspect(self, container_id: str) -> Container:
        """One container, with its process; waits while it starts. Never within a plugin's call: deadlock."""
        raw = await _asked(self._client.containers.container(container_id).show())
        config, state = raw["Config"], raw["State"]
        listed = {
            "Id": raw["Id"],
            "Names": [raw["Name"]],
            "Image": config["Image"],
            "Labels": config["Labels"],
            "State": state["Status"],
            "HostConfig": raw["HostConfig"],
            "NetworkSettings": raw["NetworkSettings"],
        }
        policy = (raw["HostConfig"].get("RestartPolicy") or {}).get("Name") or "no"
        return replace(
            _container(listed), pid=int(state["Pid"]), restarts=policy != "no", error=state.get("Error") or ""
        )

    async def start(self, container_id: str) -> None:
        """Start a container. DockerUnavailable has the engine's words when it does not start."""
        await _asked(self._client.containers.container(container_id).start())

    async def networks(self) -> tuple[DockerNetwork, ...]:
        """Every network; safe within a plugin's call. Raises DockerUnavailable."""
        return tuple(_network(shown, self._meant) for shown in await _asked(self._client.networks.list()))

    async def owners(self, network_id: str) -> Mapping[str, Owner]:
        """The endpoints of a network, and whose they are; safe within a plugin's call.

        An endpoint is there from Join on. Raises DockerUnavailable.
        """
        shown = await _asked(self._network(network_id).show())
        containers: Mapping[str, Mapping[str, Any]] = shown.get("Containers") or {}
        return {
            one["EndpointID"]: Owner(one["Name"], "" if key.startswith("ep-") else key)
            for key, one in containers.items()
        }

    async def create_network(self, config: Mapping[str, object]) -> None:
        """Create a network as POST /networks/create does. DockerUnavailable has the engine's words."""
        await _asked(self._client.networks.create(dict(config)))

    async def disconnect(self, network_id: str, container_id: str) -> None:
        """Take a container off a network, whatever the driver says."""
        network = await _asked(self._client.networks.get(network_id))
        await _asked(network.disconnect({"Container": container_id, "Force": True}))

    async def remove_network(self, network_id: str) -> None:
        """Remove a network; one that is in use stays, and DockerUnavailable says why."""
        await _asked(self._network(network_id).delete())

    def _network(self, network_id: str) -> DockerApiNetwork:
        return DockerApiNetwork(self._client, network_id)  # type: ignore[no-untyped-call]

    async def events(self, since: int | None) -> AsyncIterator[Event]:
        """What happens, from `since` on, until the engine goes away."""
        source: Any = self._client.events
        params: dict[str, str] = {"filters": json.dumps({"type": ["container", "network"]})}
        if since is not None:
            params["since"] = f"{since // 10**9}.{since % 10**9:09d}"
        subscriber = source.subscribe(**params)
        try:
            while (raw := await subscriber.get()) is not None:
                yield _event(raw)
        finally:
            with suppress(aiodocker.DockerError, aiohttp.ClientError, OSError):
                await source.stop()


async def _asked(question: Any) -> Any:  # noqa: ANN401 - JSON
    try:
        return await question
    except aiodocker.DockerError as error:
        raise DockerUnavailable(f"Docker refused: {error.message}") from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise DockerUnavailable(f"Docker does not answer: {str(error) or type(error).__name__}") from error


def _container(raw: Any) -> Container:  # noqa: ANN401 - JSON
    networks: Mapping[str, Mapping[str, Any]] = (raw["NetworkSettings"] or {}).get("Networks") or {}
    return Container(
        id=raw["Id"],
        name=(raw["Names"] or [raw["Id"][:12]])[0].lstrip("/"),
        image=raw["Image"],
        labels=raw["Labels"] or {},
        state=raw["State"],
        network_mode=raw["HostConfig"].get("NetworkMode") or "",
        endpoints={
            name: Endpoint(
                id=(shown or {}).get("EndpointID") or "",
                asked=((shown or {}).get("IPAMConfig") or {}).get("IPv4Address") or "",
                asked6=((shown or {}).get("IPAMConfig") or {}).get("IPv6Address") or "",
            )
            for name, shown in networks.items()
        },
    )


def _network(raw: Mapping[str, Any], meant: Callable[[str], str]) -> DockerNetwork:
    ipam: Mapping[str, Any] = raw.get("IPAM") or {}
    options = ipam.get("Options") or {}
    return DockerNetwork(
        id=raw["Id"],
        name=raw["Name"],
        driver=raw["Driver"],
        labels=raw.get("Labels") or {},
        weft_id=meant(options.get("weft.network", "")) if raw["Driver"] == DRIVER else "",
        ipv6=bool(raw.get("EnableIPv6")),
        internal=bool(raw.get("Internal")),
        subnets=tuple(config["Subnet"] for config in ipam.get("Config") or () if config.get("Subnet")),
    )


def _event(raw: Mapping[str, Any]) -> Event:
    actor: Mapping[str, Any] = raw.get("Actor") or {}
    return Event(
        type=raw.get("Type") or "",
        action=raw.get("Action") or "",
        id=actor.get("ID") or "",
        attributes=actor.get("Attributes") or {},
        at=int(raw.get("timeNano") or 0),
    )
