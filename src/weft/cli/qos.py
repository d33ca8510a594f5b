"""weft qos: rate limits and marking."""

from typing import Annotated

import typer

from weft.cli.command import command, noun, standard
from weft.cli.quantity import kilobits, kilobits_per_second
from weft.cli.session import Session
from weft.cli.words import Description, Name, NewName, Rename, given
from weft.model.errors import Invalid

app = noun("QoS policies limit and mark the traffic of endpoints (ports) and networks.")
standard(app, "qos", "qos-policies")

_Egress = Annotated[str | None, typer.Option(help="What the workload may send: 10mbit, 1.5gbit, none.")]
_Ingress = Annotated[str | None, typer.Option(help="What it may receive: 10mbit, 1.5gbit, none.")]
_EgressBurst = Annotated[str | None, typer.Option(help="Burst of --egress: 2mbit, 64kB.")]
_IngressBurst = Annotated[str | None, typer.Option(help="Burst of --ingress: 2mbit, 64kB.")]
_Dscp = Annotated[int | None, typer.Option(help="Mark packets with this code point (0 to 63).")]


@command(
    app,
    "create",
    "weft qos create slow --egress 10mbit",
    "weft qos create voice --egress 512kbit --egress-burst 64kB --ingress 1mbit --dscp 46",
    changes=True,
)
def create(
    session: Session,
    *,
    name: NewName,
    egress: _Egress = None,
    egress_burst: _EgressBurst = None,
    ingress: _Ingress = None,
    ingress_burst: _IngressBurst = None,
    dscp: _Dscp = None,
    description: Description = None,
) -> None:
    """Make a QoS policy; give it to endpoints with `weft port set NAME --qos POLICY`."""
    limits = _limits(egress, egress_burst, ingress, ingress_burst)
    body = given(name=name, **limits, dscp=dscp, description=description)
    with session.connect() as client:
        session.report(client, "qos-policies", client.create("qos-policies", session.scoped(body)))


@command(app, "set", "weft qos set slow --egress 20mbit", "weft qos set slow --ingress none", changes=True)
def change(
    session: Session,
    *,
    policy: Name,
    name: Rename = None,
    egress: _Egress = None,
    egress_burst: _EgressBurst = None,
    ingress: _Ingress = None,
    ingress_burst: _IngressBurst = None,
    dscp: _Dscp = None,
    description: Description = None,
) -> None:
    """Change a QoS policy; everyone who has it follows at once."""
    body = given(name=name, dscp=dscp, description=description)
    body |= _limits(egress, egress_burst, ingress, ingress_burst)
    with session.connect() as client:
        after = client.change("qos-policies", policy, body, project=session.chosen_project())
        session.report(client, "qos-policies", after)


def _limits(
    egress: str | None, egress_burst: str | None, ingress: str | None, ingress_burst: str | None
) -> dict[str, dict[str, int] | None]:
    """The limits that were given; None takes one away."""
    asked = {"egress": (egress, egress_burst), "ingress": (ingress, ingress_burst)}
    limits: dict[str, dict[str, int] | None] = {}
    for direction, (rate, burst) in asked.items():
        if rate == "none":
            limits[direction] = None
        elif rate is not None:
            limits[direction] = {"rate_kbps": kilobits_per_second(rate)}
            if burst is not None:
                limits[direction] = {"burst_kb": kilobits(burst), "rate_kbps": kilobits_per_second(rate)}
        elif burst is not None:
            raise Invalid(f"--{direction}-burst needs --{direction}", field=direction)
    return limits
