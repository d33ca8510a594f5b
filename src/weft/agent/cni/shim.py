"""weft-cni: hands the call of a container runtime over to the agent of its host.

A program of its own, of the system's Python alone: a runtime runs it for every container and for every
question, so it imports next to nothing. What it passes on is the call as it came, and the network namespace
as a descriptor, because the agent may see other mounts than the runtime.

VERSION is answered here. A DEL that no agent takes is laid down for it, and succeeds: runtimes must be able
to end what they have (SPEC.md of containernetworking/cni, "DEL").
"""

import _socket
import os
import sys

RUN = "/run/weft"
SOCKET = "cni.sock"
DEFERRED = "cni-deferred"
SUPPORTED = ("0.3.1", "0.4.0", "1.0.0", "1.1.0")
NEWEST = SUPPORTED[-1]
PARAMETERS = ("CNI_COMMAND", "CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS")
"""What goes over the socket, each ended by a NUL, in front of what came on standard input."""

ANSWER_S = 20.0
"""The agent answers earlier: its own waits, for the server and for the flows, are shorter."""

BAD_PARAMETER, TRY_LATER, UNAVAILABLE = 4, 11, 50


def main() -> int:
    """Answer one call; the exit status."""
    config = b"".join(iter(lambda: os.read(0, 65536), b""))
    asked = [os.environ.get(name, "") for name in PARAMETERS]  # noqa: TID251 - CNI's parameters, no settings
    command = asked[0]
    if command == "VERSION":
        return _say({"cniVersion": _version(config), "supportedVersions": list(SUPPORTED)})
    message = b"".join(value.encode() + b"\0" for value in asked) + config
    try:
        answer = _ask(f"{RUN}/{SOCKET}", message, _opened(asked[2]))
    except OSError as error:
        answer, why = b"", f"{RUN}/{SOCKET}: {error.strerror or error}"
    else:
        why = "it ended before it had answered"
    if answer:
        os.write(1, answer[1:])
        return 0 if answer[:1] == b"0" else 1
    if command == "DEL":
        return _defer(asked[1], asked[3], message, config)
    return _say(
        {
            "cniVersion": _version(config),
            "code": UNAVAILABLE if command == "STATUS" else TRY_LATER,
            "msg": f"weft: the agent of this host did not answer ({why})",
            "details": "systemctl status weft-agent and journalctl -u weft-agent say why",
        },
        1,
    )


def _ask(path: str, message: bytes, namespace: "int | None") -> bytes:
    """The agent's answer; empty when it ended meanwhile. Raises OSError."""
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    connection.settimeout(ANSWER_S)
    connection.connect(path)
    passed = []
    if namespace is not None:
        descriptor = namespace.to_bytes(4, sys.byteorder)
        passed = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, descriptor)]
    sent = connection.sendmsg([message], passed)
    connection.sendall(message[sent:])
    connection.shutdown(_socket.SHUT_WR)
    answer = b""
    while piece := connection.recv(65536):
        answer += piece
    return answer


def _opened(path: str) -> "int | None":
    """The namespace, if it is there: the agent says what is wrong when it needs one."""
    try:
        return os.open(path, os.O_RDONLY) if path else None
    except OSError:
        return None


def _defer(container: str, interface: str, message: bytes, config: bytes) -> int:
    """Lay the DEL down: a file appears whole, and the agent looks every second and when it starts."""
    name = f"{container}:{interface}"
    if not container or not interface or "/" in name or name.startswith("."):
        said = f"weft: CNI_CONTAINERID={container!r} or CNI_IFNAME={interface!r} cannot be"
        return _say({"cniVersion": _version(config), "code": BAD_PARAMETER, "msg": said}, 1)
    folder = f"{RUN}/{DEFERRED}"
    try:
        os.makedirs(folder, 0o700, exist_ok=True)  # noqa: PTH103 - pathlib takes longer to load than all the rest
        whole = os.open(f"{folder}/.{name}.{os.getpid()}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.write(whole, message)
        os.close(whole)
        os.replace(f"{folder}/.{name}.{os.getpid()}", f"{folder}/{name}")  # noqa: PTH105 - as above
    except OSError as error:
        said = f"weft: the agent does not answer, and its DEL cannot be kept in {folder}: {error.strerror}"
        return _say({"cniVersion": _version(config), "code": TRY_LATER, "msg": said}, 1)
    return 0


def _version(config: bytes) -> str:
    """The version that the runtime speaks, or else our newest."""
    import json

    try:
        said = json.loads(config or b"{}").get("cniVersion")
    except (ValueError, AttributeError):
        said = None
    return said if isinstance(said, str) and said else NEWEST


def _say(document: "dict[str, object]", status: int = 0) -> int:
    import json

    os.write(1, json.dumps(document).encode() + b"\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
