"""Port groups with the ACLs that they own, and address sets."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from weft.compiler import names
from weft.compiler.domains import Domains, Members
from weft.model.policy import AddressGroup
from weft.ovn.rows import Acl, AddressSet, Key, PortGroup


def port_groups(domains: Domains, acls: Iterable[Acl]) -> Iterator[PortGroup]:
    """Every port group that has members, with those of `acls` that sit on it."""
    owned: defaultdict[str, set[Key]] = defaultdict(set)
    for acl in acls:
        owned[names.acl_owner(acl.key)].add(acl.key)
    for members in domains:
        yield port_group(members, owned.pop(members.name, set()))
    if owned:
        raise ValueError(f"ACLs without a port group: {sorted(owned)}")


def port_group(members: Members, acls: Iterable[Key]) -> PortGroup:
    """The row of `members`."""
    return PortGroup(
        key=names.group_key(members.name),
        name=members.name,
        ports=frozenset(names.port_key(port.id) for port in members.ports),
        acls=frozenset(acls),
    )


def address_sets(group: AddressGroup) -> Iterator[AddressSet]:
    """One for each family of which `group` has prefixes: an empty set does not reach the hosts."""
    for version in (4, 6):
        cidrs = frozenset(str(cidr) for cidr in group.cidrs if cidr.version == version)
        if cidrs:
            name = names.address_set(group.id, version)
            yield AddressSet(key=Key(f"as:{name}"), name=name, addresses=cidrs)
