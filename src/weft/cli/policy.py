"""weft policy and weft policy rule: who may talk to whom."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from weft.cli import ruletable
from weft.cli.command import command, deletion, noun
from weft.cli.hits import by_rule, caveats
from weft.cli.moment import ahead
from weft.cli.plan import show_plan
from weft.cli.render import Format
from weft.cli.rulewords import peer_in, service_in, target_in
from weft.cli.session import CommandFailed, Session
from weft.cli.words import Description, Name, NewName, Rename, given
from weft.client import Client
from weft.model.policy import Action, Direction, Mode, Tier

app = noun(
    "Policies are ordered rules for the endpoints (ports) of a group. The first match decides; "
    "if nothing matches, the defaults of the network do."
)
rule = noun("The rules of a policy.")
app.add_typer(rule, name="rule")
deletion(app, "policy", "policies")

_Target = Annotated[
    str | None,
    typer.Option(
        help="Whom it is for: a group, network:NAME or zone:NAME; left out or `none`, every endpoint of the "
        "project."
    ),
]
_Tier = Annotated[Tier | None, typer.Option(help="admin is read before project, project before baseline.")]
_Mode = Annotated[
    Mode | None,
    typer.Option(
        help="A draft decides nothing; of one in audit it is told, besides, what it would have decided."
    ),
]
_Order = Annotated[int | None, typer.Option(help="Place within the tier, lower first.")]


@command(app, "list", "weft policy list")
def list_all(session: Session) -> None:
    """List policies."""
    with session.connect() as client:
        found = client.list("policies", **session.scope())
        session.show_all("policies", found, _names(session, client))


@command(app, "show", "weft policy show no-ping")
def show(session: Session, name: Name) -> None:
    """Show a policy and its rules, in the order in which they are read, and what they matched."""
    with session.connect() as client:
        policy = client.get("policies", name, **session.scope())
        found = None
        if session.form is Format.TABLE:
            found = by_rule(policy, client.request("GET", "policies", policy["id"], "hits").body["rules"])
        _show(session, client, policy, found)


@command(app, "hits", "weft policy hits no-ping", "weft policy hits no-ping -o json")
def hits(session: Session, name: Name) -> None:
    """Show what each rule of a policy matched, and how well that is known."""
    with session.connect() as client:
        policy = client.get("policies", name, **session.scope())
        found = client.request("GET", "policies", policy["id"], "hits").body
        if session.form is not Format.TABLE:
            session.emit(found)
            return
        session.draw(ruletable.rules(policy, _names(session, client), by_rule(policy, found["rules"])))
    for line in caveats(found):
        session.say(line)


@command(
    app,
    "create",
    "weft policy create no-ping --target web",
    "weft policy create edge --target zone:dmz",
    "weft policy create floor --tier baseline --order 100",
    "weft policy create stricter --target db --mode draft",
    changes=True,
)
def create(
    session: Session,
    name: NewName,
    target: _Target = None,
    tier: _Tier = None,
    order: _Order = None,
    mode: _Mode = None,
    description: Description = None,
) -> None:
    """Make a policy without rules; add them with `weft policy rule add`."""
    aimed = {} if target is None else target_in(target)
    body = given(name=name, tier=tier, order=order, mode=mode, description=description, **aimed)
    with session.connect() as client:
        answer = client.create("policies", session.scoped(body))
        _show(session, client, answer.body)
        session.settle(client, answer.revision)


@command(
    app,
    "set",
    "weft policy set no-ping --order 10",
    "weft policy set stricter --mode enforced --wait",
    changes=True,
)
def change(
    session: Session,
    *,
    policy: Name,
    name: Rename = None,
    target: _Target = None,
    tier: _Tier = None,
    order: _Order = None,
    mode: _Mode = None,
    description: Description = None,
) -> None:
    """Change a policy, not its rules."""
    body = given(name=name, tier=tier, order=order, mode=mode, description=description)
    if target is not None:
        body.update(target_in(target))
    with session.connect() as client:
        answer = client.change("policies", policy, body, project=session.chosen_project())
        _show(session, client, answer.body)
        session.settle(client, answer.revision)


@command(
    app,
    "plan",
    "weft policy plan stricter --mode enforced",
)
def plan(
    session: Session,
    policy: Name,
    mode: Annotated[Mode, typer.Option(help="The mode that it would get.")] = Mode.ENFORCED,
) -> None:
    """Show what another mode of a policy would do: rows of OVN, who reaches whom. Nothing changes."""
    with session.connect() as client:
        asked = client.get("policies", policy, **session.scope())
        show_plan(session, client, session.scoped({"policy_modes": {asked["id"]: mode}}))


@command(
    rule,
    "add",
    "weft policy rule add no-ping --direction ingress --action drop --peer group:dev --service icmp",
    "weft policy rule add web --direction ingress --action allow --service tcp/80,443",
    "weft policy rule add web --direction ingress --action allow --service tcp/22 --expires 2h",
    "weft policy rule add web --direction egress --action reject --peer 10.0.0.0/8 --index 0 --log",
    changes=True,
)
def add(
    session: Session,
    *,
    policy: Name,
    direction: Annotated[Direction, typer.Option(help="Seen from the policy's target.")],
    action: Annotated[Action, typer.Option(help="reject also tells the sender.")],
    peer: Annotated[
        str, typer.Option(help="any, group:NAME, network:NAME, zone:NAME, address-group:NAME, or a prefix.")
    ] = "any",
    service: Annotated[str, typer.Option(help="any, tcp, tcp/80,443, udp/8000-8080, icmp, icmp/8.")] = "any",
    index: Annotated[int | None, typer.Option(help="Before the rule at this index (0: first).")] = None,
    stateful: Annotated[
        bool | None, typer.Option("--stateful/--stateless", help="Whether replies pass by themselves.")
    ] = None,
    log: Annotated[bool | None, typer.Option("--log/--no-log", help="Log what matches.")] = None,
    count: Annotated[
        bool | None, typer.Option("--count/--no-count", help="Count apart from rules that are alike.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option(help="End it by itself: after 90s, 10m, 2h, 3d, 1w, or at a time.")
    ] = None,
    description: Description = None,
) -> None:
    """Add a rule to a policy, last unless `--index` says where."""
    wanted = given(
        direction=direction,
        action=action,
        peer=peer_in(peer),
        service=service_in(service),
        stateful=stateful,
        log=log,
        count=count,
        expires=None if expires is None else ahead(expires, datetime.now(UTC), field="expires").isoformat(),
        description=description,
    )
    body = given(rule=wanted, index=index)
    with session.connect() as client:
        answer = client.request("POST", "policies", policy, "rules", body=body, query=session.scope())
        _show(session, client, client.get("policies", policy, **session.scope()))
        session.settle(client, answer.revision)


@command(
    rule,
    "remove",
    "weft policy rule remove no-ping 1",
    "weft policy rule remove no-ping 9d0d6c0e-5c53-4c0e-9f3b-6b7e8a5f0d11 --wait",
    changes=True,
)
def remove(
    session: Session,
    policy: Name,
    which: Annotated[
        str, typer.Argument(metavar="RULE", help="Its number in `weft policy show`, or its id.")
    ],
) -> None:
    """Remove a rule from a policy."""
    with session.connect() as client:
        found = client.get("policies", policy, **session.scope())
        rule_id = _rule_id(found, which)
        answer = client.request("DELETE", "policies", found["id"], "rules", rule_id)
        session.say(f"rule {which} of policy {found['name']} is removed")
        session.settle(client, answer.revision)


def _rule_id(policy: dict[str, Any], which: str) -> str:
    if not which.isdecimal():
        return which
    rules = policy.get("rules") or []
    if not 1 <= int(which) <= len(rules):
        raise CommandFailed(f"policy {policy['name']!r} has {len(rules)} rules, and none is number {which}")
    return str(rules[int(which) - 1]["id"])


def _show(
    session: Session, client: Client, policy: dict[str, Any], hits: Mapping[str, str] | None = None
) -> None:
    names = _names(session, client)
    session.show("policies", policy, names)
    if session.form is Format.TABLE and policy.get("rules"):
        session.draw("")
        session.draw(ruletable.rules(policy, names, hits))


def _names(session: Session, client: Client) -> dict[str, str]:
    """Names of what a rule can mean, for tables only: documents carry ids."""
    if session.form is not Format.TABLE:
        return {}
    kinds = ("groups", "networks", "address-groups")
    return {item["id"]: item["name"] for kind in kinds for item in client.list(kind, **session.scope())}
