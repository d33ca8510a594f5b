"""The REST API as Python sees it: synchronous, typed, with errors that are sentences."""

from weft.client.client import Client
from weft.client.doors import Door, DoorRouter
from weft.client.errors import ClientError, ProblemError, ServerUnreachable, ServerUntrusted, UnexpectedAnswer
from weft.client.guests import SILENCE, GuestTold, Station, Telling
from weft.client.progress import FlushDomain, FlushWork, ProgressTold
from weft.client.transport import Identity
from weft.client.types import (
    Attached,
    AttachRule,
    Change,
    FixedIP,
    HostNetworks,
    Network,
    Port,
    PortStatus,
    Receipt,
    Subnet,
    Workload,
)

__all__ = [
    "SILENCE",
    "AttachRule",
    "Attached",
    "Change",
    "Client",
    "ClientError",
    "Door",
    "DoorRouter",
    "FixedIP",
    "FlushDomain",
    "FlushWork",
    "GuestTold",
    "HostNetworks",
    "Identity",
    "Network",
    "Port",
    "PortStatus",
    "ProblemError",
    "ProgressTold",
    "Receipt",
    "ServerUnreachable",
    "ServerUntrusted",
    "Station",
    "Subnet",
    "Telling",
    "UnexpectedAnswer",
    "Workload",
]
