"""What users declare: projects, networks, subnets, ports, groups, policies, QoS policies."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Query, Request, Response

from weft.api import schemas, views
from weft.api.context import (
    Context,
    Here,
    Who,
    check_fresh,
    check_may_write,
    check_reads_declared,
    check_visible,
    find,
    project_for,
)
from weft.model.errors import NotFound
from weft.model.ids import ProjectId
from weft.model.policy import Peer
from weft.model.selector import Selector
from weft.model.snapshot import Snapshot
from weft.store import Kind, Transaction, networks, policies, ports, status
from weft.store.networks import NewNetwork
from weft.store.policies import NewPolicy, NewQosPolicy, NewRule
from weft.store.ports import NewPort
from weft.store.tokens import Caller

router = APIRouter()
Json = dict[str, Any]
REVISION = "Weft-Revision"

_KINDS = {
    "projects": Kind.PROJECTS,
    "networks": Kind.NETWORKS,
    "subnets": Kind.SUBNETS,
    "ports": Kind.PORTS,
    "groups": Kind.GROUPS,
    "policies": Kind.POLICIES,
    "qos-policies": Kind.QOS_POLICIES,
}
_REMOVERS: Mapping[str, Callable[[Transaction, Any], None]] = {
    "projects": networks.remove_project,
    "networks": networks.remove_network,
    "subnets": networks.remove_subnet,
    "ports": ports.remove_port,
    "groups": policies.remove_group,
    "policies": policies.remove_policy,
    "qos-policies": policies.remove_qos_policy,
}


class _Shown:
    """Everything of one snapshot as the API shows it; indexes are made once."""

    def __init__(self, here: Context, snapshot: Snapshot) -> None:
        self._here, self._snapshot = here, snapshot
        self._ports: tuple[Any, Any] | None = None

    def __call__(self, plural: str, item: Any) -> Json:  # noqa: ANN401 - any declared object
        shown = self._view(plural, item)
        revision = self._here.store.revised_at(_KINDS[plural], item.id)
        return shown | {"revision": revision or 0}

    def _view(self, plural: str, item: Any) -> Json:  # noqa: ANN401 - any declared object
        if plural == "ports":
            if self._ports is None:
                self._ports = views.groups_of(self._snapshot), status.port_statuses(self._here.store)
            return views.port(item, self._snapshot, *self._ports)
        if plural in _VIEWS_WITH_SNAPSHOT:
            return _VIEWS_WITH_SNAPSHOT[plural](item, self._snapshot)
        return _VIEWS[plural](item)


_VIEWS_WITH_SNAPSHOT: Mapping[str, Callable[[Any, Snapshot], Json]] = {
    "networks": views.network,
    "groups": views.group,
}
_VIEWS: Mapping[str, Callable[[Any], Json]] = {
    "projects": views.project,
    "subnets": views.subnet,
    "policies": views.policy,
    "qos-policies": views.qos_policy,
}


def created(here: Context, tx: Transaction, response: Response, plural: str, item: Any) -> Json:  # noqa: ANN401 - any declared object
    """The answer to a successful creation, after its transaction."""
    response.headers[REVISION] = str(tx.revision)
    return _Shown(here, here.store.snapshot())(plural, item)


@router.get("/{plural}")
def list_items(
    here: Here,
    who: Who,
    plural: str,
    project: str | None = None,
    name: str | None = None,
    limit: int = Query(1000, ge=1, le=10_000),
    cursor: str = "",
) -> Json:
    """Objects of a kind that the caller may see, by id; `next_cursor` continues behind the last."""
    check_reads_declared(who)
    snapshot = here.store.snapshot()
    chosen = None if project is None and who.project_id is None else project_for(snapshot, who, project)
    shown = _Shown(here, snapshot)
    items = sorted(
        (
            i
            for i in _items(snapshot, plural).values()
            if (chosen is None or getattr(i, "project_id", i.id) == chosen)
            and (name is None or i.name == name)
            and str(i.id) > cursor
        ),
        key=lambda i: str(i.id),
    )
    return {
        "items": [shown(plural, item) for item in items[:limit]],
        "next_cursor": str(items[limit - 1].id) if len(items) > limit else None,
    }


def _items(snapshot: Snapshot, plural: str) -> Any:  # noqa: ANN401 - any kind
    if plural not in _KINDS:
        raise NotFound("kind of object", plural)
    return getattr(snapshot, _KINDS[plural].value)


@router.get("/{plural}/{wanted}")
def show(
    here: Here, who: Who, response: Response, plural: str, wanted: str, project: str | None = None
) -> Json:
    """One object, by id, or by name within a project."""
    snapshot = here.store.snapshot()
    item = _find(snapshot, who, plural, wanted, project)
    shown = _Shown(here, snapshot)(plural, item)
    response.headers["ETag"] = f'"{shown["revision"]}"'
    return shown


def _find(snapshot: Snapshot, who: Caller, plural: str, wanted: str, project: str | None) -> Any:  # noqa: ANN401 - any kind
    noun = plural.removesuffix("s")
    items = _items(snapshot, plural)
    by_id = plural == "projects" or wanted in {str(key) for key in items if str(key) == wanted}
    within = None if by_id else project_for(snapshot, who, project)
    item = find(items, wanted, noun, within=within)
    check_visible(who, getattr(item, "project_id", item.id), noun, wanted)
    return item


@router.delete("/{plural}/{wanted}", status_code=204)
def remove(
    here: Here,
    who: Who,
    request: Request,
    plural: str,
    wanted: str,
    project: str | None = None,
) -> Response:
    """Remove an object; 409 with the list of what uses it."""
    with here.store.write(who.name) as tx:
        item = _find(tx.snapshot, who, plural, wanted, project)
        check_may_write(who, None if plural == "projects" else item.project_id)
        check_fresh(request, here.store.revised_at(_KINDS[plural], item.id) or 0)
        _REMOVERS[plural](tx, item.id)
    return Response(status_code=204, headers={REVISION: str(tx.revision)})


@router.post("/projects", status_code=201)
def create_project(here: Here, who: Who, response: Response, body: schemas.ProjectBody) -> Json:
    """A new project; administrators only."""
    check_may_write(who)
    with here.store.write(who.name) as tx:
        item = networks.add_project(tx, name=body.name, description=body.description)
    return created(here, tx, response, "projects", item)


def _writable(tx: Transaction, who: Caller, project: str | None) -> ProjectId:
    found = project_for(tx.snapshot, who, project)
    check_may_write(who, found)
    return found


@router.post("/networks", status_code=201)
def create_network(here: Here, who: Who, response: Response, body: schemas.NetworkBody) -> Json:
    """A new network, with its subnets in the same revision."""
    with here.store.write(who.name) as tx:
        project = _writable(tx, who, body.project)
        item = networks.add_network(
            tx,
            NewNetwork(
                project_id=project,
                name=body.name,
                description=body.description,
                labels=body.labels,
                mtu=body.mtu,
                default_ingress=body.default_ingress,
                default_egress=body.default_egress,
                qos_policy_id=_qos(tx, project, body.qos_policy),
                subnets=tuple(s.to_model() for s in body.subnets),
            ),
        )
    return created(here, tx, response, "networks", item)


def _qos(tx: Transaction, project: ProjectId, wanted: str | None) -> Any:  # noqa: ANN401 - id or None
    if wanted is None:
        return None
    return find(tx.snapshot.qos_policies, wanted, "QoS policy", within=project, field="qos_policy").id


def _new_port(tx: Transaction, who: Caller, body: schemas.PortBody) -> NewPort:
    project = _writable(tx, who, body.project)
    network = find(tx.snapshot.networks, body.network, "network", within=project, field="network")
    return NewPort(
        project_id=project,
        network_id=network.id,
        name=body.name,
        kind=body.kind,
        mac=body.mac,
        addresses=body.addresses,
        labels=body.labels,
        qos_policy_id=_qos(tx, project, body.qos_policy),
    )


@router.post("/ports", status_code=201)
def create_port(here: Here, who: Who, response: Response, body: schemas.PortBody) -> Json:
    """A new port; what is left out is chosen."""
    with here.store.write(who.name) as tx:
        item = ports.add_port(tx, _new_port(tx, who, body))
    return created(here, tx, response, "ports", item)


@router.post("/ports/bulk", status_code=201)
def create_ports(here: Here, who: Who, response: Response, body: schemas.PortsBody) -> Json:
    """New ports in one revision, all or none."""
    with here.store.write(who.name) as tx:
        items = ports.add_ports(tx, [_new_port(tx, who, one) for one in body.items])
    response.headers[REVISION] = str(tx.revision)
    shown = _Shown(here, here.store.snapshot())
    return {"items": [shown("ports", item) for item in items]}


@router.patch("/ports/{wanted}")
def change_port(
    here: Here,
    who: Who,
    request: Request,
    response: Response,
    wanted: str,
    body: schemas.PortChange,
    project: str | None = None,
) -> Json:
    """Change a port's name, labels or QoS policy (null: none)."""
    with here.store.write(who.name) as tx:
        port = _find(tx.snapshot, who, "ports", wanted, project)
        check_may_write(who, port.project_id)
        check_fresh(request, here.store.revised_at(Kind.PORTS, port.id) or 0)
        changes = {name: getattr(body, name) for name in body.model_fields_set}
        if "qos_policy" in changes:
            changes["qos_policy_id"] = _qos(tx, port.project_id, changes.pop("qos_policy"))
        item = ports.change_port(tx, port.id, **changes)
    return created(here, tx, response, "ports", item)


@router.post("/groups", status_code=201)
def create_group(here: Here, who: Who, response: Response, body: schemas.GroupBody) -> Json:
    """A new group; its members follow the labels."""
    with here.store.write(who.name) as tx:
        item = policies.add_group(
            tx,
            project_id=_writable(tx, who, body.project),
            name=body.name,
            description=body.description,
            selector=Selector(body.selector) if body.selector else None,
        )
    return created(here, tx, response, "groups", item)


@router.post("/policies", status_code=201)
def create_policy(here: Here, who: Who, response: Response, body: schemas.PolicyBody) -> Json:
    """A new policy with its rules."""
    with here.store.write(who.name) as tx:
        project = _writable(tx, who, body.project)
        target = None if body.target is None else _group(tx, project, body.target, "target")
        item = policies.add_policy(
            tx,
            NewPolicy(
                project_id=project,
                name=body.name,
                description=body.description,
                tier=body.tier,
                order=body.order,
                target=target,
                rules=tuple(_rule(tx, project, rule) for rule in body.rules),
            ),
        )
    return created(here, tx, response, "policies", item)


@router.post("/policies/{wanted}/rules", status_code=201)
def insert_rule(
    here: Here,
    who: Who,
    response: Response,
    wanted: str,
    body: schemas.RuleBody,
    index: int | None = None,
    project: str | None = None,
) -> Json:
    """A new rule, at `index` or last."""
    with here.store.write(who.name) as tx:
        policy = _find(tx.snapshot, who, "policies", wanted, project)
        check_may_write(who, policy.project_id)
        item, _ = policies.insert_rule(tx, policy.id, _rule(tx, policy.project_id, body), index)
    return created(here, tx, response, "policies", item)


def _group(tx: Transaction, project: ProjectId, wanted: str, field: str) -> Any:  # noqa: ANN401 - an id
    return find(tx.snapshot.groups, wanted, "group", within=project, field=field).id


def _rule(tx: Transaction, project: ProjectId, body: schemas.RuleBody) -> NewRule:
    peer = body.peer
    network = (
        None
        if peer.network is None
        else find(tx.snapshot.networks, peer.network, "network", within=project, field="peer.network").id
    )
    group = None if peer.group is None else _group(tx, project, peer.group, "peer.group")
    return NewRule(
        direction=body.direction,
        action=body.action,
        service=body.service.to_model(),
        peer=Peer(group_id=group, network_id=network, cidr=peer.cidr),
        stateful=body.stateful,
        log=body.log,
        description=body.description,
    )


@router.post("/qos-policies", status_code=201)
def create_qos_policy(here: Here, who: Who, response: Response, body: schemas.QosBody) -> Json:
    """A new QoS policy."""
    with here.store.write(who.name) as tx:
        item = policies.add_qos_policy(
            tx,
            NewQosPolicy(
                project_id=_writable(tx, who, body.project),
                name=body.name,
                description=body.description,
                dscp=body.dscp,
                egress=body.egress.to_model() if body.egress else None,
                ingress=body.ingress.to_model() if body.ingress else None,
            ),
        )
    return created(here, tx, response, "qos-policies", item)
