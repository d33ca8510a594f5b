"""A machine becomes a host and stops being one, killed anywhere on the way, and is as it was."""

import json
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.functional.host.conftest import TOKEN, Here

from weft import trust
from weft.client import ServerUnreachable
from weft.host.facts import SslFiles
from weft.host.join import HostRefused
from weft.host.leave import NotAHost, StillPlugged
from weft.host.record import Phase, read
from weft.model.ids import HostName


class Killed(Exception):
    """What a test ends a command with."""


class Fuse:
    """Ends a command after so many steps."""

    def __init__(self, steps: int) -> None:
        self.left, self.heard = steps, 0

    def __call__(self, step: str) -> None:
        self.heard += 1
        if self.left == 0:
            raise Killed(step)
        self.left -= 1


def steps_of_a_join(here: Here) -> int:
    fuse = Fuse(1000)
    here.join(fuse)
    return fuse.heard


def test_a_host_is_a_chassis_of_the_installation(here: Here) -> None:
    here.join()

    ids = here.switch().external_ids
    assert ids["ovn-remote"] == "ssl:weft:6642"
    assert ids["ovn-encap-type"] == "vxlan"
    assert ids["ovn-encap-ip"] == "10.0.0.1"
    assert ids["ovn-bridge-datapath-type"] == "netdev"
    assert ids["ovn-ofctrl-wait-before-clear"] == "8000"
    assert (ids["system-id"], here.layout.chassis.read_text()) == ("h1", "h1\n")


def test_a_host_has_credentials_that_root_alone_reads(here: Here) -> None:
    here.join()

    layout = here.layout
    assert layout.certificate.read_text() == "the certificate"
    assert "PRIVATE KEY" in layout.key.read_text()
    for secret in (layout.key, layout.token, layout.settings, layout.record):
        assert secret.stat().st_mode & 0o077 == 0, secret
    assert here.switch().ssl == SslFiles(str(layout.key), str(layout.certificate), str(layout.ca))


def test_a_join_that_is_repeated_keeps_the_certificate_that_was_renewed(here: Here) -> None:
    now, authority = datetime.now(UTC), trust.Authority.new(datetime.now(UTC))
    request = trust.request(trust.new_key(), "h1")
    first, renewed = (authority.host(HostName("h1"), request, now + timedelta(days=days)) for days in (0, 8))
    here.installation.joined = replace(here.installation.joined, certificate=first)
    here.join()
    here.layout.certificate.write_text(renewed)

    here.join()

    assert here.layout.certificate.read_text() == renewed


def test_the_key_is_made_here_and_only_the_request_leaves(here: Here) -> None:
    here.join()

    (request,) = here.installation.requests
    assert "CERTIFICATE REQUEST" in request
    assert "PRIVATE KEY" not in request


def test_what_was_there_is_not_touched(here: Here) -> None:
    here.join()

    switch = here.switch()
    assert switch.external_ids["mine"] == "kept"
    assert switch.bridge("br-phys") is not None


def test_a_machine_of_another_ovn_is_refused_and_nothing_is_changed(here: Here) -> None:
    here.vsctl("set", "Open_vSwitch", ".", "external_ids:ovn-remote=ssl:192.0.2.1:6642")
    before = here.looks()

    with pytest.raises(HostRefused, match=r"ssl:192\.0\.2\.1:6642"):
        here.join()

    assert here.looks() == before
    assert here.installation.tokens == {TOKEN}


def test_joining_twice_with_one_token_is_joining_once(here: Here) -> None:
    here.join()
    before = here.looks()

    here.join()

    assert here.looks() == before


def test_a_new_token_renews_the_credentials_and_keeps_what_was_before(here: Here) -> None:
    here.join()
    here.installation.tokens.add("weft1.again")
    kept = read(here.layout.record)

    here.joining("weft1.again").run(lambda _: None)

    renewed = read(here.layout.record)
    assert kept is not None
    assert renewed is not None
    assert renewed.before == kept.before
    assert len(here.installation.requests) == 2


def test_a_join_that_was_killed_anywhere_is_finished_by_repeating_it(here: Here) -> None:
    original = here.looks()
    steps = steps_of_a_join(here)
    joined = here.looks()
    here.leave()

    for survived in range(steps):
        here.installation.tokens.add(TOKEN)
        with pytest.raises(Killed):
            here.join(Fuse(survived))
        here.join()

        ids = here.switch().external_ids
        assert (ids["ovn-remote"], here.services.agent) == ("ssl:weft:6642", True), survived
        here.leave()
        assert here.looks() == original, survived
    assert steps > 5
    assert joined != original


def test_a_join_that_was_killed_anywhere_can_be_taken_back(here: Here) -> None:
    original = here.looks()
    steps = steps_of_a_join(here)
    here.leave()

    for survived in range(steps):
        here.installation.tokens.add(TOKEN)
        with pytest.raises(Killed):
            here.join(Fuse(survived))

        here.leave()

        assert here.looks() == original, survived


def test_a_leave_that_was_killed_anywhere_is_finished_by_repeating_it(here: Here) -> None:
    original = here.looks()
    here.join()
    fuse = Fuse(1000)
    here.leave(fuse)

    for survived in range(fuse.heard - 1):  # after the last step there is nothing to repeat
        here.installation.tokens.add(TOKEN)
        here.join()
        with pytest.raises(Killed):
            here.leave(Fuse(survived))

        assert here.leave() == []

        assert here.looks() == original, survived
        assert here.installation.hosts == set()
    assert fuse.heard > 3


def test_a_server_that_does_not_answer_leaves_the_machine_untouched(here: Here) -> None:
    before = here.looks()
    here.installation.away = True

    with pytest.raises(ServerUnreachable):
        here.join()

    assert here.looks() == before
    here.installation.away = False
    here.join()
    assert here.services.agent


def test_leaving_puts_back_what_join_replaced(here: Here) -> None:
    here.layout.chassis.write_text("a-name-of-mine\n")
    here.vsctl("set", "Open_vSwitch", ".", "external_ids:ovn-encap-type=stt", "other_config:vlan-limit=2")
    here.vsctl("add-br", "br-int", "--", "set-fail-mode", "br-int", "secure")
    original = here.looks()
    here.join()
    here.vsctl("--if-exists", "remove", "Open_vSwitch", ".", "other_config", "vlan-limit")
    here.vsctl("add-port", "br-int", "ovn-h2-0")

    here.leave()

    assert here.looks() == original


def test_settings_that_somebody_made_meanwhile_are_kept(here: Here) -> None:
    here.join()
    here.vsctl("set", "Open_vSwitch", ".", "external_ids:theirs=new")
    here.vsctl("add-br", "br-theirs")

    here.leave()

    assert here.switch().external_ids["theirs"] == "new"
    assert here.switch().bridge("br-theirs") is not None


def test_a_host_in_use_does_not_leave_and_says_who_uses_it(here: Here) -> None:
    here.join()
    here.vsctl("add-br", "br-int")
    here.vsctl("add-port", "br-int", "tap3", "--", "set", "Interface", "tap3", "external_ids:iface-id=p1")
    before = here.looks()

    with pytest.raises(StillPlugged, match="tap3"):
        here.leave()

    assert here.looks() == before
    assert here.services.agent


def test_by_force_it_leaves_although_it_is_in_use(here: Here) -> None:
    original = here.looks()
    here.join()
    here.vsctl("add-br", "br-int")
    here.vsctl("add-port", "br-int", "tap3", "--", "set", "Interface", "tap3", "external_ids:iface-id=p1")

    here.leave(force=True)

    assert here.looks() == original


def test_without_the_server_the_machine_is_cleaned_and_says_what_is_left_to_do(here: Here) -> None:
    original = here.looks()
    here.join()
    here.installation.away = True

    left = here.leave()

    assert here.looks() == original
    assert any("weft host retire h1" in sentence for sentence in left)


def test_what_an_engine_keeps_is_left_to_do(here: Here) -> None:
    here.join()
    here.traces.stubborn.append("DockerSN")

    assert here.leave() == ["Docker keeps network DockerSN"]


def test_a_machine_that_is_no_host_cannot_leave(here: Here) -> None:
    with pytest.raises(NotAHost):
        here.leave()


def test_a_host_that_began_to_leave_does_not_join_before_it_has_left(here: Here) -> None:
    here.join()
    with pytest.raises(Killed):
        here.leave(Fuse(0))

    record = read(here.layout.record)
    assert record is not None
    assert record.phase is Phase.LEAVING
    with pytest.raises(HostRefused, match="weft host leave again"):
        here.join()


def test_container_runtimes_find_the_plugin_and_the_network_that_is_named(here: Here) -> None:
    joining = here.joining()
    replace(joining, wish=replace(joining.wish, cni="shop.DockerSN")).run(lambda _: None)

    plugin, network = here.layout.cni_plugin, json.loads(here.layout.cni_network.read_text())
    asked = {"env": {"CNI_COMMAND": "VERSION"}, "input": b'{"cniVersion": "1.0.0"}'}
    answer = json.loads(subprocess.run([plugin], check=True, capture_output=True, **asked).stdout)  # type: ignore[call-overload]
    assert answer["cniVersion"] == "1.0.0"
    assert set(network["cniVersions"]) <= set(answer["supportedVersions"])
    (attach,) = network["plugins"]
    assert (attach["type"], attach["network"], attach["project"]) == (plugin.name, "DockerSN", "shop")


def test_a_network_that_somebody_configured_under_our_name_comes_back(here: Here) -> None:
    here.layout.cni_network.parent.mkdir(parents=True)
    here.layout.cni_network.write_text("theirs")
    joining = here.joining()
    replace(joining, wish=replace(joining.wish, cni="DockerSN")).run(lambda _: None)
    assert here.layout.cni_network.read_text() != "theirs"

    here.leave()

    assert here.layout.cni_network.read_text() == "theirs"
    assert not here.layout.cni_plugin.parent.exists()


def test_folders_that_were_there_empty_stay_and_those_that_join_made_go(here: Here) -> None:
    theirs, ours = here.layout.cni_network.parent, here.layout.cni_plugin.parent
    theirs.mkdir(parents=True)
    joining = here.joining()
    replace(joining, wish=replace(joining.wish, cni="DockerSN")).run(lambda _: None)

    here.leave()

    assert list(theirs.iterdir()) == []
    assert not ours.parent.exists()
