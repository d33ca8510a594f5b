"""A typed, synchronous client of the REST interface: for the agent, the command line and users."""

from weft.client.client import Client, ProblemError, ServerUnreachable

__all__ = ["Client", "ProblemError", "ServerUnreachable"]
