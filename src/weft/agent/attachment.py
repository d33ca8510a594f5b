"""What a container asks for by its labels, as the server takes it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from weft.model.errors import Invalid

PREFIX = "weft."
NETWORK, PROJECT, ADDRESS, MAC = "weft.network", "weft.project", "weft.ip", "weft.mac"


@dataclass(frozen=True, slots=True)
class Container:
    """A container as the engine describes it. `pid` is 0 while no process of it runs."""

    engine: str
    id: str
    name: str
    image: str
    pid: int
    labels: Mapping[str, str]

    @property
    def workload(self) -> dict[str, str]:
        """What its lease is bound to."""
        return {
            "runtime": "docker",
            "engine": self.engine,
            "id": self.id,
            "name": self.name,
            "image": self.image,
        }


def wanted_by(container: Container) -> dict[str, Any]:
    """The body of the attach request that the labels of `container` amount to.

    Every label becomes the port's. Raises Invalid on an address that is none.
    """
    labels = container.labels
    body: dict[str, Any] = {
        "network": labels[NETWORK],
        "project": labels.get(PROJECT, "default"),
        "kind": "container",
        "name": container.name,
        "workload": container.workload,
        "labels": {key: value for key, value in labels.items() if not key.startswith(PREFIX)},
    }
    if ADDRESS in labels:
        body["addresses"] = [str(_address(text.strip())) for text in labels[ADDRESS].split(",")]
    if MAC in labels:
        body["mac"] = labels[MAC].lower()
    return body


def _address(text: str) -> object:
    try:
        return ip_address(text)
    except ValueError:
        raise Invalid(
            f"label {ADDRESS}: {text!r} is not an address; write it like 192.168.200.10", field=ADDRESS
        ) from None


def host_end(port_id: str) -> str:
    """The name of the veth's end on the host, unique by 44 bits of the port's id (IFNAMSIZ allows 15)."""
    return "wf" + port_id.replace("-", "")[:11]
