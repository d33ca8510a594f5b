"""CNI's shapes, after SPEC.md of containernetworking/cni: what a call asks for, and what it is answered."""

import json
from typing import Any

import pytest

from weft.agent.attachment import Lease
from weft.agent.cni.call import Call, call_from
from weft.agent.cni.refusal import Code, Refusal, document, refusal_of
from weft.agent.cni.results import differences, result
from weft.agent.cni.shim import PARAMETERS, SUPPORTED
from weft.agent.links import Inside
from weft.agent.plug import PlugFailed
from weft.client import ProblemError, ServerUnreachable
from weft.model.errors import Invalid

LEASE = Lease(
    port_id="11111111-1111-4111-8111-111111111111",
    network_id="n",
    network="web",
    project="shop",
    mac="02:00:00:00:00:02",
    mtu=1400,
    prefixes=("10.0.0.2/24", "fd00::2/64"),
    gateways=("10.0.0.1", "fd00::1"),
)
INSIDE = Inside(mac=LEASE.mac, mtu=1400, up=True, prefixes=LEASE.prefixes, gateways=LEASE.gateways)


def call(command: str = "ADD", *, config: object = None, **parameters: str) -> Call:
    given = {
        "CNI_COMMAND": command,
        "CNI_CONTAINERID": "c1",
        "CNI_NETNS": "/run/netns/c1",
        "CNI_IFNAME": "eth0",
        **parameters,
    }
    plain = {"cniVersion": "1.1.0", "name": "lab", "type": "weft-cni", "network": "web", "project": "shop"}
    text = config if isinstance(config, bytes) else json.dumps({**plain, **(config or {})}).encode()  # type: ignore[dict-item]
    return call_from(b"".join(given.get(name, "").encode() + b"\0" for name in PARAMETERS) + text)


def refused(*, config: object = None, **parameters: str) -> tuple[int, str]:
    with pytest.raises(Refusal) as caught:
        _ = call(parameters.pop("command", "ADD"), config=config, **parameters).wanted
    return caught.value.code, caught.value.message


def test_a_pod_is_the_owner_of_its_port_and_gives_it_labels() -> None:
    args = "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-1;K8S_POD_UID=u"

    wanted = call(CNI_ARGS=args, config={"labels": {"app": "web"}}).wanted

    assert (wanted.network, wanted.project) == ("web", "shop")
    owner = wanted.workload
    assert (owner.runtime, owner.engine, owner.id, owner.name) == ("cni", "lab", "c1/eth0", "web-1")
    assert wanted.labels == {
        "app": "web",
        "io.kubernetes.pod.namespace": "shop",
        "io.kubernetes.pod.name": "web-1",
        "io.kubernetes.pod.uid": "u",
    }


def test_labels_come_from_the_configuration_the_arguments_and_a_pods_annotations() -> None:
    config = {
        "labels": {"app": "web", "env": "dev"},
        "args": {"cni": {"labels": [{"key": "env", "value": "prod"}]}},
        "runtimeConfig": {
            "io.kubernetes.cri.pod-annotations": {"weft.label/tier": "front", "other.io/x": "{}"}
        },
    }

    assert call(config=config).wanted.labels == {"app": "web", "env": "prod", "tier": "front"}


@pytest.mark.parametrize(
    ("config", "args", "addresses", "mac"),
    [
        ({}, "IP=10.0.0.9/24;MAC=02:00:00:00:00:09", ("10.0.0.9",), "02:00:00:00:00:09"),
        (
            {"runtimeConfig": {"ips": ["10.0.0.8", "fd00::8/64"]}},
            "IP=10.0.0.9",
            ("10.0.0.8", "fd00::8"),
            None,
        ),
        ({"runtimeConfig": {"mac": "02:00:00:00:00:0A"}}, "", (), "02:00:00:00:00:0a"),
        ({"args": {"cni": {"ips": ["10.0.0.7/24"]}}}, "IP=10.0.0.9", ("10.0.0.7",), None),
        ({}, "", (), None),
    ],
)
def test_addresses_are_asked_for_by_capabilities_before_arguments(
    config: object, args: str, addresses: tuple[str, ...], mac: str | None
) -> None:
    wanted = call(config=config, CNI_ARGS=args).wanted

    assert (wanted.addresses, wanted.mac) == (addresses, mac)


def test_without_a_network_the_configurations_own_name_is_one() -> None:
    wanted = call(config=b'{"cniVersion": "1.0.0", "name": "web", "type": "weft-cni"}').wanted

    assert (wanted.network, wanted.project) == ("web", "default")


@pytest.mark.parametrize(
    ("parameters", "code", "named"),
    [
        ({"command": "PLAY"}, Code.PARAMETER, "CNI_COMMAND"),
        ({"CNI_CONTAINERID": ""}, Code.PARAMETER, "CNI_CONTAINERID"),
        ({"CNI_CONTAINERID": "../c"}, Code.PARAMETER, "CNI_CONTAINERID"),
        ({"CNI_NETNS": ""}, Code.PARAMETER, "CNI_NETNS"),
        ({"CNI_IFNAME": "much-too-long-a-name"}, Code.PARAMETER, "CNI_IFNAME"),
        ({"CNI_IFNAME": ".."}, Code.PARAMETER, "CNI_IFNAME"),
        ({"CNI_ARGS": "nothing"}, Code.PARAMETER, "CNI_ARGS"),
        ({"config": b"{"}, Code.NOT_DECODED, "JSON"),
        ({"config": b"[]"}, Code.NOT_DECODED, "JSON"),
        ({"config": {"cniVersion": "0.2.0"}}, Code.VERSION, "0.2.0"),
        ({"config": {"ipam": {"type": "static"}}}, Code.UNSUPPORTED_FIELD, "ipam={'type': 'static'}"),
        ({"config": {"netwrok": "x"}}, Code.UNSUPPORTED_FIELD, "netwrok='x'"),
        (
            {"config": {"runtimeConfig": {"portMappings": [{"hostPort": 80}]}}},
            Code.UNSUPPORTED_FIELD,
            "portMappings",
        ),
        ({"config": {"network": 7}}, Code.CONFIG, "network"),
        ({"config": {"labels": {"a": 1}}}, Code.CONFIG, "labels"),
        ({"config": {"runtimeConfig": {"ips": ["10.0.0.300"]}}}, Code.CONFIG, "10.0.0.300"),
        ({"CNI_ARGS": "MAC=01:00:00:00:00:00"}, Code.CONFIG, "01:00:00:00:00:00"),
        ({"command": "GC"}, Code.CONFIG, "cni.dev/valid-attachments"),
        ({"command": "GC", "config": {"cni.dev/valid-attachments": [{}]}}, Code.CONFIG, "containerID"),
    ],
)
def test_what_is_wrong_is_named_with_the_specifications_code(
    parameters: dict[str, Any], code: Code, named: str
) -> None:
    found, message = refused(**parameters)

    assert found == code
    assert named in message


def test_del_needs_no_namespace_and_does_not_look_at_what_has_become_wrong() -> None:
    found = call("DEL", CNI_NETNS="", config={"ipam": {}, "prevResult": None})

    assert (found.container, found.interface) == ("c1", "eth0")


@pytest.mark.parametrize("version", SUPPORTED)
def test_add_answers_in_the_version_that_was_asked_in(version: str) -> None:
    told = json.loads(result(call(config={"cniVersion": version}), LEASE, INSIDE))

    newest = version == "1.1.0"
    assert told["cniVersion"] == version
    assert told["interfaces"] == [
        {"name": "wf11111111111", **({"mtu": 1400} if newest else {})},
        {
            "name": "eth0",
            "mac": LEASE.mac,
            "sandbox": "/run/netns/c1",
            **({"mtu": 1400} if newest else {}),
        },
    ]
    older = version in ("0.3.1", "0.4.0")
    assert told["ips"] == [
        {
            "address": "10.0.0.2/24",
            "interface": 1,
            "gateway": "10.0.0.1",
            **({"version": "4"} if older else {}),
        },
        {
            "address": "fd00::2/64",
            "interface": 1,
            "gateway": "fd00::1",
            **({"version": "6"} if older else {}),
        },
    ]
    assert told["routes"] == [{"dst": "0.0.0.0/0", "gw": "10.0.0.1"}, {"dst": "::/0", "gw": "fd00::1"}]
    assert told["dns"]["nameservers"] == ["169.254.53.53", "fd77:6566:7453::35"]
    assert told["dns"]["domain"] == "web.shop.internal"


def test_in_a_chain_what_came_before_stays_in_the_answer() -> None:
    before = {"interfaces": [{"name": "a"}], "ips": [{"address": "10.9.0.2/24", "interface": 0}]}

    told = json.loads(result(call(config={"prevResult": before}), LEASE, INSIDE))

    assert [each["name"] for each in told["interfaces"]] == ["a", "wf11111111111", "eth0"]
    assert [each["interface"] for each in told["ips"]] == [0, 2, 2]


def checked(inside: Inside | None, lease: Lease = LEASE) -> list[str]:
    told = json.loads(result(call(), LEASE, INSIDE))
    return differences(call("CHECK", config={"prevResult": told}), lease, inside)


def test_check_finds_nothing_where_nothing_has_changed() -> None:
    assert checked(INSIDE) == []


def test_check_says_what_is_gone_or_different() -> None:
    def now(**change: object) -> Inside:
        fields = {"mac": INSIDE.mac, "mtu": 1400, "up": True, "prefixes": INSIDE.prefixes}
        return Inside(**{**fields, "gateways": INSIDE.gateways, **change})  # type: ignore[arg-type]

    assert checked(None) == ["the container has no interface eth0"]
    assert checked(now(up=False)) == ["interface eth0 is down"]
    assert checked(now(prefixes=("fd00::2/64",))) == ["interface eth0 has lost 10.0.0.2/24"]
    assert checked(now(gateways=("10.0.0.1",))) == ["the default route by fd00::1 is gone"]
    assert "02:00:00:00:00:99" in checked(now(mac="02:00:00:00:00:99"))[0]


def test_check_without_the_result_of_add_is_refused() -> None:
    wrong: tuple[object, ...] = (None, {}, {"interfaces": [], "ips": []})
    for previous in wrong:
        with pytest.raises(Refusal, match="prevResult"):
            differences(call("CHECK", config={"prevResult": previous}), LEASE, INSIDE)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ServerUnreachable("https://weft:7443", "refused"), Code.TRY_LATER),
        (PlugFailed("no flows"), Code.TRY_LATER),
        (Invalid("no such address"), Code.CONFIG),
        (ProblemError(code="c", title="", detail="taken", field=None, status=409), Code.REFUSED),
        (ProblemError(code="c", title="", detail="down", field=None, status=503), Code.TRY_LATER),
    ],
)
def test_errors_tell_the_runtime_whether_to_try_again(error: Exception, code: Code) -> None:
    said = json.loads(document(refusal_of(error), "0.4.0"))

    assert (said["cniVersion"], said["code"]) == ("0.4.0", code)
    assert str(error) in said["msg"]
