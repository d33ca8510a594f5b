"""Random, referentially sound sets of Northbound rows for laws and contract tests."""

from hypothesis import strategies as st

from weft.ovn.rows import (
    Acl,
    AddressSet,
    DhcpOptions,
    Dns,
    Key,
    LogicalSwitch,
    LogicalSwitchPort,
    Meter,
    MeterBand,
    PortGroup,
    Qos,
    Row,
)

names = st.sampled_from(["a", "b", "c", "d"])
texts = st.sampled_from(["", "x", 'quo"te', "back\\slash"])


@st.composite
def row_sets(draw: st.DrawFn) -> dict[Key, Row]:
    """Switches with their ports and ACLs, groups over those ports, and rows that stand alone."""
    dhcp = [Key(f"dhcp:{n}") for n in sorted(draw(st.sets(names)))]
    rows: list[Row] = [
        DhcpOptions(key=key, cidr="10.0.0.0/24", options=draw(st.dictionaries(names, texts))) for key in dhcp
    ]
    dns = [
        Dns(key=Key(f"records:{n}"), records=draw(st.dictionaries(names, texts)))
        for n in draw(st.sets(names))
    ]
    rows += dns
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
                dhcpv4_options=draw(st.sampled_from([None, *dhcp])),
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
        shaping = [
            Qos(
                key=Key(f"qos:{switch}:{n}"),
                direction="from-lport",
                priority=draw(st.integers(0, 32767)),
                match="ip4",
                bandwidth=draw(st.sampled_from([{}, {"rate": 1000, "burst": 100}])),
                action=draw(st.sampled_from([{}, {"dscp": 46}])),
            )
            for n in draw(st.sets(names))
        ]
        rows += shaping
        rows.append(
            LogicalSwitch(
                key=Key(f"switch:{switch}"),
                name=switch,
                ports=frozenset(mine),
                acls=frozenset(acls),
                qos_rules=frozenset(row.key for row in shaping),
                dns_records=frozenset(row.key for row in dns),
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
    for n in draw(st.sets(names)):
        band = MeterBand(key=Key(f"band:{n}"), action="drop", rate=draw(st.integers(1, 9)))
        rows += [band, Meter(key=Key(f"meter:{n}"), name=n, unit="pktps", bands=frozenset({band.key}))]
    return {row.key: row for row in rows}
