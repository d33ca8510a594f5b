"""What is answered at each path, as cloud-init's data sources Ec2 and OpenStack ask. Pure.

    /latest/meta-data/...            EC2's tree: a folder answers with a line for each of its entries
    /latest/user-data
    /openstack/latest/meta_data.json
    /openstack/latest/user_data

A version that the data sources know means the same as `latest`.
"""

import json
from collections.abc import Mapping

from weft.client import GuestTold

_EC2 = ("2009-04-04", "latest")
_OPENSTACK = ("2012-08-10", "2013-04-04", "2013-10-17", "2015-10-15", "2018-08-27", "latest")
"""Those that cloud-init looks for (cloudinit/sources/helpers/openstack.py, OS_VERSIONS)."""
_KEY_NAME = "key-{}"

_Tree = Mapping[str, "_Tree | bytes"]


def answer(guest: GuestTold, path: str) -> bytes | None:
    """The body for `path`; None where there is nothing."""
    here: _Tree | bytes = _root(guest)
    for name in filter(None, path.split("/")):
        found = None if isinstance(here, bytes) else here.get(name)
        if found is None:
            return None
        here = found
    return here if isinstance(here, bytes) else _listing(here)


def _listing(folder: _Tree) -> bytes:
    """As EC2 lists: a folder has a slash behind its name, a key its name behind its number."""
    return "\n".join(_entry(name, what) for name, what in folder.items()).encode()


def _entry(name: str, what: _Tree | bytes) -> str:
    if isinstance(what, bytes):
        return name
    return f"{name}={_KEY_NAME.format(name)}" if "openssh-key" in what else f"{name}/"


def _root(guest: GuestTold) -> _Tree:
    ec2, openstack = _ec2(guest), _openstack(guest)
    return {**dict.fromkeys(_EC2, ec2), "openstack": dict.fromkeys(_OPENSTACK, openstack)}


def _ec2(guest: GuestTold) -> _Tree:
    said = {
        "hostname": guest.host_name,
        "instance-id": guest.instance_id,
        "local-hostname": guest.host_name,
        "local-ipv4": guest.address,
        "mac": guest.mac,
    }
    told: dict[str, _Tree | bytes] = {name: value.encode() for name, value in said.items()}
    if guest.ssh_keys:
        numbered = enumerate(guest.ssh_keys)
        told["public-keys"] = {str(number): {"openssh-key": key.encode()} for number, key in numbered}
    return {"meta-data": told, **({} if guest.user_data is None else {"user-data": guest.user_data})}


def _openstack(guest: GuestTold) -> _Tree:
    said = {
        "uuid": guest.instance_id,
        "name": guest.host_name,
        "hostname": guest.host_name,
        "public_keys": {_KEY_NAME.format(number): key for number, key in enumerate(guest.ssh_keys)},
    }
    told = {"meta_data.json": json.dumps(said).encode()}
    return told if guest.user_data is None else {**told, "user_data": guest.user_data}
