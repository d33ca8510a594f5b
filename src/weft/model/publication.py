"""Published ports: a port of a workload under a port of the host that it runs on."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Self

from weft.model.errors import Invalid
from weft.model.policy import Protocol

PROTOCOLS = frozenset({Protocol.TCP, Protocol.UDP})
_TEXT = re.compile(r"(?:(?P<address>[0-9.]+):)?(?P<host>\d{1,5}):(?P<port>\d{1,5})(?:/(?P<protocol>[a-z]+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What comes to `host_port` of the host goes to `port` of the workload.

    Without `host_address` that is meant at every IPv4 address of the host.
    """

    protocol: Protocol
    host_port: int
    port: int
    host_address: IPv4Address | None = None

    def __post_init__(self) -> None:
        """Refuse what has no ports, and ports that do not exist."""
        if self.protocol not in PROTOCOLS:
            raise Invalid(f"ports of {self.protocol} cannot be published, only tcp and udp", field="protocol")
        for name, value in (("host_port", self.host_port), ("port", self.port)):
            if not 1 <= value <= 65535:
                raise Invalid(f"a published port is between 1 and 65535, not {value}", field=name)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The publication that is written [ADDRESS:]HOST-PORT:PORT[/PROTOCOL]. Raises Invalid."""
        found = _TEXT.fullmatch(text.strip())
        refusal = Invalid(
            f"a published port is written [ADDRESS:]HOST-PORT:PORT[/PROTOCOL], like 8080:80, not {text!r}",
            field="published",
        )
        if found is None:
            raise refusal
        address = found["address"]
        try:
            return cls(
                protocol=Protocol(found["protocol"] or "tcp"),
                host_port=int(found["host"]),
                port=int(found["port"]),
                host_address=None if address is None else IPv4Address(address),
            )
        except ValueError as error:
            raise refusal from error

    def __str__(self) -> str:
        """As `parse` reads it."""
        at = "" if self.host_address is None else f"{self.host_address}:"
        return f"{at}{self.host_port}:{self.port}/{self.protocol}"

    @property
    def place(self) -> str:
        """What it takes of the host, as a person says it: port 8080/tcp."""
        at = "" if self.host_address is None else f" of {self.host_address}"
        return f"port {self.host_port}/{self.protocol}{at}"

    def meets(self, other: "Publication") -> bool:
        """Whether the two take the same port of a host."""
        same = (self.protocol, self.host_port) == (other.protocol, other.host_port)
        anywhere = None in (self.host_address, other.host_address)
        return same and (anywhere or self.host_address == other.host_address)
