"""Which rules apply to a port, in their order: whose they are, and what they matched."""

from uuid import UUID, uuid4

import pytest
from tests.functional.api.conftest import now
from tests.functional.api.rest import Rest
from tests.functional.api.test_past import OPEN, got, ssh_opens_and_closes
from tests.functional.api.test_plans import SSH, applied

from weft.model.ids import HostName, NetworkId, RuleId
from weft.store import Store, hits
from weft.store.hits import Report, Subject
from weft.store.tokens import Role


def told(store: Store, **counted: tuple[Subject, int]) -> None:
    """h1 has looked, and saw packets of some subjects."""
    seen = {subject: (packets, 100 * packets) for subject, packets in counted.values()}
    hits.record(store, Report(HostName("h1"), str(uuid4()), 1), seen, now())


@pytest.fixture
def on_h1(rest: Rest) -> Rest:
    """Ssh to the database was let in, and closed again; web-1 runs on h1."""
    ssh_opens_and_closes(rest)
    rest.patch("/ports/web-1", {"host": "h1"}, params={"project": "default"})
    return rest


def texts(rest: Rest, port: str, direction: str) -> list[str]:
    found = got(rest, f"/ports/{port}/rules", project="default")[direction]["rules"]
    return [each["line"]["text"] for each in found]


def test_rules_come_in_the_order_in_which_they_are_read(on_h1: Rest) -> None:
    applied(on_h1, SSH.replace("name: ssh", "name: first").replace("order: 1", "tier: admin"))

    assert texts(on_h1, "db-1", "ingress") == [
        "allow ingress tcp/22 from group web",
        "drop ingress tcp/22 from group web",
        "allow ingress tcp/5432 from group web",
        "drop ingress any from 192.0.2.0/24",
    ]
    assert texts(on_h1, "web-1", "ingress") == []


def test_each_rule_says_who_made_it_what_it_says(on_h1: Rest) -> None:
    first, *_ = got(on_h1, "/ports/db-1/rules", project="default")["ingress"]["rules"]
    (credit,) = got(on_h1, "/policies/ssh/credits", project="default")["rules"]

    assert first["line"]["credit"]["revision"] == on_h1.store.revision - 1
    assert credit["credit"] == first["line"]["credit"]


def test_what_was_not_told_is_unknown_and_what_was_told_is_counted(on_h1: Rest) -> None:
    def first() -> tuple[object, object]:
        found = got(on_h1, "/ports/db-1/rules", project="default")
        return found["silent"], found["ingress"]["rules"][0]["matched"]["packets"]

    assert first() == (["h1"], None)
    told(on_h1.store)
    assert first() == ([], 0)
    rule = got(on_h1, "/ports/db-1/rules", project="default")["ingress"]["rules"][0]["line"]["rule_id"]
    told(on_h1.store, it=(Subject(RuleId(UUID(rule))), 3))
    assert first() == ([], 3)


def test_after_the_rules_comes_the_default_of_the_network_with_what_it_dropped(on_h1: Rest) -> None:
    network = got(on_h1, "/networks/back", project="default")["id"]
    told(on_h1.store, it=(Subject(NetworkId(UUID(network)), "default-ingress-drop"), 7))

    side = got(on_h1, "/ports/db-1/rules", project="default")["ingress"]

    assert side["default"] == "drop"
    assert [(each["what"], each["packets"]) for each in side["matched"]] == [("default-ingress-drop", 7)]
    assert side["credit"]["revision"] < on_h1.store.revision


def test_rules_that_are_counted_as_one_say_so(rest: Rest) -> None:
    applied(rest, OPEN)
    services: list[dict[str, object]] = [{"protocol": "tcp", "ports": [port]} for port in ("80", "81")]
    rules = [{"direction": "ingress", "action": "allow", "service": service} for service in services]
    while True:
        made = rest.post("/policies", {"name": f"p{uuid4()}", "project": "default", "rules": rules}).json()
        found = got(rest, "/ports/web-1/rules", project="default")["ingress"]["rules"][-2:]
        if found[0]["together"]:
            break
        rest.delete(f"/policies/{made['id']}")

    assert [each["together"] for each in found] == [[1, 2], [1, 2]]


def test_the_rules_of_anothers_port_are_not_there(on_h1: Rest) -> None:
    stranger = on_h1.with_token(Role.MEMBER, project="other")
    port = got(on_h1, "/ports/db-1", project="default")["id"]

    assert stranger.get(f"/ports/{port}/rules").status_code == 404


def test_a_quarantined_port_is_dropped_before_any_rule(on_h1: Rest) -> None:
    on_h1.patch("/ports/db-1", {"quarantined": True}, params={"project": "default"})

    first = got(on_h1, "/ports/db-1/rules", project="default")["ingress"]["rules"][0]

    assert (first["line"]["origin"], first["matched"]) == ("quarantine", None)
