"""Attach rules: the network they lead to is of their own project."""

from dataclasses import dataclass

from weft.model.attach_rule import AttachRule
from weft.model.ids import AttachRuleId, NetworkId, ProjectId
from weft.model.selector import Selector
from weft.store.change import Kind
from weft.store.lookup import check_name, require, require_within, revised
from weft.store.transaction import Transaction

_CHANGES = ("name", "description", "selector", "network_id", "order")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAttachRule:
    """An attach rule as asked for."""

    project_id: ProjectId
    name: str
    selector: Selector
    network_id: NetworkId
    order: int = 100
    description: str = ""


def add_attach_rule(tx: Transaction, new: NewAttachRule) -> AttachRule:
    """A new attach rule. Raises NotFound, NameTaken, Invalid."""
    require(tx.snapshot.projects, new.project_id, "project", field="project")
    check_name(tx, Kind.ATTACH_RULES, new.project_id, new.name)
    rule = AttachRule(
        id=AttachRuleId(tx.new_id()),
        project_id=new.project_id,
        name=new.name,
        selector=new.selector,
        network_id=new.network_id,
        order=new.order,
        description=new.description,
    )
    return _put(tx, rule)


def change_attach_rule(tx: Transaction, rule_id: AttachRuleId, **changes: object) -> AttachRule:
    """Change any field but `id` and `project_id`. Raises NotFound, NameTaken, Invalid."""
    rule = require(tx.snapshot.attach_rules, rule_id, "attach rule")
    after = revised(rule, changes, _CHANGES)
    if after.name != rule.name:
        check_name(tx, Kind.ATTACH_RULES, rule.project_id, after.name)
    return _put(tx, after)


def remove_attach_rule(tx: Transaction, rule_id: AttachRuleId) -> None:
    """Remove an attach rule; whoever runs by it stays where it is. Raises NotFound."""
    tx.remove(require(tx.snapshot.attach_rules, rule_id, "attach rule"))


def _put(tx: Transaction, rule: AttachRule) -> AttachRule:
    require_within(tx.snapshot.networks, rule.network_id, "network", rule.project_id, field="network")
    tx.put(rule)
    return rule
