"""Random, referentially sound sets of Northbound rows for laws and contract tests."""

from hypothesis import strategies as st

from weft.ovn.rows import Acl, AddressSet, DhcpOptions, Key, LogicalSwitch, LogicalSwitchPort, PortGroup, Row

names = st.sampled_from(["a", "b", "c", "d"])
texts = st.sampled_from(["", "x", 'quo"te', "back\\slash"])


@st.composite
def row_sets(draw: st.DrawFn) -> dict[Key, Row]:
    """Switches with their ports and ACLs, groups over those ports, and rows that stand alone."""
    rows: list[Row] = []
    ports: set[Key] = set()
    for switch in draw(st.sets(names)):
        mine = {Key(f"port:{switch}:{n}") for n in draw(st.sets(names))}
        ports |= mine
        rows += [
            LogicalSwitchPort(
                key=key,
                name=key,
                addresses=draw(st.frozensets(st.sampled_from(["02:00:00:00:00:01 10.0.0.1", "unknown"]))),
                options=draw(st.dictionaries(names, texts)),
                enabled=draw(st.sampled_from([None, True, False])),
            )
            for key in sorted(mine)
        ]
        acls = {Key(f"acl:{switch}:{n}") for n in draw(st.sets(names))}
        rows += [
            Acl(
                key=key,
                direction="to-lport",
                priority=draw(st.integers(0, 32767)),
                match="ip4",
                action="drop",
                name=draw(st.sampled_from([None, "n"])),
            )
            for key in sorted(acls)
        ]
        rows.append(
            LogicalSwitch(
                key=Key(f"switch:{switch}"),
                name=switch,
                ports=frozenset(mine),
                acls=frozenset(acls),
                other_config=draw(st.dictionaries(names, texts)),
            )
        )
    for group in draw(st.sets(names)):
        chosen = draw(st.frozensets(st.sampled_from(sorted(ports)))) if ports else frozenset()
        rows.append(PortGroup(key=Key(f"group:{group}"), name=f"weft_{group}", ports=chosen))
    rows += [
        AddressSet(
            key=Key(f"set:{n}"),
            name=f"weft_as_{n}",
            addresses=draw(st.frozensets(st.sampled_from(["10.0.0.1", "10.0.0.2", "10.1.0.0/16"]))),
        )
        for n in draw(st.sets(names))
    ]
    rows += [
        DhcpOptions(key=Key(f"dhcp:{n}"), cidr="10.0.0.0/24", options=draw(st.dictionaries(names, texts)))
        for n in draw(st.sets(names))
    ]
    return {row.key: row for row in rows}
