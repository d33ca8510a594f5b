"""What can be wrong with a request, one type per thing a caller can act on.

    WeftError
    ├── Invalid            a value breaks a rule that the value itself shows
    ├── NotFound           no such object, or not yours
    ├── HistoryGone        so old that it is not kept any more
    ├── Conflict           the rest of the model is in the way
    │   ├── NameTaken  AddressInUse  SubnetOverlap  StillInUse  AlreadyBound  HostPortTaken
    ├── SubnetFull         no address left
    ├── QuotaExceeded      a limit of the engine or of the project
    ├── Busy               too much of it at the same time
    ├── StaleRevision      If-Match names an older version
    ├── Unavailable        another system that is needed for it does not answer
    ├── Forbidden          the caller's role does not reach that far
    └── Unauthenticated    no credentials, or wrong ones

Every error has a stable `code`, which is part of the API, and may name the `field` it is about.
"""


class WeftError(Exception):
    """Something the caller can repair; the message says what, where, who and what to do."""

    code = "error"

    def __init__(self, message: str, *, field: str | None = None) -> None:
        """`message` is a whole sentence; `field` is the path of the offending input, if any."""
        self.message = message
        self.field = field
        super().__init__(message)


class Invalid(WeftError):
    """A value breaks a rule that can be seen from the value alone."""

    code = "invalid"


class NotFound(WeftError):
    """No object of that kind and name that the caller may see."""

    code = "not_found"

    def __init__(self, kind: str, name: object, *, field: str | None = None) -> None:
        """`kind` is the noun of the API, `name` what the caller asked for."""
        self.kind, self.name = kind, name
        super().__init__(f"no {kind} {str(name)!r} that you may see", field=field)


class HistoryGone(WeftError):
    """What is asked about is older than the history that is kept (`history_days`)."""

    code = "history_gone"


class Conflict(WeftError):
    """The request is well formed, but the rest of the model is in the way."""

    code = "conflict"


class InvariantBroken(Conflict):
    """The change would break an invariant; the message has a packet that shows it."""

    code = "invariant_broken"


class CheckFailed(Conflict):
    """A check that the change was to be judged by fails."""

    code = "check_failed"


class NameTaken(Conflict):
    """Names are unique per kind within a project."""

    code = "name_taken"

    def __init__(self, kind: str, name: str, *, where: str) -> None:
        """`where` says in which scope the name exists, as in `project default`."""
        super().__init__(f"{where} already has a {kind} named {name!r}; choose another name", field="name")


class AddressInUse(Conflict):
    """A fixed address was requested that another port already holds."""

    code = "address_in_use"

    def __init__(self, address: object, *, holder: str, network: str) -> None:
        """`holder` names the port and `network` the network, as a person would."""
        super().__init__(
            f"address {address} on network {network} is held by {holder}; "
            "ask for another one, or leave it out and get the next free",
            field="address",
        )


class SubnetOverlap(Conflict):
    """Subnets of one network must not overlap."""

    code = "subnet_overlap"


class StillInUse(Conflict):
    """The object cannot go while others refer to it."""

    code = "still_in_use"


class AlreadyBound(Conflict):
    """The port is bound to another host."""

    code = "already_bound"


class HostPortTaken(Conflict):
    """Another workload has published the same port of the host."""

    code = "host_port_taken"


class SubnetFull(Conflict):
    """No free address is left in any subnet of the family asked for."""

    code = "subnet_full"


class QuotaExceeded(WeftError):
    """A limit of the engine, the encapsulation or the project would be passed."""

    code = "quota_exceeded"


class Busy(WeftError):
    """As much of this runs already as may run at the same time; ask again after `Retry-After`."""

    code = "busy"

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        """`message` says what runs; the rest of the sentence is when to ask again."""
        self.retry_after_s = retry_after_s
        super().__init__(f"{message}; ask again in {retry_after_s} seconds")


class StaleRevision(WeftError):
    """The object changed since the caller read it."""

    code = "stale_revision"


class Unavailable(WeftError):
    """Another system that is needed to answer is away; the same request may succeed a moment later."""

    code = "unavailable"


class Forbidden(WeftError):
    """The caller is known, but its role does not reach that far."""

    code = "forbidden"


class Unauthenticated(WeftError):
    """No credentials, or credentials that are wrong, expired or used up."""

    code = "unauthenticated"
