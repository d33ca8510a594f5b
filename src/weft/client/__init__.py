"""The REST API as Python sees it: synchronous, typed, with errors that are sentences."""

from weft.client.client import Client
from weft.client.errors import ClientError, ProblemError, ServerUnreachable, ServerUntrusted, UnexpectedAnswer
from weft.client.transport import Identity
from weft.client.types import (
    Attached,
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
    "Attached",
    "Change",
    "Client",
    "ClientError",
    "FixedIP",
    "HostNetworks",
    "Identity",
    "Network",
    "Port",
    "PortStatus",
    "ProblemError",
    "Receipt",
    "ServerUnreachable",
    "ServerUntrusted",
    "Subnet",
    "UnexpectedAnswer",
    "Workload",
]
