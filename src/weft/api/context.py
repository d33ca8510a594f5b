"""What every handler has at hand: the store, the settings, the caller, the answer's headers."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from fastapi import Cookie, Depends, Header, Request, Response
from prometheus_client import Counter

from weft.api import auth
from weft.api.auditing import Audits
from weft.api.conditions import PLAN_HEADER, Conditions
from weft.api.counters import Counters
from weft.api.drops import Drops
from weft.api.judged import JudgedOnce
from weft.api.moved import check_base
from weft.api.planner import Planner
from weft.api.quota import Load, heaviest, refusal
from weft.api.reachability import breach_sentence
from weft.api.receipts import Receipts
from weft.api.serving import peer_of
from weft.api.tracing import Trace
from weft.api.turns import Turns
from weft.api.view import View
from weft.model.errors import Forbidden, Invalid, InvariantBroken, QuotaExceeded, StaleRevision
from weft.model.host import Enrolment
from weft.model.ids import HostName, PortId, Revision
from weft.model.snapshot import Snapshot
from weft.ovn.rows import Key
from weft.store import Change, Kind, Store, Transaction
from weft.store.kinds import NOUNS
from weft.store.tokens import Caller, Role

# What a frame grows by on the wire over IPv4. Geneve as OVN uses it: IPv4 20, UDP 8, Geneve 8 and its
# one option 8 (RFC 8926; ovn-architecture(7), "Tunnel Encapsulations"), inner Ethernet 14: 58 bytes.
# VXLAN (RFC 7348) has no option: 50. One number for both, so that the setting can be chosen late.
ENCAPSULATION_OVERHEAD = 58

SESSION_COOKIE = "weft_session"
PAGE_HEADER = "Weft-Page"
"""What our own pages send with every request that changes something: no other site can make a browser send it
without asking first (Fetch Standard, CORS-preflight), and this server never consents.
"""

AclOf = Callable[[Collection[int]], Mapping[int, Key]]
"""By cookies of flows, the ACLs that they were made of; raises OvsdbUnavailable."""

_PLANNED = frozenset(
    {
        *("projects", "networks", "subnets", "ports", "groups", "address-groups", "policies", "routers"),
        *("floating-ips", "qos-policies", "attach-rules", "invariants"),
    }
)
"""The first words of the paths whose handlers change the model by `Asking.write`, and nothing beside it."""

_PROMISED = (
    *(Kind.POLICIES, Kind.GROUPS, Kind.ADDRESS_GROUPS, Kind.NETWORKS, Kind.SUBNETS, Kind.ROUTERS),
    Kind.INVARIANTS,
)
"""What a change must touch to be asked whether it breaks an invariant."""

_COSTLY = (Kind.POLICIES, Kind.GROUPS, Kind.ADDRESS_GROUPS, Kind.NETWORKS, Kind.SUBNETS, Kind.ROUTERS)
"""What a change must touch to be asked how many flows it costs."""

_MENTIONED = 10

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

_ETAG = re.compile(r'"([0-9]{1,18})"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouching:
    """How the server vouches for itself and for hosts; a server without TLS has none of this.

    `ca` is PEM, `fingerprint` how it is pinned. `enrol` answers a host that joins, given its name and its
    certificate request; it raises Invalid.
    """

    ca: str
    fingerprint: str
    enrol: Callable[[HostName, str], Enrolment]


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """What the composition root gives to the API."""

    store: Store
    caller_of: Callable[[str], Caller | None]
    receipts: Receipts
    underlay_mtu: int
    host_timeout_s: float
    public_url: str
    vouching: Vouching | None
    ready: Callable[[], Sequence[str]]
    planner: Planner
    trace: Trace
    tracing: Turns
    disagreements: Counter
    claimed: Callable[[PortId], bool]
    acl_of: AclOf
    drops: Drops
    counters: Counters
    policy_flows_per_host: int
    judged: JudgedOnce = field(default_factory=JudgedOnce)
    audits: Audits = field(default_factory=Audits)

    @property
    def largest_mtu(self) -> int:
        """The largest packet that fits through the underlay in a tunnel."""
        return self.underlay_mtu - ENCAPSULATION_OVERHEAD

    def view(self) -> View:
        """The newest model, ready to be shown."""
        return View(self.store, self.largest_mtu)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One authenticated request: who asks, of what, on what conditions, and the headers of the answer."""

    api: Api
    caller: Caller
    response: Response
    conditions: Conditions

    @property
    def store(self) -> Store:
        """The model."""
        return self.api.store

    @contextmanager
    def write(self, *, promised: bool = False) -> Iterator[Transaction]:
        """A transaction in the caller's name; the answer tells its revision. Raises Rehearsal, StaleRevision.

        `promised` says that whoever writes looks at the invariants itself.
        """
        with self.store.write(self.caller.name) as tx:
            if self.conditions.weft_base is not None:
                check_base(self.store, self.caller, tx, Revision(self.conditions.weft_base))
            yield tx
            if self.conditions.weft_plan:
                raise Rehearsal(self, tx.base, *tx.result(Revision(tx.revision + 1)))
            if not promised:
                self._keep_promises(tx)
            self._keep_quota(tx)
        self.response.headers["Weft-Revision"] = str(tx.revision)

    def _keep_promises(self, tx: Transaction) -> None:
        """Refuse a change of policy that breaks an invariant. Raises InvariantBroken.

        Ports come and go with workloads, which are not kept from starting.
        """
        if not tx.snapshot.invariants or not any(tx.touches(kind) for kind in _PROMISED):
            return
        new, _ = tx.result(Revision(tx.revision + 1))
        broken = self.api.planner.breaks(tx.base, new)
        if broken:
            raise InvariantBroken("; ".join(map(breach_sentence, broken[:_MENTIONED])))

    def _keep_quota(self, tx: Transaction) -> None:
        """Refuse a change of policy that costs some host more flows than it may have. Raises QuotaExceeded.

        Hosts that have too many already stand in nobody's way, and workloads are not kept from starting.
        """
        if not tx.base.plugged_hosts or not any(tx.touches(kind) for kind in _COSTLY):
            return
        new, _ = tx.result(Revision(tx.revision + 1))
        load = self.excess(tx.base, new)
        if load is not None:
            raise QuotaExceeded(self.refusal(new, load))

    def excess(self, old: Snapshot, new: Snapshot) -> Load | None:
        """The host on which `new` costs more flows than `old` and than policies may."""
        most, forecast = self.api.policy_flows_per_host, self.api.planner.forecast
        after = forecast(new)
        if all(sum(policies.values()) <= most for policies in after.values()):
            return None
        load = heaviest(forecast(old), after, grown=True)
        return load if load is not None and load.after > most else None

    def refusal(self, snapshot: Snapshot, load: Load) -> str:
        """Why such a change is refused, as far as the caller may know it."""
        named = self.caller.role is Role.ADMIN
        return refusal(snapshot, load, self.api.policy_flows_per_host, named=named)

    def check_version(self, kind: Kind, object_id: UUID | str) -> None:
        """Inside a transaction: refuse if the caller saw an older version. Raises StaleRevision."""
        if_match = self.conditions.if_match
        if if_match is None or if_match.strip() == "*":
            return
        wanted = {int(number) for number in _ETAG.findall(if_match)}
        if not wanted:
            raise Invalid(
                f'If-Match is an ETag as this API gives, like "12", not {if_match!r:.80}',
                field="If-Match",
            )
        newest = self.store.revised_at(kind, object_id)
        if newest is not None and newest not in wanted:
            raise StaleRevision(
                f"this {NOUNS[kind]} was changed in revision {newest}, and you saw revision "
                f"{max(wanted)}; read it again and repeat what you want"
            )

    def tag(self, revision: int) -> None:
        """Give the answer its ETag."""
        self.response.headers["ETag"] = f'"{revision}"'


class Rehearsal(Exception):
    """What a request would have changed; raised inside its transaction, which is taken back."""

    def __init__(self, asking: Asking, old: Snapshot, new: Snapshot, changes: Sequence[Change]) -> None:
        """From one model to the other, by `changes`."""
        super().__init__("a plan was asked for")
        self.asking, self.old, self.new, self.changes = asking, old, new, changes


# What waits for nothing is `async`: FastAPI hands a plain function to another thread, for each request.


async def api_of(request: Request) -> Api:
    """What the composition root gave to the app that serves `request`."""
    api = request.app.state.api
    if not isinstance(api, Api):
        raise TypeError("the app was not made by create_app")
    return api


ApiDep = Annotated[Api, Depends(api_of)]


def _asking(
    api: ApiDep,
    request: Request,
    response: Response,
    conditions: Annotated[Conditions, Depends()],
    authorization: Annotated[str | None, Header()] = None,
    weft_session: Annotated[str | None, Cookie(include_in_schema=False)] = None,
) -> Asking:
    if authorization is None and weft_session is not None:
        if request.method not in _SAFE and PAGE_HEADER not in request.headers:
            raise Forbidden(f"a request that a cookie authenticates bears the header {PAGE_HEADER}")
        authorization = f"Bearer {weft_session}"
    caller = auth.caller(api.caller_of, authorization)
    if api.vouching is not None:
        auth.require_certificate(caller, peer_of(request))
    planned = request.method not in _SAFE and request.url.path.split("/")[3:4]
    if conditions.weft_plan and planned and planned[0] not in _PLANNED:
        raise Invalid(f"nobody can plan what {request.method} {request.url.path} does", field=PLAN_HEADER)
    return Asking(
        api=api,
        caller=caller,
        response=response,
        conditions=conditions,
    )


AnyCaller = Annotated[Asking, Depends(_asking)]
"""Whoever has a valid token; the handler must judge how far it reaches."""


async def _reading(asking: AnyCaller) -> Asking:
    auth.require_reader(asking.caller)
    return asking


async def _writing(asking: AnyCaller) -> Asking:
    auth.require_writer(asking.caller)
    return asking


async def _administering(asking: AnyCaller) -> Asking:
    auth.require_admin(asking.caller)
    return asking


async def _hosting(asking: AnyCaller, host: str) -> Asking:
    auth.require_host(asking.caller, HostName(host))
    return asking


Reading = Annotated[Asking, Depends(_reading)]
Writing = Annotated[Asking, Depends(_writing)]
Administering = Annotated[Asking, Depends(_administering)]
Hosting = Annotated[Asking, Depends(_hosting)]
"""The agent of the host in the path, or an administrator."""
