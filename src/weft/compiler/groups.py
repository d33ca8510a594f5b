"""Port groups, with the ACLs that they own, and address sets."""

from collections.abc import Iterator, Set

from weft.compiler import names
from weft.compiler.domains import Members
from weft.model.policy import AddressGroup
from weft.ovn.rows import AddressSet, Key, PortGroup


def port_group(members: Members, acls: Set[Key]) -> PortGroup:
    """The row of `members`, with the ACLs that sit on it."""
    return PortGroup(
        key=names.group_key(members.name), name=members.name, ports=members.ports, acls=frozenset(acls)
    )


def address_sets(group: AddressGroup) -> Iterator[AddressSet]:
    """One for each family of which `group` has prefixes: an empty set does not reach the hosts."""
    for version in (4, 6):
        cidrs = frozenset(str(cidr) for cidr in group.cidrs if cidr.version == version)
        if cidrs:
            name = names.address_set(group.id, version)
            yield AddressSet(key=Key(f"as:{name}"), name=name, addresses=cidrs)
