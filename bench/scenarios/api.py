"""How fast the API answers. The rival, Neutron, is measured by itself: its numbers stand beside ours."""

from collections.abc import Iterator
from itertools import count

import httpx

from bench import control
from bench.figures import Figure, alone
from bench.rounds import repeated, timed

_GROUP_OF = 1_000


def run(pairs: int) -> Iterator[Figure]:
    """Create, list, and add a rule: on a network with 1,000 ports of one group."""
    with control.databases() as databases, control.server(databases) as server, server.api() as api:
        names = count()
        _declare(api)
        yield alone(
            "port create through the API, one by one",
            "ms",
            repeated(5 * pairs, lambda: _create_one(api, f"one-{next(names)}"), warm_up=10),
            note="Neutron 29 ML2/OVN: 266-298 ms",
        )
        yield alone(
            "200 ports in one request",
            "ms",
            repeated(pairs // 2, lambda: _create_many(api, 200, f"many-{next(names)}")),
            note="Neutron: 41-50 s",
        )
        yield alone(
            "list 1,000 ports",
            "ms",
            repeated(pairs, lambda: _list(api)),
            note="Neutron: 830-1030 ms",
        )
        yield alone(
            "rule added to a 1,000-port group, API answer",
            "ms",
            repeated(2 * pairs, lambda: _add_rule(api), warm_up=5),
            note="Neutron: 137-212 ms",
        )


def _declare(api: httpx.Client) -> None:
    sent(api, "POST", "/networks", {"name": "big", "subnets": [{"cidr": "10.1.0.0/16"}]})
    sent(api, "POST", "/networks", {"name": "small", "subnets": [{"cidr": "10.2.0.0/16"}]})
    sent(api, "POST", "/groups", {"name": "web", "selector": "app=web"})
    sent(api, "POST", "/policies", {"name": "p", "target": "web", "rules": []})
    items = [{"name": f"web-{n}", "network": "big", "labels": {"app": "web"}} for n in range(_GROUP_OF)]
    sent(api, "POST", "/ports/bulk", {"items": items})


def sent(api: httpx.Client, method: str, path: str, body: object = None) -> httpx.Response:
    """The answer to a request, which must be a success."""
    answer = api.request(method, path, json=body)
    if not answer.is_success:
        raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
    return answer


def revision_of(answer: httpx.Response) -> int:
    """The revision that a request made."""
    return int(answer.headers["Weft-Revision"])


def _create_one(api: httpx.Client, name: str) -> float:
    with timed() as watch:
        sent(api, "POST", "/ports", {"name": name, "network": "small"})
    sent(api, "DELETE", f"/ports/{name}")
    return watch.seconds


def _create_many(api: httpx.Client, number: int, prefix: str) -> float:
    items = [{"name": f"{prefix}-{n}", "network": "small"} for n in range(number)]
    with timed() as watch:
        made = sent(api, "POST", "/ports/bulk", {"items": items}).json()["items"]
    for port in made:
        sent(api, "DELETE", f"/ports/{port['id']}")
    return watch.seconds


def _list(api: httpx.Client) -> float:
    with timed() as watch:
        found = sent(api, "GET", "/ports?network=big&limit=1000").json()["items"]
    if len(found) != _GROUP_OF:
        raise RuntimeError(f"{len(found)} ports were listed, not {_GROUP_OF}")
    return watch.seconds


def _add_rule(api: httpx.Client) -> float:
    rule = {"direction": "ingress", "action": "allow", "service": {"protocol": "tcp"}}
    with timed() as watch:
        policy = sent(api, "POST", "/policies/p/rules", {"rule": rule}).json()
    sent(api, "DELETE", f"/policies/p/rules/{policy['rules'][-1]['id']}")
    return watch.seconds
