"""Guests: what a virtual machine is told of itself when it boots, and who tells it.

A network with `metadata` has an interface on every host, the guests' service, at the address at which cloud
images ask (the EC2 and OpenStack data sources of cloud-init).
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from uuid import UUID, uuid5

from weft.model.errors import Invalid
from weft.model.ids import NetworkId, PortId
from weft.model.network import Prefix

SERVICE = IPv4Address("169.254.169.254")
SERVICE_PREFIX = IPv4Network(SERVICE)
SERVICE_PORT = 80

LARGEST_USER_DATA = 64 * 1024
"""In bytes; OpenStack's limit, and four times EC2's."""
MOST_SSH_KEYS = 64
_LONGEST_KEY = 8192
_KEY = re.compile(
    r"(?:ssh-[a-z0-9]+|ecdsa-sha2-[a-z0-9]+|sk-[a-z0-9-]+@openssh\.com) [A-Za-z0-9+/]+={0,3}(?: .*)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserData:
    """The mark of user data, which is a secret and is kept apart: another `id` is other data."""

    id: UUID
    size: int
    """In bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """What a machine is told besides its name and its port. `ssh_keys` are lines of authorized_keys(5)."""

    ssh_keys: tuple[str, ...] = ()
    user_data: UserData | None = None

    def __post_init__(self) -> None:
        """Refuse what is no public key, and more keys than anybody has."""
        if len(self.ssh_keys) > MOST_SSH_KEYS:
            raise Invalid(
                f"a guest has at most {MOST_SSH_KEYS} SSH keys, not {len(self.ssh_keys)}", field="ssh_keys"
            )
        for number, key in enumerate(self.ssh_keys):
            if len(key) > _LONGEST_KEY or not key.isprintable() or not _KEY.fullmatch(key):
                raise Invalid(
                    "an SSH key is one line of a public key, like ssh-ed25519 AAAA... me@work, of at most "
                    f"{_LONGEST_KEY} characters",
                    field=f"ssh_keys.{number}",
                )


def check_user_data(content: bytes) -> None:
    """Refuse user data that is larger than a guest may have; it is not repeated. Raises Invalid."""
    if len(content) > LARGEST_USER_DATA:
        raise Invalid(
            f"user data has at most {LARGEST_USER_DATA} bytes, not {len(content)}; let it fetch the rest",
            field="user_data",
        )


def check_beside_service(cidr: Prefix) -> None:
    """Refuse a subnet with the address at which guests ask: no workload may have it. Raises Invalid."""
    if cidr.version == 4 and cidr.overlaps(SERVICE_PREFIX):
        raise Invalid(
            f"subnet {cidr} contains {SERVICE}, at which virtual machines ask for their metadata; "
            "choose a prefix outside it",
            field="cidr",
        )


def service_id(network: NetworkId) -> PortId:
    """The id that the guests' service has on `network` on every host: its port's name, and its `iface-id`."""
    return PortId(uuid5(network, "metadata"))
