"""The REST API as Python sees it: synchronous, typed, with errors that are sentences."""

from weft.client.client import Client
from weft.client.doors import Door, DoorRouter
from weft.client.errors import ClientError, ProblemError, ServerUnreachable, ServerUntrusted, UnexpectedAnswer
from weft.client.guests import SILENCE, GuestTold, Station, Telling
from weft.client.machines import Machine
from weft.client.observed import HeartbeatTold
from weft.client.progress import FlushDomain, FlushWork, ProgressTold
from weft.client.resolvers import AskingNetwork, Resolver
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
    "AskingNetwork",
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
    "HeartbeatTold",
    "HostNetworks",
    "Identity",
    "Machine",
    "Network",
    "Port",
    "PortStatus",
    "ProblemError",
    "ProgressTold",
    "Receipt",
    "Resolver",
    "ServerUnreachable",
    "ServerUntrusted",
    "Station",
    "Subnet",
    "Telling",
    "UnexpectedAnswer",
    "Workload",
]
