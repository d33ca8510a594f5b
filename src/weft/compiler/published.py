"""Published ports: what a host answers for is let in to the port, where no rule says otherwise."""

from collections import defaultdict
from collections.abc import Iterator

from weft.compiler import names
from weft.compiler.acls import PUBLISHED
from weft.compiler.domains import Domains
from weft.model.ids import PortId
from weft.model.policy import Protocol
from weft.ovn.rows import Acl


def published_acls(domains: Domains, port_id: PortId) -> Iterator[Acl]:
    """One ACL for each protocol of which ports are published. They stand above the defaults alone."""
    port = domains.snapshot.ports.get(port_id)
    if port is None:
        return
    found: defaultdict[Protocol, set[int]] = defaultdict(set)
    for one in port.published:
        found[one.protocol].add(one.port)
    for protocol, numbers in found.items():
        listed = ", ".join(map(str, sorted(numbers)))
        yield Acl(
            key=names.acl_key(names.everyone(port.network_id), f"published-{protocol}-{port.id}"),
            direction="to-lport",
            priority=PUBLISHED,
            match=f'outport == "{port.id}" && ip4 && {protocol}.dst == {{{listed}}}',
            action="allow-related",
        )
