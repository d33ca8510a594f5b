"""What a runtime asks for: parameters and a network configuration. Pure.

SPEC.md of containernetworking/cni, "Section 2".
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from weft.agent.attachment import Attachment
from weft.agent.cni.config import Config
from weft.agent.cni.refusal import Code, Refusal
from weft.agent.cni.shim import PARAMETERS
from weft.model.port import Workload

RUNTIME = "cni"

_CONTAINER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]*")
_INTERFACE = re.compile(r"[^/:\s]{1,15}")  # IFNAMSIZ, linux/if.h
_NEEDS: Mapping[str, tuple[str, ...]] = {
    "ADD": ("CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"),
    "CHECK": ("CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"),
    "DEL": ("CNI_CONTAINERID", "CNI_IFNAME"),
    "GC": (),
    "STATUS": (),
}

POD_LABELS: Mapping[str, str] = {
    "K8S_POD_NAMESPACE": "io.kubernetes.pod.namespace",
    "K8S_POD_NAME": "io.kubernetes.pod.name",
    "K8S_POD_UID": "io.kubernetes.pod.uid",
}
"""What runtimes of Kubernetes say of a pod, and the labels that they themselves give its containers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call that is well formed. `namespace` is the path that the runtime knows the namespace by."""

    command: str
    container: str
    interface: str
    namespace: str
    args: Mapping[str, str]
    config: Config

    @property
    def workload(self) -> Workload:
        """An attachment is its network's name, its container and its interface (SPEC.md, "Section 3")."""
        return Workload(
            runtime=RUNTIME,
            engine=self.config.name,
            id=workload_id(self.container, self.interface),
            name=self.args.get("K8S_POD_NAME") or self.container,
        )

    @property
    def wanted(self) -> Attachment:
        """The port that ADD asks for. Raises Refusal."""
        config = self.config
        pod = {label: self.args[name] for name, label in POD_LABELS.items() if self.args.get(name)}
        return Attachment(
            network=config.network,
            project=config.project,
            workload=self.workload,
            labels={**pod, **config.labels},
            addresses=config.addresses(self.args.get("IP", "")),
            mac=config.mac(self.args.get("MAC", "")),
        )


def workload_id(container: str, interface: str) -> str:
    """What the owner of a port is called that is interface `interface` of `container`."""
    return f"{container}/{interface}"


def call_from(message: bytes) -> Call:
    """What the shim passed on. Raises Refusal."""
    *given, text = message.split(b"\0", len(PARAMETERS))
    if len(given) != len(PARAMETERS):
        raise Refusal(Code.IO, "the call did not arrive whole; call again")
    parameters = dict(zip(PARAMETERS, (value.decode(errors="replace") for value in given), strict=True))
    command = parameters["CNI_COMMAND"]
    config = Config.parse(_document(text), command)
    _check(parameters)
    return Call(
        command=command,
        container=parameters["CNI_CONTAINERID"],
        interface=parameters["CNI_IFNAME"],
        namespace=parameters["CNI_NETNS"],
        args=_args(parameters["CNI_ARGS"]),
        config=config,
    )


def version_of(message: bytes) -> str:
    """The version of the call, as far as it can be told; else empty."""
    try:
        return str(_document(message.split(b"\0", len(PARAMETERS))[-1]).get("cniVersion", ""))
    except Refusal:
        return ""


def _document(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Refusal(Code.NOT_DECODED, f"the network configuration is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise Refusal(Code.NOT_DECODED, "the network configuration is not a JSON object")
    return found


def _check(parameters: Mapping[str, str]) -> None:
    command = parameters["CNI_COMMAND"]
    if command not in _NEEDS:
        known = ", ".join((*_NEEDS, "VERSION"))
        raise Refusal(Code.PARAMETER, f"CNI_COMMAND is one of {known}, not {command!r}")
    missing = [name for name in _NEEDS[command] if not parameters[name]]
    if missing:
        raise Refusal(Code.PARAMETER, f"{command} needs {', '.join(missing)}")
    container, interface = parameters["CNI_CONTAINERID"], parameters["CNI_IFNAME"]
    if container and not _CONTAINER.fullmatch(container):
        raise Refusal(
            Code.PARAMETER,
            "CNI_CONTAINERID begins with a letter or digit and has only these, '_', '.' and '-': "
            f"{container!r:.80}",
        )
    if interface and (interface in (".", "..") or not _INTERFACE.fullmatch(interface)):
        raise Refusal(
            Code.PARAMETER,
            f"CNI_IFNAME has at most 15 characters, none of them '/', ':' or a space: {interface!r}",
        )


def _args(text: str) -> Mapping[str, str]:
    """CNI_ARGS: `NAME=VALUE;…`. Raises Refusal."""
    pairs = [part.partition("=") for part in text.split(";") if part]
    wrong = [name for name, equals, _ in pairs if not equals or not name]
    if wrong:
        raise Refusal(Code.PARAMETER, f"CNI_ARGS is NAME=VALUE;NAME=VALUE, and {wrong[0]!r} is not")
    return {name: value for name, _, value in pairs}
