"""Which ACLs have ovn-controller tell of what they drop, and under which names."""

from dataclasses import replace

from tests.support.builders import (
    Anything,
    a_network,
    a_policy,
    a_port,
    a_rule,
    a_snapshot,
    a_subnet,
    an_id,
)

from weft.compiler import CompilerSettings, compile_model
from weft.compiler.names import Band, Logged, band_log_name, logged
from weft.model.ids import NetworkId
from weft.model.policy import Action, Direction
from weft.ovn.rows import Acl

CIDR = "10.0.0.0/24"
NET = NetworkId(an_id("network", "net"))
DEFAULTS = {band_log_name(NET, Band.DEFAULT, direction) for direction in Direction}
QUARANTINE = {band_log_name(NET, Band.QUARANTINE, direction) for direction in Direction}


def told(*objects: Anything, log_drops: bool = True) -> set[str]:
    """By which names there are ACLs that log."""
    rows = compile_model(
        a_snapshot(a_subnet(CIDR, network="net"), *objects), CompilerSettings(log_drops=log_drops)
    )
    found = [row for row in rows.values() if isinstance(row, Acl) and row.log]
    assert all(row.meter and row.action in ("drop", "reject") for row in found)
    return {str(row.name) for row in found}


def test_what_a_network_drops_by_default_and_in_quarantine_is_told_by_name() -> None:
    unknown = replace(a_port("p", {"10.0.0.2": CIDR}, network="net"), quarantined=True)

    assert told(a_network("net"), unknown) == DEFAULTS | QUARANTINE


def test_a_network_that_does_not_log_is_silent_about_its_defaults_alone() -> None:
    silent = replace(a_network("net"), log_drops=False)
    rule = a_rule("r", action=Action.DROP)
    port = a_port("p", {"10.0.0.2": CIDR}, network="net")

    assert told(silent, port) == set()
    assert told(silent, port, a_policy("p", rule)) == {f"weft-{rule.id}"}
    assert told(silent, replace(port, quarantined=True)) == QUARANTINE


def test_an_installation_that_logs_no_drops_logs_none_of_a_network() -> None:
    unknown = replace(a_port("p", {"10.0.0.2": CIDR}, network="net"), quarantined=True)

    assert told(a_network("net"), unknown, log_drops=False) == set()


def test_a_name_says_what_it_was_made_of() -> None:
    for band in Band:
        assert logged(band_log_name(NET, band, Direction.EGRESS)) == Logged(NET, band)
    assert logged(f"weft-{NET}-floor-egress") is None
    assert logged(f"weft-{NET}-default-sideways") is None
