"""Errors as runtimes understand them (SPEC.md of containernetworking/cni, "Error"). Pure."""

import json
from enum import IntEnum

from weft.agent.cni.shim import NEWEST, SUPPORTED
from weft.agent.links import LinkFailed
from weft.agent.plug import PlugFailed
from weft.client import ClientError, ProblemError, ServerUnreachable
from weft.model.errors import Invalid, WeftError
from weft.ovsdb import OvsdbError, OvsdbUnavailable


class Code(IntEnum):
    """Up to 99 the specification's, from 100 on ours."""

    VERSION = 1
    UNSUPPORTED_FIELD = 2
    UNKNOWN_CONTAINER = 3
    PARAMETER = 4
    IO = 5
    NOT_DECODED = 6
    CONFIG = 7
    TRY_LATER = 11
    UNAVAILABLE = 50
    LIMITED = 51
    REFUSED = 100
    """The server refused; the message has its reason."""
    DIFFERS = 101
    """CHECK found something else than ADD made."""


class Refusal(Exception):
    """A call that is refused; the message is a whole sentence."""

    def __init__(self, code: Code, message: str, *, details: str = "") -> None:
        """`details` says more, for people."""
        self.code, self.message, self.details = code, message, details
        super().__init__(message)


EXPECTED = (WeftError, ClientError, PlugFailed, LinkFailed, OvsdbError, OvsdbUnavailable)
"""What can go wrong in the world while a call is served."""


def refusal_of(error: Exception) -> Refusal:
    """`error`, one of EXPECTED, with the code that tells the runtime what to do about it."""
    match error:
        case ServerUnreachable() | PlugFailed() | OvsdbUnavailable() | OvsdbError():
            code = Code.TRY_LATER
        case ProblemError() if error.status >= 500 or error.status == 429:
            code = Code.TRY_LATER
        case ClientError():
            code = Code.REFUSED
        case LinkFailed():
            code = Code.IO
        case Invalid():
            code = Code.CONFIG
        case _:
            code = Code.REFUSED
    return Refusal(code, str(error))


def document(refused: Refusal, version: str) -> str:
    """`refused` as it goes to the runtime, which speaks `version`."""
    told: dict[str, object] = {
        "cniVersion": version if version in SUPPORTED else NEWEST,
        "code": int(refused.code),
        "msg": f"weft: {refused.message}",
    }
    if refused.details:
        told["details"] = refused.details
    return json.dumps(told)
