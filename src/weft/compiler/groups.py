"""Port groups with the ACLs that they own, and address sets."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from weft.compiler import names
from weft.compiler.domains import Domains, Members
from weft.ovn.rows import Acl, AddressSet, Key, PortGroup


def port_groups(domains: Domains, acls: Iterable[Acl]) -> Iterator[PortGroup]:
    """Every port group that has members. An ACL belongs to the group that its key begins with."""
    owned: defaultdict[str, set[Key]] = defaultdict(set)
    for acl in acls:
        owned[owner(acl.key)].add(acl.key)
    for members in _all(domains):
        yield PortGroup(
            key=names.group_key(members.name),
            name=members.name,
            ports=frozenset(names.port_key(port.id) for port in members.ports),
            acls=frozenset(owned.pop(members.name, ())),
        )
    if owned:
        raise ValueError(f"ACLs without a port group: {sorted(owned)}")


def acl_key(members: Members, what: str) -> Key:
    """The key of an ACL that sits on the port group of `members`."""
    return Key(f"acl:{members.name}:{what}")


def owner(acl: Key) -> str:
    """The name of the port group that the ACL sits on."""
    return acl.split(":")[1]


def address_sets(domains: Domains) -> Iterator[AddressSet]:
    """One per address group and family that has prefixes."""
    for group in domains.snapshot.address_groups.values():
        for version in (4, 6):
            cidrs = frozenset(str(cidr) for cidr in group.cidrs if cidr.version == version)
            if cidrs:
                name = names.address_set(group.id, version)
                yield AddressSet(key=Key(f"as:{name}"), name=name, addresses=cidrs)


def _all(domains: Domains) -> Iterator[Members]:
    yield from domains.everyone.values()
    yield from domains.quarantined.values()
    for split in domains.groups.values():
        yield from split.values()
