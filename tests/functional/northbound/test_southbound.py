"""What the Southbound database shows of hosts and ports."""

from datetime import UTC, datetime

from tests.functional.northbound.conftest import Server

from weft.ovn.southbound import BindingSeen, ChassisSeen, Southbound


def insert(table: str, uuid_name: str, /, **row: object) -> dict[str, object]:
    return {"op": "insert", "table": table, "uuid-name": uuid_name, "row": row}


def test_hosts_and_their_ports_are_seen_as_they_come_and_go(southbound_server: Server) -> None:
    southbound = Southbound(southbound_server.remote)
    southbound.ready(10)
    assert (southbound.chassis(), southbound.bindings(), southbound.nb_cfg()) == ({}, {}, 0)

    southbound_server.transact(
        insert("Encap", "e", type="geneve", ip="192.0.2.1", chassis_name="h1"),
        insert("Chassis", "c", name="h1", hostname="one", encaps=["named-uuid", "e"]),
        insert(
            "Chassis_Private",
            "p",
            name="h1",
            nb_cfg=5,
            nb_cfg_timestamp=1_700_000_000_250,
            chassis=["named-uuid", "c"],
        ),
        insert("Datapath_Binding", "d", tunnel_key=1),
        *(
            insert(
                "Port_Binding",
                f"b{n}",
                logical_port=f"p{n}",
                tunnel_key=n,
                datapath=["named-uuid", "d"],
                **more,
            )
            for n, more in ((1, {"chassis": ["named-uuid", "c"], "up": True}), (2, {"up": False}), (3, {}))
        ),
        database="OVN_Southbound",
    )

    assert southbound.wait(10)
    acknowledged = datetime(2023, 11, 14, 22, 13, 20, 250_000, UTC)
    assert southbound.chassis() == {"h1": ChassisSeen("h1", 5, acknowledged, "one", frozenset({"192.0.2.1"}))}
    assert southbound.bindings() == {
        "p1": BindingSeen("p1", "h1", up=True),
        "p2": BindingSeen("p2", None, up=False),
        "p3": BindingSeen("p3", None, up=False),
    }

    assert southbound.changed_bindings() == southbound.bindings()
    assert southbound.changed_bindings() == {}

    southbound_server.transact(
        {"op": "delete", "table": "Port_Binding", "where": [["logical_port", "==", "p2"]]},
        {
            "op": "update",
            "table": "Port_Binding",
            "where": [["logical_port", "==", "p3"]],
            "row": {"up": True},
        },
        database="OVN_Southbound",
    )

    assert southbound.wait(10)
    assert southbound.bindings().keys() == {"p1", "p3"}
    assert southbound.changed_bindings() == {"p2": None, "p3": BindingSeen("p3", None, up=True)}
    southbound.close()
