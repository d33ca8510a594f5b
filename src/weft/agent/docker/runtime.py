"""The Docker engine as the agent sees it: a few questions, and events."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import aiodocker
import aiohttp

from weft.model.port import Workload

RUNTIME = "docker"


class DockerUnavailable(Exception):
    """The engine does not answer."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A container's place on a Docker network; `id` is empty while it has none, `asked` the user's --ip."""

    id: str = ""
    asked: str = ""


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

    def workload(self, engine: str) -> Workload:
        """The container as the owner of a port."""
        return Workload(runtime=RUNTIME, engine=engine, id=self.id, name=self.name, image=self.image)


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerNetwork:
    """A Docker network; `weft_id` is the Weft network it stands for, empty if none."""

    id: str
    name: str
    driver: str
    labels: Mapping[str, str] = field(default_factory=dict)
    weft_id: str = ""
    subnets: tuple[str, ...] = ()


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
    async def networks(self) -> tuple[DockerNetwork, ...]: ...  # noqa: D102
    async def create_network(self, config: Mapping[str, object]) -> None: ...  # noqa: D102
    async def remove_network(self, network_id: str) -> None: ...  # noqa: D102
    def events(self, since: int | None) -> AsyncIterator[Event]: ...  # noqa: D102


class Docker:
    """The engine behind a socket. Belongs to one event loop."""

    def __init__(self, socket: Path) -> None:
        """`socket` is looked at when something is asked."""
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
        return replace(_container(listed), pid=int(state["Pid"]))

    async def networks(self) -> tuple[DockerNetwork, ...]:
        """Every network; safe within a plugin's call. Raises DockerUnavailable."""
        return tuple(_network(shown) for shown in await _asked(self._client.networks.list()))

    async def create_network(self, config: Mapping[str, object]) -> None:
        """Create a network as POST /networks/create does. DockerUnavailable has the engine's words."""
        await _asked(self._client.networks.create(dict(config)))

    async def disconnect(self, network_id: str, container_id: str) -> None:
        """Take a container off a network, whatever the driver says."""
        network = await _asked(self._client.networks.get(network_id))
        await _asked(network.disconnect({"Container": container_id, "Force": True}))

    async def remove_network(self, network_id: str) -> None:
        """Remove a network; one that is in use stays, and DockerUnavailable says why."""
        network = await _asked(self._client.networks.get(network_id))
        await _asked(network.delete())

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
            )
            for name, shown in networks.items()
        },
    )


def _network(raw: Mapping[str, Any]) -> DockerNetwork:
    ipam: Mapping[str, Any] = raw.get("IPAM") or {}
    options = ipam.get("Options") or {}
    return DockerNetwork(
        id=raw["Id"],
        name=raw["Name"],
        driver=raw["Driver"],
        labels=raw.get("Labels") or {},
        weft_id=options.get("weft.network", "") if raw["Driver"] == "weft" else "",
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
