"""A network configuration, as the runtime derives it from a conflist. Pure.

What is asked for at one place is not asked for at another: `runtimeConfig` comes before `args`, and that
before CNI_ARGS (CONVENTIONS.md of containernetworking/cni).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_interface
from typing import Any

from weft.agent.attachment import DEFAULT_PROJECT, parse_mac
from weft.agent.cni.refusal import Code, Refusal
from weft.agent.cni.shim import SUPPORTED
from weft.model.errors import Invalid

ANNOTATIONS = "io.kubernetes.cri.pod-annotations"
"""The capability by which containerd passes a pod's annotations."""
LABEL = "weft.label/"
"""Begins the annotations that are labels of the port."""
VALID = "cni.dev/valid-attachments"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]*")
_KNOWN = frozenset(
    {
        "cniVersion",
        "cniVersions",
        "name",
        "type",
        "network",
        "project",
        "labels",
        "capabilities",
        "runtimeConfig",
        "args",
        "prevResult",
        "disableCheck",
        "disableGC",
    }
)
_CAPABILITIES = frozenset({"ips", "mac", "aliases", "dns", "cgroupPath", ANNOTATIONS})
"""`aliases`, `dns` and `cgroupPath` change nothing here: they are for plugins further down a chain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """One network. `valid` are the attachments that GC is to leave, as (container, interface)."""

    version: str
    name: str
    network: str
    project: str
    labels: Mapping[str, str]
    runtime: Mapping[str, Any] = field(default_factory=dict)
    args: Mapping[str, Any] = field(default_factory=dict)
    previous: Mapping[str, Any] | None = None
    valid: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def parse(cls, given: Mapping[str, Any], command: str) -> "Config":
        """The configuration in `given`. Raises Refusal, naming the field."""
        version = given.get("cniVersion")
        if version not in SUPPORTED:
            raise Refusal(
                Code.VERSION,
                f"cniVersion {version!r} is not one that this plugin speaks: {', '.join(SUPPORTED)}",
            )
        if command != "DEL":  # what was added must go, also when the configuration has become wrong
            _check_fields(given)
        name = _text(given, "name")
        if not _NAME.fullmatch(name):
            raise Refusal(Code.CONFIG, f"name {name!r} is not the name of a network configuration")
        runtime, args = _object(given, "runtimeConfig"), _object(_object(given, "args"), "cni")
        previous = given.get("prevResult")
        return cls(
            version=version,
            name=name,
            network=_text(given, "network", default=name),
            project=_text(given, "project", default=DEFAULT_PROJECT),
            labels={
                **_labels(given.get("labels") or {}, "labels"),
                **_labels(_listed(args.get("labels") or ()), "args.cni.labels"),
                **_annotated(_object(runtime, ANNOTATIONS)),
            },
            runtime=runtime,
            args=args,
            previous=previous if isinstance(previous, dict) else None,
            valid=_attachments(given) if command == "GC" else frozenset(),
        )

    def addresses(self, argument: str) -> tuple[str, ...]:
        """The addresses that are asked for; `argument` is IP of CNI_ARGS. Raises Refusal."""
        asked = self.runtime.get("ips") or self.args.get("ips") or [one for one in argument.split(",") if one]
        try:
            return tuple(str(ip_interface(str(one)).ip) for one in asked)
        except (ValueError, TypeError) as error:
            raise Refusal(Code.CONFIG, f"ips are IP addresses, with or without a prefix: {error}") from error

    def mac(self, argument: str) -> str | None:
        """The MAC address that is asked for; `argument` is MAC of CNI_ARGS. Raises Refusal."""
        asked = self.runtime.get("mac") or argument
        try:
            return parse_mac(str(asked), "mac") if asked else None
        except Invalid as error:
            raise Refusal(Code.CONFIG, error.message) from error


def _check_fields(given: Mapping[str, Any]) -> None:
    """A field that would be passed over in silence is refused: it may be a rule that somebody relies on."""
    for key in given:
        if key not in _KNOWN and not key.startswith("cni.dev/"):
            raise Refusal(
                Code.UNSUPPORTED_FIELD,
                f"{key}={given[key]!r:.80} is no part of a configuration for Weft, which gives addresses and "
                "routes itself",
            )
    for key, value in _object(given, "runtimeConfig").items():
        if key not in _CAPABILITIES and value:
            raise Refusal(Code.UNSUPPORTED_FIELD, f"runtimeConfig.{key}={value!r:.80} is not supported")


def _text(given: Mapping[str, Any], key: str, *, default: str = "") -> str:
    value = given.get(key, default)
    if not isinstance(value, str) or not value.strip():
        raise Refusal(Code.CONFIG, f"{key} is text that is not empty, not {value!r:.80}")
    return value.strip()


def _object(given: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = given.get(key) or {}
    if not isinstance(value, dict):
        raise Refusal(Code.CONFIG, f"{key} is an object, not {value!r:.80}")
    return value


def _labels(given: Any, where: str) -> Mapping[str, str]:  # noqa: ANN401 - JSON
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise Refusal(Code.CONFIG, f"{where} are texts by their keys, not {given!r:.80}")
    return given


def _listed(given: Any) -> Any:  # noqa: ANN401 - JSON
    """Labels as the conventions write them: [{"key": …, "value": …}]."""
    try:
        return {each["key"]: each["value"] for each in given}
    except (TypeError, KeyError) as error:
        raise Refusal(Code.CONFIG, f"args.cni.labels are objects with key and value: {error}") from error


def _annotated(annotations: Mapping[str, Any]) -> Mapping[str, str]:
    """The annotations of a pod that are meant as labels."""
    return {
        key.removeprefix(LABEL): str(value) for key, value in annotations.items() if key.startswith(LABEL)
    }


def _attachments(given: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """Which attachments GC is to leave. Raises Refusal: by a list that is not understood nothing goes."""
    if VALID not in given:
        raise Refusal(Code.CONFIG, f"GC needs {VALID}; an empty list frees everything")
    try:
        return frozenset((str(each["containerID"]), str(each["ifname"])) for each in given[VALID] or ())
    except (TypeError, KeyError) as error:
        raise Refusal(Code.CONFIG, f"{VALID} are objects with containerID and ifname: {error}") from error
