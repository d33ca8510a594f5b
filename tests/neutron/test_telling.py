"""What Neutron does is in the journal exactly when it is done; what the journal says, Weft hears."""

import pytest
from neutron.tests.unit.plugins.ml2 import test_plugin
from neutron_lib.db import api as db_api
from neutron_lib.plugins import directory
from tests.neutron.fakes import Clock, FakeWeft

from weft.client import ServerUnreachable
from weft.ml2 import hosts, journal
from weft.ml2.driver import refuse_old
from weft.ml2.lead import Lead
from weft.ml2.nouns import Noun
from weft.ml2.read import Neutron
from weft.ml2.sweep import differences
from weft.ml2.tables import JournalRow
from weft.ml2.telling import Teller


class TestTelling(test_plugin.Ml2PluginV2TestCase):
    _mechanism_drivers = ("weft",)

    def get_additional_service_plugins(self) -> dict[str, str]:
        return {"revision_plugin_name": "revisions"}

    def setUp(self) -> None:
        super().setUp()
        self.weft = FakeWeft()
        self.clock = Clock()
        self.neutron = Neutron(lambda _project: None)
        self.teller = Teller(self.neutron, self.weft, self.clock)  # type: ignore[arg-type]

    def lines(self) -> int:
        with db_api.CONTEXT_READER.using(self.context):
            return int(self.context.session.query(JournalRow).count())

    def kinds(self) -> set[str]:
        return {kind for kind, _ in self.weft.objects}

    def test_what_is_made_is_told_in_an_order_in_which_it_can_be_made(self) -> None:
        with self.network() as network, self.subnet(network=network) as subnet, self.port(subnet=subnet):
            self.teller.turn()

        kinds = [kind for _, kind, _ in self.weft.told]
        order = [kinds.index(kind) for kind in ("projects", "networks", "subnets", "ports")]
        assert order == sorted(order)
        assert max(kinds.index("groups"), kinds.index("policies")) < kinds.index("ports")
        assert self.lines() == 0

    def test_both_sides_are_equal_then(self) -> None:
        with self.network() as network, self.subnet(network=network) as subnet, self.port(subnet=subnet):
            self.teller.turn()

            assert differences(self.neutron.everything(), self.weft.held()) == []

    def test_what_goes_is_told_in_the_opposite_order(self) -> None:
        with (
            self.network() as network,
            self.subnet(network=network) as subnet,
            self.port(subnet=subnet) as port,
        ):
            self.teller.turn()
            for noun, one in (("ports", port["port"]), ("networks", network["network"])):
                self._delete(noun, one["id"])

        self.teller.turn()

        gone = [kind for method, kind, _ in self.weft.told if method == "DELETE"]
        assert gone == ["ports", "subnets", "networks"]
        assert self.lines() == 0

    def test_a_transaction_that_fails_leaves_no_line(self) -> None:
        before = self.lines()

        def failing() -> None:
            with db_api.CONTEXT_WRITER.using(self.context):
                journal.note(self.context.session, Noun.NETWORK, "n")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            failing()
        assert before == self.lines()

    def test_weft_away_is_no_error_of_neutrons_and_nothing_is_lost(self) -> None:
        self.weft.away = True
        with self.network():
            with pytest.raises(ServerUnreachable):
                self.teller.turn()
            assert self.lines() > 0
            self.weft.away = False

            self.teller.turn()

        assert "networks" in self.kinds()
        assert self.lines() == 0

    def test_who_is_killed_before_the_line_is_forgotten_tells_the_same_again(self) -> None:
        with self.network() as network:
            self.teller.turn()
            journal.note_all(self.context, [(Noun.NETWORK, network["network"]["id"])])

            self.teller.turn()

        told = [one for one in self.weft.told if one[1] == "networks"]
        assert len(set(told)) == 1
        assert len(told) == 2

    def test_what_weft_refuses_waits_with_the_reason_and_holds_nobody_up(self) -> None:
        self.weft.refuses = "subnets"
        with self.network() as network, self.subnet(network=network):
            self.teller.turn()
            (left,) = journal.due(self.context, 10)
            assert "no subnets today" in left.why
            assert "networks" in self.kinds()
            self.weft.refuses = None
            self.teller.turn()
            assert "subnets" not in self.kinds(), "it is not asked again at once"

            self.clock.time += 2
            self.teller.turn()

        assert "subnets" in self.kinds()
        assert self.lines() == 0

    def test_many_changes_of_an_object_are_told_once(self) -> None:
        with self.network() as network:
            for name in "abc":
                self._update("networks", network["network"]["id"], {"network": {"name": name}})

            self.teller.turn()

        told = [one for one in self.weft.told if one[1] == "networks"]
        assert len(told) == 1
        (held,) = (one for one in self.weft.objects.values() if one.kind == "networks")
        assert held.body["name"] == "c"

    def test_a_rule_of_a_security_group_is_told_with_its_group(self) -> None:
        with self.network():
            self.teller.turn()
        plugin = directory.get_plugin()
        (group,) = plugin.get_security_groups(self.context, default_sg=True)
        rule = {
            "security_group_id": group["id"],
            "project_id": group["project_id"],
            "direction": "ingress",
            "ethertype": "IPv4",
            "protocol": "tcp",
            "port_range_min": 80,
            "port_range_max": 80,
            "remote_ip_prefix": None,
            "remote_group_id": None,
            "remote_address_group_id": None,
        }
        made = plugin.create_security_group_rule(self.context, {"security_group_rule": rule})
        self.teller.turn()
        held = self.weft.objects["policies", group["id"]].body["rules"]
        assert made["id"] in [one["id"] for one in held]

        plugin.delete_security_group_rule(self.context, made["id"])
        self.teller.turn()

        held = self.weft.objects["policies", group["id"]].body["rules"]
        assert made["id"] not in [one["id"] for one in held]

    def test_the_sweep_finds_what_the_journal_has_lost(self) -> None:
        with self.network() as network:
            journal.done(self.context, [seq for due in journal.due(self.context, 99) for seq in due.lines])

            found = differences(self.neutron.everything(), self.weft.held())
            journal.note_all(self.context, [(one.noun, one.object_id) for one in found])
            self.teller.turn()

            assert ("networks", network["network"]["id"]) in self.weft.objects
            assert differences(self.neutron.everything(), self.weft.held()) == []

    def test_an_old_neutron_is_refused_with_a_sentence(self) -> None:
        refuse_old("29.0.0")
        with pytest.raises(RuntimeError, match=r"needs Neutron 29 or later, and this is 21\.2\.0"):
            refuse_old("21.2.0")

    def test_hosts_come_and_go(self) -> None:
        for names in ({"h1", "h2"}, {"h2", "h3"}, set()):
            hosts.keep(self.context, names)

            assert names == hosts.known(self.context)

    def test_one_worker_works_and_another_takes_over_when_it_is_silent(self) -> None:
        first, second = (Lead(name, 15, self.clock) for name in ("first", "second"))
        assert first.holds(self.context)
        assert not second.holds(self.context)
        self.clock.time = 14
        assert first.holds(self.context)
        assert not second.holds(self.context)
        self.clock.time = 28
        assert not second.holds(self.context), "the first has been heard of 14 s ago"

        self.clock.time = 30
        assert second.holds(self.context)

        assert not first.holds(self.context)
