"""Rows of others, in every table that we write to, and in those beside: they survive everything we do."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.functional.northbound.conftest import Server
from tests.support.rows import row_sets

from weft.model.ids import Revision
from weft.ovn import rows
from weft.ovn.northbound import Northbound
from weft.ovn.plan import diff
from weft.ovn.rows import Rows

FOREIGN = """
ls-add theirs
lsp-add theirs their-port
lsp-add theirs other-port
acl-add theirs to-lport 1001 ip4 drop
qos-add theirs to-lport 100 ip4 rate=1000
pg-add their_group their-port
acl-add their_group from-lport 1002 ip6 allow-related
meter-add their_meter drop 100 pktps
lr-add their-router
lrp-add their-router their-gateway 02:00:00:00:00:77 10.7.0.1/24
lrp-set-gateway-chassis their-gateway their-chassis 7
lr-route-add their-router 10.8.0.0/16 10.7.0.2
lr-nat-add their-router dnat_and_snat 192.0.2.1 10.7.0.9
lr-policy-add their-router 10 ip4 drop
lb-add their-balancer 192.0.2.9:80 10.7.0.9:80
ls-lb-add theirs their-balancer
create Address_Set name=their_set addresses=10.7.0.9
create DNS records:their-name=10.7.0.9
create DHCP_Options cidr=10.7.0.0/24 options:router=10.7.0.1 external_ids:owner=them
"""


@pytest.fixture
def theirs(server: Server, northbound: Northbound) -> dict[str, Any]:
    del northbound  # it has waited until the server answers
    for line in FOREIGN.strip().splitlines():
        server.nbctl(*line.split())
    return dump(server)


def dump(server: Server) -> dict[str, Any]:
    """Every row of the database without our mark, whole, by its identity; NB_Global is everybody's."""
    tables = [table for table in server.tables() if table != "NB_Global"]
    selects = [{"op": "select", "table": table, "where": []} for table in tables]
    found = json.loads(server.transact(*selects))
    rows = [(table, row) for table, answer in zip(tables, found, strict=True) for row in answer["rows"]]
    return {row["_uuid"][1]: [table, row] for table, row in rows if "weft:" not in json.dumps(row)}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(states=st.lists(row_sets(), min_size=1, max_size=3))
def test_rows_of_others_are_as_they_were_whatever_is_made_changed_and_removed(
    northbound: Northbound, server: Server, theirs: dict[str, Any], states: list[Rows]
) -> None:
    for number, desired in enumerate([*states, {}], start=1):
        northbound.apply(diff(desired, northbound.read()), Revision(number))
        assert northbound.read() == desired
        assert dump(server) == theirs


def test_every_table_that_we_write_to_has_a_row_of_others(theirs: dict[str, Any]) -> None:
    written = {row.table for row in vars(rows).values() if isinstance(row, type) and hasattr(row, "table")}
    assert written - {table for table, _ in theirs.values()} == set()
