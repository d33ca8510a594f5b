import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from tests.unit.cli.conftest import Weft
from tests.unit.cli.fake_api import FakeApi

from weft.cli import app, lab

Parse = Callable[[str], Any]


def test_creating_a_network_prints_it_and_the_revision_that_made_it(weft: Weft) -> None:
    result = weft("network", "create", "DockerSN", "--subnet", "192.168.200.0/24")

    assert result.exit_code == 0, result.output
    assert "DockerSN" in result.stdout
    assert "192.168.200.0/24" in result.stdout
    assert "revision 1" in result.stdout


def test_wait_says_where_and_how_fast_the_change_is_enforced(weft: Weft) -> None:
    result = weft("network", "create", "DockerSN", "--wait")

    assert "enforced on 2 of 2 hosts after 37 ms" in result.stdout


def test_waiting_in_vain_names_the_host_that_is_late(weft: Weft, api: FakeApi) -> None:
    api.enforced = False

    result = weft("network", "create", "DockerSN", "--wait")

    assert result.exit_code == 1
    assert "waiting for host2" in result.stderr


@pytest.mark.parametrize(("form", "parse"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_a_document_on_standard_output_is_nothing_but_a_document(weft: Weft, form: str, parse: Parse) -> None:
    made = weft("network", "create", "DockerSN", "--wait", "-o", form)
    listed = weft("network", "list", "-o", form)

    assert parse(made.stdout)["name"] == "DockerSN"
    assert [item["name"] for item in parse(listed.stdout)] == ["DockerSN"]
    assert "revision 1" in made.stderr


def test_a_list_shows_every_page(weft: Weft, api: FakeApi) -> None:
    for number in range(5):
        api.add("ports", name=f"c{number}", network_id="n")

    result = weft("port", "list", "-o", "json")

    assert [item["name"] for item in json.loads(result.stdout)] == ["c0", "c1", "c2", "c3", "c4"]


@pytest.mark.parametrize("noun", ["port", "endpoint"])
def test_the_port_list_says_who_is_where_and_in_which_groups(weft: Weft, api: FakeApi, noun: str) -> None:
    address = {"subnet_id": "s", "address": "192.168.200.190"}
    shown = {"kind": "container", "host": "host1", "groups": ["web", "live"], "fixed_ips": [address]}
    api.add("ports", name="gloomy_jang", network="DockerSN", status={"state": "up"}, **shown)
    api.add("ports", name="elsewhere", network="other")

    result = weft(noun, "list", "--network", "DockerSN")

    head, line = result.stdout.splitlines()
    assert head.split()[:4] == ["ENDPOINT", "(PORT)", "KIND", "ADDRESS"]
    words = ["gloomy_jang", "container", "192.168.200.190", "02:00:00:00:00:01", "DockerSN", "host1", "up"]
    assert line.split() == [*words, "web,", "live"]


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        ("web", {"target": "web"}),
        ("group:web", {"target": "web"}),
        ("network:edge", {"target_network": "edge"}),
        ("zone:dmz", {"target_zone": "dmz"}),
        ("none", {"target": None}),
    ],
)
def test_whom_a_policy_is_for_is_written_in_words(
    weft: Weft, api: FakeApi, said: str, sent: dict[str, str | None]
) -> None:
    weft("policy", "create", "no-ping")

    result = weft("policy", "set", "no-ping", "--target", said)

    assert result.exit_code == 0, result.output
    assert [body for method, _, body in api.requests if method == "PATCH"] == [sent]


def test_what_is_no_target_is_refused_with_what_is_one(weft: Weft) -> None:
    result = weft("policy", "create", "no-ping", "--target", "zoo:dmz")

    assert result.exit_code != 0
    assert "network:NAME, zone:NAME" in result.output


def test_a_rule_is_written_in_words_and_shown_in_the_same_words(weft: Weft, api: FakeApi) -> None:
    dev = api.add("groups", name="dev")
    weft("policy", "create", "no-ping")
    words = "--direction ingress --action drop --peer group:dev --service icmp/8"

    result = weft("policy", "rule", "add", "no-ping", *words.split())

    assert result.exit_code == 0, result.output
    sent = next(request for request in api.requests if request[1] == "policies/no-ping/rules")
    assert sent[2]["rule"]["peer"] == {"group": "dev"}
    assert sent[2]["rule"]["service"] == {"protocol": "icmp", "icmp_type": 8}
    assert "group:dev" in result.stdout
    assert "icmp/8" in result.stdout
    api.objects["policies"][0]["rules"][0]["peer"] = {"group": dev["id"]}
    assert "group:dev" in weft("policy", "show", "no-ping").stdout


def test_a_rule_is_removed_by_the_number_that_show_gives_it(weft: Weft, api: FakeApi) -> None:
    api.add("policies", name="p", rules=[{"id": "a"}, {"id": "b"}])

    result = weft("policy", "rule", "remove", "p", "2")

    assert result.exit_code == 0, result.output
    assert api.objects["policies"][0]["rules"] == [{"id": "a"}]
    assert weft("policy", "rule", "remove", "p", "7").exit_code == 1


def test_labels_that_are_not_mentioned_stay(weft: Weft, api: FakeApi) -> None:
    port = api.add("ports", name="c1", labels={"app": "web", "env": "dev", "keep": "me"})

    result = weft("port", "set", "c1", "--label", "app=db", "--unlabel", "env")

    assert result.exit_code == 0, result.output
    assert port["labels"] == {"app": "db", "keep": "me"}


def test_none_takes_a_qos_policy_away(weft: Weft, api: FakeApi) -> None:
    api.add("ports", name="c1")

    weft("port", "set", "c1", "--qos", "none")

    assert api.requests[-1] == ("PATCH", "ports/c1", {"qos_policy": None})


@pytest.mark.parametrize(("word", "sent"), [("--port-security", True), ("--no-port-security", False)])
def test_port_security_is_sent_only_if_given(weft: Weft, api: FakeApi, word: str, sent: object) -> None:
    api.add("ports", name="c1")

    weft("port", "set", "c1", word, "--name", "c2")
    weft("port", "set", "c2", "--quarantine")

    assert api.requests[-2:] == [
        ("PATCH", "ports/c1", {"name": "c2", "port_security": sent}),
        ("PATCH", "ports/c2", {"quarantined": True}),
    ]


def test_a_rate_is_sent_in_kilobits(weft: Weft, api: FakeApi) -> None:
    result = weft("qos", "create", "slow", "--egress", "10mbit", "--egress-burst", "64kB")

    assert api.requests[-1][2]["egress"] == {"rate_kbps": 10000, "burst_kb": 512}
    assert "10mbit" in result.stdout


def test_what_the_server_refuses_is_one_sentence_and_exit_code_1(weft: Weft) -> None:
    weft("network", "create", "DockerSN")

    result = weft("network", "create", "DockerSN")

    assert result.exit_code == 1
    assert result.stderr.startswith("error: project default already has one named 'DockerSN'")
    assert result.stdout == ""


@pytest.mark.parametrize(
    "words",
    [
        "qos create slow --egress fast",
        "policy rule add p --direction ingress --action drop --service http",
        "policy rule add p --direction ingress --action drop --peer everyone",
        "group create web --selector app=",
        "port set c1 --label app",
        "network create n --mtu big",
        "port frobnicate",
    ],
)
def test_words_that_have_no_meaning_are_exit_code_2_and_reach_no_server(
    weft: Weft, api: FakeApi, words: str
) -> None:
    api.add("ports", name="c1")

    result = weft(*words.split())

    assert result.exit_code == 2
    assert result.stderr
    assert {method for method, _, _ in api.requests} <= {"GET"}


def test_a_wrong_token_says_how_to_log_in(weft: Weft) -> None:
    result = weft("port", "list", token="bad")

    assert result.exit_code == 1
    assert "weft login" in result.stderr


def test_login_keeps_a_token_that_works_where_only_its_owner_reads_it(weft: Weft, tmp_path: Path) -> None:
    file = tmp_path / "config" / "weft" / "config.toml"

    refused = weft("login", "https://weft", "--token", "bad")
    there_after_refusal = file.exists()
    accepted = weft("login", "https://weft", "--token", "good", "--project", "shöp")

    assert (refused.exit_code, there_after_refusal) == (1, False)
    assert accepted.exit_code == 0, accepted.output
    assert file.stat().st_mode & 0o777 == 0o600
    assert "good" not in accepted.output


def test_login_sends_no_token_in_plain_text(weft: Weft, api: FakeApi) -> None:
    refused = weft("login", "http://weft.example.org:7443", "--token", "good")

    assert refused.exit_code == 1
    assert "plain text" in refused.stderr
    assert api.requests == []


def test_logout_forgets_the_token(weft: Weft, tmp_path: Path) -> None:
    weft("login", "https://weft", "--token", "good")

    first, again = weft("logout"), weft("logout")

    assert list((tmp_path / "config" / "weft").iterdir()) == []
    assert (first.exit_code, again.exit_code) == (0, 0)


def test_status_counts_endpoints_by_state(weft: Weft, api: FakeApi) -> None:
    api.add("ports", name="a", status={"state": "up"})
    api.add("ports", name="b", status={"state": "failed"})
    api.add("hosts", name="host1", status={"alive": False})

    found = json.loads(weft("status", "-o", "json").stdout)

    assert found["endpoints"] == {"failed": 1, "up": 1}
    assert found["hosts"] == {"alive": 0, "total": 1, "away": ["host1"]}
    assert found["revision"] == 3


def _examples(command: object, found: list[str]) -> list[str]:
    lines = (getattr(command, "epilog", None) or "").replace(r"\[", "[").split("\n\n")
    found.extend(line for line in lines if line.startswith("weft "))
    for inner in getattr(command, "commands", {}).values():
        _examples(inner, found)
    return found


EXAMPLES = sorted(set(_examples(typer.main.get_command(app), [])))


# These ask a terminal, never end, or change this very machine.
APART = ("weft login", "weft server", "weft backup", "weft restore", "weft lab")
ABOUT_THE_LAB = [example for example in EXAMPLES if example.startswith("weft lab")]
RUNNABLE = [e for e in EXAMPLES if not e.startswith(APART) and "--follow" not in e]


@pytest.mark.parametrize("example", ABOUT_THE_LAB)
def test_every_example_about_the_lab_is_understood_and_not_run(example: str) -> None:
    verb, *options = shlex.split(example)[2:]

    commands: dict[str, Any] = getattr(typer.main.get_command(lab.app), "commands", {})

    assert commands[verb].make_context(verb, options).params


@pytest.mark.parametrize("example", RUNNABLE)
def test_every_example_in_the_help_is_understood(weft: Weft, example: str) -> None:
    result = weft(*shlex.split(example)[1:])

    assert result.exit_code == 0 or result.stderr.startswith("error: no "), (result.output, result.exception)


def _commands(command: object, path: tuple[str, ...]) -> list[tuple[str, ...]]:
    inner = getattr(command, "commands", {})
    if not inner:
        return [path]
    return [leaf for name, child in inner.items() for leaf in _commands(child, (*path, name))]


@pytest.mark.parametrize("path", _commands(typer.main.get_command(app), ()))
def test_every_command_explains_itself_and_takes_an_output_format(weft: Weft, path: tuple[str, ...]) -> None:
    result = weft(*path, "--help")

    assert "--output" in result.stdout or path in (("lab", "exec"), ("lab", "weft")), (
        "whose words are another command's"
    )
    assert "Examples" in result.stdout


def test_retiring_a_lost_host_says_what_was_freed(weft: Weft, api: FakeApi) -> None:
    api.add("hosts", name="host1", status={"alive": False})

    result = weft("host", "retire", "host1")

    assert "3 endpoints removed, 1 unbound" in result.stdout
    assert api.objects["hosts"] == []


def test_a_host_that_lives_is_retired_by_force_alone(weft: Weft, api: FakeApi) -> None:
    api.add("hosts", name="host1", status={"alive": True})

    assert "is alive" in weft("host", "retire", "host1").stderr
    assert weft("host", "retire", "host1", "--force").exit_code == 0


def test_a_workload_that_got_no_port_is_listed_as_failed_with_its_reason(weft: Weft, api: FakeApi) -> None:
    workload = {"runtime": "docker", "id": "c1", "name": "lost"}
    failure = {"host": "h1", "workload": workload, "reason": "no network 'nowhere'", "at": "2026-11-25"}
    api.answers["failures"] = {"items": [{**failure, "project_id": None, "network_id": None}]}

    shown = weft("port", "list").stdout
    document = json.loads(weft("port", "list", "-o", "json").stdout)

    assert "lost" in shown
    assert "failed" in shown
    assert "no network 'nowhere'" in shown
    assert (document[-1]["name"], document[-1]["id"], document[-1]["fixed_ips"]) == ("lost", None, [])
    assert document[-1]["status"]["state"] == "failed"


def test_an_attach_rule_is_refused_before_it_is_sent_when_its_selector_means_nothing(
    weft: Weft, api: FakeApi
) -> None:
    refused = weft("attach-rule", "create", "web", "--selector", "app=", "--network", "blue")
    made = weft("attach-rule", "create", "web", "--selector", "app=web", "--network", "blue")

    assert refused.exit_code == 2
    assert "app=web && !(env=dev)" in refused.stderr
    assert made.exit_code == 0
    sent = [body for method, path, body in api.requests if (method, path) == ("POST", "attach-rules")]
    assert sent == [{"name": "web", "selector": "app=web", "network": "blue"}]


def test_a_floating_ip_is_led_to_a_port_and_to_none(weft: Weft, api: FakeApi) -> None:
    api.add("floating-ips", name="203.0.113.7")

    assert weft("floating-ip", "create", "--network", "internet", "--port", "web-1").exit_code == 0
    assert weft("floating-ip", "associate", "203.0.113.7", "web-2").exit_code == 0
    assert weft("floating-ip", "disassociate", "203.0.113.7").exit_code == 0

    sent = [request for request in api.requests if request[0] in ("POST", "PATCH")]
    assert sent == [
        ("POST", "floating-ips", {"network": "internet", "port": "web-1"}),
        ("PATCH", "floating-ips/203.0.113.7", {"port": "web-2"}),
        ("PATCH", "floating-ips/203.0.113.7", {"port": None}),
    ]
