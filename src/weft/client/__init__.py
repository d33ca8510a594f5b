"""The REST API as Python sees it: synchronous, typed, with errors that are sentences."""

from weft.client.client import Client
from weft.client.doors import Door, DoorRouter
from weft.client.errors import ClientError, ProblemError, ServerUnreachable, ServerUntrusted, UnexpectedAnswer
from weft.client.observed import HeartbeatTold
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
    "HeartbeatTold",
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
    "Subnet",
    "UnexpectedAnswer",
    "Workload",
]
