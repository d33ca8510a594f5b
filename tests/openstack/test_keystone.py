"""Weft's API takes Keystone's tokens; the claims of tests/fakes/keystone.py, of the real one."""

import sys
from typing import Any

from tests.openstack.cloud import Cloud

from weft.lab import story
from weft.lab.layout import Lab
from weft.lab.life import CA
from weft.lab.processes import try_on, until


def test_a_token_of_openstack_reaches_its_own_project_and_no_other(
    cloud: Cloud, lab: Lab, network: dict[str, Any]
) -> None:
    status, said = asked(lab, cloud.token, "network", "list", "-o", "json")

    assert status == 0
    assert network["id"] in said
    assert asked(lab, cloud.token, "network", "list", "--project", "default")[0] != 0
    assert asked(lab, cloud.token, "host", "list")[0] != 0


def test_a_token_that_openstack_has_revoked_opens_nothing(cloud: Cloud, lab: Lab) -> None:
    token = cloud.new_token()
    cloud.revoke(token)

    status, said = asked(lab, token, "network", "list")

    assert status != 0
    assert "unknown or expired" in said


def test_with_keystone_away_openstacks_tokens_wait_and_wefts_own_do_not(cloud: Cloud, lab: Lab) -> None:
    token = cloud.new_token()
    cloud.stop_keystone()
    try:
        status, said = asked(lab, token, "network", "list")
        assert status != 0
        assert "Keystone" in said
        assert story.weft(lab, "host", "list")
    finally:
        cloud.start_keystone()

    until(lambda: asked(lab, token, "network", "list")[0] == 0, "Keystone to be asked again", timeout_s=30)


def asked(lab: Lab, token: str, *argv: str) -> tuple[int, str]:
    """What `weft ARGV` ends with and says, under a token."""
    known = (f"WEFT_SERVER={lab.server_url}", f"WEFT_TOKEN={token}", f"WEFT_CA={CA}")
    done = try_on(lab.central, "env", *known, sys.executable, "-m", "weft.cli", *argv)
    return done.returncode, done.stdout + done.stderr
