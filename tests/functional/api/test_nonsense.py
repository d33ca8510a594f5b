"""Nothing that a client sends makes a 5xx."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.functional.api.rest import Rest

_WORDS = st.sampled_from(
    [
        "default",
        "net",
        "h1",
        "\x00",
        "",
        "10.0.0.0/24",
        "10.1.0.5",
        "::1/128",
        "0" * 32,
        "a/b",
        "tcp",
        "00:00:00:00:00:00",
        "02:00:00:00:00:01",
        "ingress",
        "drop",
        "admin",
        "app=web",
        "((",
        "80",
        "9-1",
    ]
)
_KEYS = st.sampled_from(
    ["name", "project", "network", "cidr", "subnets", "labels", "mtu", "rules", "rule", "index", "peer",
     "service", "ports", "direction", "action", "members", "selector", "cidrs", "egress", "rate_kbps",
     "dscp", "host", "workload", "runtime", "engine", "id", "state", "reason", "token", "items", "ttl_s",
     "order", "tier", "target", "addresses", "mac", "pools", "first", "last", "gateway", "dhcp"]
)  # fmt: skip
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**60, max_value=10**61)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | _WORDS
)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(_KEYS | st.text(max_size=4), inner, max_size=6)
    ),
    max_leaves=15,
)
_BODIES = st.dictionaries(_KEYS, _JSON, max_size=8) | _JSON

_NAMED = {"name": "x", "network": "net", "workload": {"runtime": "docker", "id": "c"}}


def _routes(rest: Rest) -> list[tuple[str, str]]:
    """Every path that takes a body, from the API's own description."""
    found = []
    for path, operations in rest.app.openapi()["paths"].items():
        for method in ("post", "patch", "put"):
            if method in operations:
                found.append((method.upper(), path))  # noqa: PERF401 - two levels
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=_BODIES, named=st.booleans(), reference=_WORDS | st.text(max_size=10))
def test_any_json_on_any_path_is_answered_below_500(
    rest: Rest,
    body: Any,  # noqa: ANN401 - JSON
    named: bool,  # noqa: FBT001 - drawn
    reference: str,
) -> None:
    rest.post("/networks", {"name": "net", "subnets": [{"cidr": "10.1.0.0/24"}]})
    if named and isinstance(body, dict):
        body = {**_NAMED, **body}

    for method, path in _routes(rest):
        where = path
        for part in ("reference", "host", "port_id"):
            where = where.replace("{" + part + "}", "h1" if part == "host" else _quoted(reference))
        answer = rest.ask(method, where, body if body is not None else {})
        assert answer.status_code < 500, (method, where, answer.text)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    reference=st.text(max_size=20) | _WORDS,
    query=st.dictionaries(
        st.sampled_from(["project", "limit", "cursor", "name", "network", "host", "since"]),
        st.text(max_size=20) | _WORDS,
        max_size=3,
    ),
    header=st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=20),
)
def test_any_question_is_answered_below_500(
    rest: Rest, reference: str, query: dict[str, str], header: str
) -> None:
    kinds = ("projects", "networks", "subnets", "ports", "groups", "policies", "hosts")

    for kind in kinds:
        for path in (f"/{kind}", f"/{kind}/{_quoted(reference)}"):
            answer = rest.get(path, params=query)
            assert answer.status_code < 500, (path, answer.text)
        removed = rest.delete(f"/{kind}/{_quoted(reference)}", headers={"If-Match": header})
        assert removed.status_code < 500


def _quoted(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode(errors="replace")) or "x"
