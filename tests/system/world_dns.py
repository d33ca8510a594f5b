"""A server of the world's names, and somebody who asks: two programs of the tests' own.

    world_dns.py serve ADDRESS LOG          answers on UDP and TCP; writes each name that it is asked into LOG
    world_dns.py ask SERVER NAME tcp|udp    prints CODE, whether it is cut short, and how many records came

It shares no code with what it tests. `world.example` has an address of each IP version; `large.example` has
texts that do not fit a datagram.
"""

import ipaddress
import socket
import struct
import sys
import threading
from pathlib import Path

ADDRESSES = {"world.example": ("198.51.100.7", "2001:db8::7")}
A, TXT, AAAA = 1, 16, 28
LARGE, TEXTS = "large.example", 8


def name_in(message: bytes) -> tuple[str, int]:
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1 : at + 1 + message[at]].decode())
        at += 1 + message[at]
    return ".".join(labels).lower(), at + 1


def answer(message: bytes, *, by_tcp: bool) -> tuple[str, bytes]:
    name, end = name_in(message)
    (kind,) = struct.unpack_from("!H", message, end)
    found: list[bytes] = []
    if name == LARGE and kind == TXT:
        found = [bytes([200]) + bytes([65 + n]) * 200 for n in range(TEXTS)]
    elif name in ADDRESSES:
        both = [ipaddress.ip_address(one).packed for one in ADDRESSES[name]]
        found = [one for one in both if len(one) == {A: 4, AAAA: 16}.get(kind, 0)]
    code = 0 if name in (*ADDRESSES, LARGE) else 3
    records = [b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(data)) + data for data in found]
    cut = not by_tcp and sum(map(len, records)) > 400
    flags = 0x8180 | code | (0x0200 if cut else 0)
    kept = [] if cut else records
    header = message[:2] + struct.pack("!5H", flags, 1, len(kept), 0, 0)
    return name, header + message[12 : end + 4] + b"".join(kept)


def serve(address: str, log: Path) -> None:
    def heard(message: bytes, *, by_tcp: bool) -> bytes:
        name, said = answer(message, by_tcp=by_tcp)
        with log.open("a") as lines:
            lines.write(f"{name}\n")
        return said

    def by_tcp() -> None:
        while True:
            one, _ = listening.accept()
            with one, one.makefile("rwb") as stream:
                length = stream.read(2)
                if len(length) == 2:
                    said = heard(stream.read(int.from_bytes(length)), by_tcp=True)
                    stream.write(len(said).to_bytes(2) + said)

    listening = socket.create_server((address, 53))
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind((address, 53))
    threading.Thread(target=by_tcp, daemon=True).start()
    log.write_text("")  # whoever waits for it knows that questions are heard
    while True:
        message, whom = datagrams.recvfrom(4096)
        datagrams.sendto(heard(message, by_tcp=False), whom)


def ask(server: str, name: str, *, by_tcp: bool, timeout_s: float = 15) -> str:
    labels = b"".join(bytes([len(one)]) + one.encode() for one in name.split("."))
    message = struct.pack("!6H", 4711, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", TXT, 1)
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM if by_tcp else socket.SOCK_DGRAM) as one:
        one.settimeout(timeout_s)
        one.connect((server, 53))
        if by_tcp:
            with one.makefile("rwb") as stream:
                stream.write(len(message).to_bytes(2) + message)
                stream.flush()
                said = stream.read(int.from_bytes(stream.read(2)))
        else:
            one.send(message)
            said = one.recv(65535)
    number, flags, _, answers, _, _ = struct.unpack_from("!6H", said)
    if number != 4711:
        raise SystemExit("the answer to another question")
    return f"{flags & 15} {'cut' if flags & 0x0200 else 'whole'} {answers}"


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2], Path(sys.argv[3]))
    else:
        sys.stdout.write(ask(sys.argv[2], sys.argv[3], by_tcp=sys.argv[4] == "tcp"))
