"""Bodies of /hosts and /join-tokens, for administrators."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from weft.api.schemas.base import ABSENT, Body, Name, Patch, Reference, Shown, Text
from weft.api.view import View
from weft.compiler.flows import Forecast
from weft.model.host import Host
from weft.store import Kind
from weft.store.status import HostStatus

References = Annotated[list[Reference], Field(max_length=1000)]


class HostCreate(Body):
    """Body of POST /hosts."""

    name: Name
    projects: References = Field(default_factory=list)
    description: Text = ""


class HostPatch(Patch):
    """Body of PATCH /hosts/{name}."""

    projects: References = ABSENT
    description: Text = ABSENT


class JoinTokenCreate(Body):
    """Body of POST /join-tokens; no `projects` is the project `default`."""

    host: Name | None = None
    projects: References | None = None
    ttl_s: Annotated[int, Field(strict=True, ge=1, le=10**9)] = 3600


class JoinTokenShown(Shown):
    """A join token, shown once, and the command that uses it."""

    token: str
    expires_at: datetime
    command: str


class HostJoin(Body):
    """Body of POST /hosts/join: the secret in the join token, and a certificate request (PKCS #10, PEM)."""

    token: Name
    host: Name
    csr: Annotated[str, StringConstraints(max_length=16384)] | None = None


class EnrolmentShown(Shown):
    """The host's certificate, the CA (both PEM), and what its engine must be set to."""

    certificate: str
    ca: str
    southbound: str
    encapsulation: str


class HostJoined(Shown):
    """What a host that joined needs to know; a server without TLS enrols nobody."""

    host: str
    host_token: str
    projects: list[str]
    enrolment: EnrolmentShown | None


class CertificateRequest(Body):
    """Body of POST /hosts/{host}/certificate: a certificate request (PKCS #10, PEM)."""

    csr: Annotated[str, StringConstraints(max_length=16384)]


class CertificateShown(Shown):
    """A host's new certificate (PEM)."""

    certificate: str


class AuthorityShown(Shown):
    """The CA of the installation (PEM), and the hash by which it is pinned."""

    certificate: str
    fingerprint: str


class HostRetire(Body):
    """Body of POST /hosts/{host}/retire; `force` is for a host that is still heard of."""

    force: bool = False


class HostRetired(Shown):
    """What became of the ports of a host that was retired."""

    host: str
    removed_ports: int
    unbound_ports: int


class HostStatusShown(Shown):
    """What was last heard of a host."""

    alive: bool
    last_seen: datetime | None
    agent_version: str
    datapath: str
    nb_cfg: int
    details: dict[str, object]


class HostShown(Shown):
    """A host."""

    id: str
    name: str
    projects: list[str]
    description: str
    physical_networks: list[str]
    policy_flows: int = Field(description="How many flows its policies cost there, as predicted.")
    status: HostStatusShown
    revision: int

    @classmethod
    def from_model(cls, view: View, host: Host, *, seen_after: datetime, flows: Forecast) -> "HostShown":
        """The host as it is shown; it is alive if it was seen since `seen_after`."""
        status = view.host_statuses.get(host.name, HostStatus())
        last_seen = status.last_seen
        return cls(
            id=host.name,
            name=host.name,
            projects=sorted(view.project_name(project) for project in host.projects),
            description=host.description,
            physical_networks=sorted(host.physical_networks),
            policy_flows=sum(flows.get(host.name, {}).values()),
            status=HostStatusShown(
                alive=last_seen is not None and last_seen >= seen_after,
                last_seen=last_seen,
                agent_version=status.agent_version,
                datapath=status.datapath,
                nb_cfg=status.nb_cfg,
                details=dict(status.details),
            ),
            revision=view.revised_at(Kind.HOSTS, host.name),
        )
