"""Frames made by hand, sent and heard at the cards of endpoints: those that no stack would send, too."""

import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from tests.system.streams import begin

from weft.lab.endpoint import Endpoint
from weft.model.network import Address
from weft.model.policy import Protocol
from weft.verifier.packet import ICMP, Header

NUMBERS = {Protocol.ICMP: 1, Protocol.TCP: 6, Protocol.UDP: 17, Protocol.ICMPV6: 58}
"""IANA, protocol numbers."""

_MARK = b"weft-frame:"

_SEND = """
import socket, sys
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(("eth0", 0))
for line in sys.stdin:
    out.send(bytes.fromhex(line))
"""

_HEAR = """
import socket, sys
heard = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
heard.bind(("eth0", 0))
print("ready", flush=True)
mark = bytes.fromhex(sys.argv[1])
with open(sys.argv[2], "a") as told:
    while True:
        frame, (_, _, kind, *_) = heard.recvfrom(65535)
        if mark in frame and kind != socket.PACKET_OUTGOING:
            print(int.from_bytes(frame.rpartition(mark)[2][:4]), file=told, flush=True)
"""


def frame(number: int, macs: tuple[str, str], addresses: tuple[Address, Address], header: Header) -> bytes:
    """A frame from the first of `macs` and `addresses` to the second that carries `number` in its payload."""
    source, target = addresses
    upper = _upper(number, source, target, header)
    if isinstance(source, IPv4Address) and isinstance(target, IPv4Address):
        kind, packet = 0x0800, _ip4(source, target, NUMBERS[_protocol(header)], upper)
    else:
        kind, packet = 0x86DD, _ip6(source, target, NUMBERS[_protocol(header)], upper)
    ends = [bytes.fromhex(mac.replace(":", "")) for mac in macs]
    return ends[1] + ends[0] + struct.pack("!H", kind) + packet


def send(here: Endpoint, frames: Sequence[bytes]) -> None:
    """Put `frames` on the wire of `here`, in their order."""
    lines = "".join(f"{each.hex()}\n" for each in frames)
    done = subprocess.run(
        here.entering(sys.executable, "-c", _SEND), input=lines, text=True, timeout=20, check=False
    )
    assert done.returncode == 0


@contextmanager
def hearing(here: Endpoint, place: Path) -> Iterator[None]:
    """Write the numbers of the frames that `here` gets to `place`, a line each."""
    place.write_text("")
    process = begin(here, _HEAR, _MARK.hex(), str(place))
    yield
    process.terminate()


def numbers(place: Path) -> set[int]:
    """What was heard so far."""
    text = place.read_text()
    return {int(line) for line in text[: text.rfind("\n") + 1].split()}


def _protocol(header: Header) -> Protocol:
    assert header.protocol is not None
    return header.protocol


def _upper(number: int, source: Address, target: Address, header: Header) -> bytes:
    """The transport's header with its checksum, and the payload (RFC 9293, 768, 792, 4443)."""
    payload = _MARK + struct.pack("!I", number)
    protocol = _protocol(header)
    if protocol in ICMP:
        kind, code = divmod(header.value, 256)
        said, place = struct.pack("!BBHHH", kind, code, 0, number & 0xFFFF, 1) + payload, 2
    elif protocol is Protocol.TCP:
        ports = header.source_port, header.value
        said, place = struct.pack("!HHIIBBHHH", *ports, number, 0, 5 << 4, 0x02, 1024, 0, 0) + payload, 16
    else:
        ports, length = (header.source_port, header.value), 8 + len(payload)
        said, place = struct.pack("!HHHH", *ports, length, 0) + payload, 6
    pseudo = b"" if protocol is Protocol.ICMP else _pseudo(source, target, NUMBERS[protocol], len(said))
    return said[:place] + struct.pack("!H", _sum(pseudo + said)) + said[place + 2 :]


def _pseudo(source: Address, target: Address, protocol: int, length: int) -> bytes:
    ends = source.packed + target.packed
    if source.version == 4:
        return ends + struct.pack("!BBH", 0, protocol, length)
    return ends + struct.pack("!IHBB", length, 0, 0, protocol)


def _ip4(source: IPv4Address, target: IPv4Address, protocol: int, upper: bytes) -> bytes:
    ends = source.packed + target.packed
    bare = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(upper), 0, 0, 64, protocol, 0) + ends
    return bare[:10] + struct.pack("!H", _sum(bare)) + bare[12:] + upper


def _ip6(source: Address, target: Address, protocol: int, upper: bytes) -> bytes:
    assert isinstance(source, IPv6Address)
    assert isinstance(target, IPv6Address)
    return struct.pack("!IHBB", 6 << 28, len(upper), protocol, 64) + source.packed + target.packed + upper


def _sum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    padded = data + b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF or 0xFFFF
