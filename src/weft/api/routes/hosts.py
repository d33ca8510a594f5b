"""/hosts and /join-tokens: which machines run an agent, and how they get their credentials."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from weft.api import references
from weft.api.context import Administering, Api, ApiDep, Asking, Hosting
from weft.api.pages import Paging, page
from weft.api.schemas.base import Page
from weft.api.schemas.host import (
    AuthorityShown,
    CertificateRequest,
    CertificateShown,
    EnrolmentShown,
    HostCreate,
    HostJoin,
    HostJoined,
    HostPatch,
    HostRetire,
    HostRetired,
    HostShown,
    JoinTokenCreate,
    JoinTokenShown,
)
from weft.model.errors import Conflict, Forbidden, Invalid, NotFound
from weft.model.host import Host
from weft.model.ids import HostName, ProjectId
from weft.model.invitation import Invitation
from weft.store import Kind, Transaction, hosts, join_tokens, status
from weft.store.status import HostStatus

router = APIRouter(tags=["hosts"])


@router.get("/hosts")
def list_hosts(asking: Administering, paging: Annotated[Paging, Depends()]) -> Page[HostShown]:
    """All hosts."""
    view = asking.api.view()
    items, following = page(view.snapshot.hosts.values(), paging)
    seen_after = asking.store.now() - timedelta(seconds=asking.api.host_timeout_s)
    flows = asking.api.planner.forecast(view.snapshot)
    shown = [HostShown.from_model(view, host, seen_after=seen_after, flows=flows) for host in items]
    return Page(items=shown, next_cursor=following)


@router.post("/hosts", status_code=201)
def create_host(asking: Administering, body: HostCreate) -> HostShown:
    """Make a host; it comes alive when its agent joins with a token for it."""
    with asking.write() as tx:
        made = hosts.add_host(
            tx,
            name=HostName(body.name),
            projects=_projects(asking, tx, body.projects),
            description=body.description,
        )
    return _shown(asking, made)


@router.get("/hosts/{host}")
def read_host(asking: Hosting, host: str) -> HostShown:
    """One host, for administrators and for itself."""
    found = asking.store.snapshot().hosts.get(HostName(host))
    if found is None:
        raise NotFound("host", host)
    return _shown(asking, found)


@router.patch("/hosts/{host}")
def change_host(asking: Administering, host: str, body: HostPatch) -> HostShown:
    """Change which projects a host serves, or its description."""
    changes = body.sent()
    with asking.write() as tx:
        asking.check_version(Kind.HOSTS, host)
        if "projects" in changes:
            changes["projects"] = _projects(asking, tx, body.projects)
        after = hosts.change_host(tx, HostName(host), **changes)
    return _shown(asking, after)


@router.delete("/hosts/{host}", status_code=204)
def retire_host(asking: Administering, host: str) -> None:
    """Remove a host that has no ports, and its credentials."""
    with asking.write() as tx:
        asking.check_version(Kind.HOSTS, host)
        hosts.retire_host(tx, HostName(host))


@router.post("/hosts/{host}/retire")
def retire_with_ports(asking: Hosting, host: str, body: HostRetire) -> HostRetired:
    """Remove a host that is lost, or that leaves, with its credentials; its workloads' ports are freed.

    An administrator says `force` to retire one that is still heard of: its workloads would keep addresses
    that others are given. A host itself may always leave.
    """
    name = HostName(host)
    with asking.write() as tx:
        seen = status.host_statuses(asking.store).get(name, HostStatus()).last_seen
        alive = seen is not None and seen >= tx.now - timedelta(seconds=asking.api.host_timeout_s)
        if alive and asking.caller.host != name and not body.force:
            raise Conflict(
                f"host {host} is alive: it was heard of at {seen:%H:%M:%S} UTC; run weft host leave there, "
                "or say --force if it must go at once",
                field="force",
            )
        freed = hosts.free_ports(tx, name)
        hosts.retire_host(tx, name)
    return HostRetired(host=host, removed_ports=freed.removed, unbound_ports=freed.unbound)


@router.post("/hosts/{host}/certificate")
def renew_certificate(asking: Hosting, host: str, body: CertificateRequest) -> CertificateShown:
    """A new certificate for a host, which asks for it itself; one that is retired gets none."""
    if asking.caller.host != host:
        raise Forbidden(f"only host {host} itself has its certificate renewed; others join, with a token")
    if asking.api.vouching is None:
        raise Conflict("this server runs without TLS and signs nothing")
    return CertificateShown(certificate=asking.api.vouching.enrol(HostName(host), body.csr).certificate)


@router.post("/join-tokens", status_code=201)
def create_join_token(asking: Administering, body: JoinTokenCreate) -> JoinTokenShown:
    """Make a token with which one host may join once; without `projects` it serves `default`."""
    with asking.write() as tx:
        serves = body.projects
        if serves is None:
            serves = [p.name for p in tx.snapshot.projects.values()]
            serves = [name for name in serves if name == references.DEFAULT_PROJECT]
        made = join_tokens.issue_join_token(
            tx,
            host=None if body.host is None else HostName(body.host),
            projects=_projects(asking, tx, serves),
            ttl_s=body.ttl_s,
        )
    vouching = asking.api.vouching
    token = str(
        Invitation(
            url=asking.api.public_url,
            fingerprint="" if vouching is None else vouching.fingerprint,
            secret=made.token,
        )
    )
    return JoinTokenShown(token=token, expires_at=made.expires_at, command=f"weft host join {token}")


@router.get("/ca")
def read_authority(api: ApiDep) -> AuthorityShown:
    """The CA that vouches for this server; compare its hash with the one you were told, by another way."""
    if api.vouching is None:
        raise Conflict("this server runs without TLS and has no CA")
    return AuthorityShown(certificate=api.vouching.ca, fingerprint=api.vouching.fingerprint)


@router.post("/hosts/join")
def join(api: ApiDep, response: Response, body: HostJoin) -> HostJoined:
    """Use up a join token; the host gets its own token, shown once."""
    host = HostName(body.host)
    with api.store.write(f"host {host}") as tx:
        token = join_tokens.redeem_join_token(tx, body.token, host)
        served = sorted(tx.snapshot.projects[p].name for p in tx.snapshot.hosts[host].projects)
        enrolment = _enrolment(api, host, body.csr)
    response.headers["Weft-Revision"] = str(tx.revision)
    return HostJoined(host=host, host_token=token, projects=served, enrolment=enrolment)


def _enrolment(api: Api, host: HostName, csr: str | None) -> EnrolmentShown | None:
    if api.vouching is None:
        if csr is not None:
            raise Invalid("this server runs without TLS and signs nothing; join without csr", field="csr")
        return None
    if csr is None:
        raise Invalid("a host joins with a certificate request, and this has none", field="csr")
    return EnrolmentShown(**asdict(api.vouching.enrol(host, csr)))


def _projects(asking: Asking, tx: Transaction, asked: Iterable[str]) -> frozenset[ProjectId]:
    return frozenset(
        references.project(tx.snapshot, asking.caller, reference, field=f"projects.{number}").id
        for number, reference in enumerate(asked)
    )


def _shown(asking: Asking, host: Host) -> HostShown:
    seen_after = asking.store.now() - timedelta(seconds=asking.api.host_timeout_s)
    view = asking.api.view()
    flows = asking.api.planner.forecast(view.snapshot)
    shown = HostShown.from_model(view, host, seen_after=seen_after, flows=flows)
    asking.tag(shown.revision)
    return shown
