"""Who may ask with a token of Keystone's, and how often Keystone is asked."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest
from tests.fakes.keystone import FakeKeystone

from weft.keystone import Keystone
from weft.model.errors import Forbidden, Unauthenticated, Unavailable
from weft.model.ids import ProjectId
from weft.store.tokens import Role

DEMO = ProjectId(UUID("5e2d3f0a1b8c4d6e9f00112233445566"))
ROLES = {"boss": Role.ADMIN, "member": Role.MEMBER, "reader": Role.VIEWER}
BEGINNING = datetime(2026, 11, 28, 8, tzinfo=UTC)


@dataclass
class World:
    """A Keystone, what asks it, and the clock of both."""

    now: datetime = BEGINNING
    fake: FakeKeystone = field(default_factory=lambda: FakeKeystone(BEGINNING))
    projects: set[ProjectId] = field(default_factory=lambda: {DEMO})

    def __post_init__(self) -> None:
        self.keystone = Keystone(
            "https://keystone:5000/v3/",
            roles=ROLES,
            known=lambda project: project in self.projects,
            now=lambda: self.now,
            transport=httpx.MockTransport(self.fake),
        )


@pytest.fixture
def world() -> World:
    return World()


def test_a_member_of_a_project_of_openstack_is_one_of_the_same_project_here(world: World) -> None:
    token = world.fake.issue("t", "member", project=DEMO.hex)

    who = world.keystone.caller_of(token)

    assert who is not None
    assert (who.role, who.project_id, who.name) == (Role.MEMBER, DEMO, "keystone/Default/ann")


def test_the_widest_of_several_roles_counts(world: World) -> None:
    token = world.fake.issue("t", "reader", "unheard-of", "member", project=DEMO.hex)

    who = world.keystone.caller_of(token)

    assert who is not None
    assert who.role is Role.MEMBER


def test_an_administrator_needs_no_project(world: World) -> None:
    who = world.keystone.caller_of(world.fake.issue("t", "boss"))

    assert who is not None
    assert (who.role, who.project_id) == (Role.ADMIN, None)


def test_keystones_admin_is_nobodys_administrator_unless_a_setting_says_so(world: World) -> None:
    with pytest.raises(Forbidden, match=r"'ann' in project 'demo' the roles admin"):
        world.keystone.caller_of(world.fake.issue("t", "admin", project=DEMO.hex))


def test_a_token_for_no_project_is_refused_with_what_to_do(world: World) -> None:
    with pytest.raises(Unauthenticated, match="OS_PROJECT_NAME"):
        world.keystone.caller_of(world.fake.issue("t", "member"))


def test_a_project_that_weft_does_not_have_is_named_and_may_come_later(world: World) -> None:
    world.projects.clear()
    token = world.fake.issue("t", "member", project=DEMO.hex)
    with pytest.raises(Forbidden, match=str(DEMO)):
        world.keystone.caller_of(token)

    world.projects.add(DEMO)

    assert world.keystone.caller_of(token) is not None


def test_keystone_is_asked_once_in_a_while_whatever_it_says(world: World) -> None:
    world.fake.issue("good", "member", project=DEMO.hex)
    world.fake.issue("idle", project=DEMO.hex)
    for _ in range(2):
        world.keystone.caller_of("good")
        world.keystone.caller_of("bad")
        with pytest.raises(Forbidden, match="the roles none"):
            world.keystone.caller_of("idle")
    assert world.fake.asked == 3

    del world.fake.tokens["good"]  # revoked
    assert world.keystone.caller_of("good") is not None
    world.now += timedelta(seconds=61)

    assert world.keystone.caller_of("good") is None


def test_a_token_opens_nothing_after_its_end(world: World) -> None:
    token = world.fake.issue("t", "member", project=DEMO.hex, lives_s=10)
    assert world.keystone.caller_of(token) is not None
    del world.fake.tokens["t"]

    world.now += timedelta(seconds=11)

    assert world.keystone.caller_of(token) is None


def test_while_keystone_is_away_nobody_waits_for_it_twice(world: World) -> None:
    token = world.fake.issue("t", "member", project=DEMO.hex)
    world.fake.away = True
    for _ in range(3):
        with pytest.raises(Unavailable):
            world.keystone.caller_of(token)
    assert world.fake.asked == 1

    world.fake.away = False
    world.now += timedelta(seconds=6)

    assert world.keystone.caller_of(token) is not None


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"token": {"expires_at": "soon"}}),
        httpx.Response(200, json=["token"]),
        httpx.Response(500),
    ],
)
def test_what_is_no_answer_of_keystones_lets_nobody_in(world: World, answer: httpx.Response) -> None:
    world.fake.answers = answer

    with pytest.raises(Unavailable):
        world.keystone.caller_of("t")


@pytest.mark.parametrize("token", ["a\nb", "schlüssel", "a\x00"])
def test_what_cannot_stand_in_a_header_is_not_even_asked_about(world: World, token: str) -> None:
    assert world.keystone.caller_of(token) is None
    assert world.fake.asked == 0
