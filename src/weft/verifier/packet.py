"""Packets as policy sees them: IP version, protocol, and the numbers of the transport header."""

from dataclasses import dataclass, replace

from weft.model.policy import Protocol

LARGEST = 65535
EPHEMERAL = 49152
"""The first of the ports from which clients speak (RFC 6335, section 6): what is meant when none is named."""

ICMP = (Protocol.ICMP, Protocol.ICMPV6)
WITH_PORTS = (Protocol.TCP, Protocol.UDP, Protocol.SCTP)

_ECHO = {Protocol.ICMP: (8, 0), Protocol.ICMPV6: (128, 129)}
"""Echo request and its reply (RFC 792; RFC 4443, section 4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a packet says beside its addresses.

    `protocol` None is any IP protocol that no service can name. `value` is the number that services speak
    of: the destination port, or for ICMP the type times 256 plus the code. Where there are no ports,
    `source_port` is 0.
    """

    version: int
    protocol: Protocol | None = None
    value: int = 0
    source_port: int = 0

    def __post_init__(self) -> None:
        """Refuse what no packet can say."""
        if not 0 <= self.value <= LARGEST or not 0 <= self.source_port <= LARGEST:
            raise ValueError(f"no such packet: {self}")

    def answered(self) -> "Header":
        """The packet that answers this one. An ICMP message other than echo is answered in kind."""
        if self.protocol in WITH_PORTS:
            return replace(self, value=self.source_port, source_port=self.value)
        if self.protocol in ICMP and self.value >> 8 == _ECHO[self.protocol][0]:
            return replace(self, value=_ECHO[self.protocol][1] << 8 | self.value & 0xFF)
        return self


def transport(version: int, protocol: Protocol, port: int, source_port: int = EPHEMERAL) -> Header:
    """A TCP, UDP or SCTP packet."""
    return Header(version=version, protocol=protocol, value=port, source_port=source_port)


def icmp(version: int, kind: int, code: int = 0) -> Header:
    """An ICMP packet of the version's own kind."""
    return Header(
        version=version,
        protocol=Protocol.ICMP if version == 4 else Protocol.ICMPV6,
        value=kind << 8 | code,
    )


def echo(version: int) -> Header:
    """What ping sends."""
    return icmp(version, 8 if version == 4 else 128)
