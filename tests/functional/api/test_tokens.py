"""Who gets a token, and what becomes of it."""

import pytest
from tests.functional.api.rest import Rest

from weft.store.tokens import Role


def test_a_new_token_reaches_what_its_role_says(rest: Rest) -> None:
    made = rest.made("/tokens", {"name": "ann", "role": "member", "project": "other"})

    ann = rest.as_(made["token"])
    assert ann.get("/session").json() == {
        "name": "ann",
        "role": "member",
        "project": "other",
        "project_id": ann.get("/projects").json()["items"][0]["id"],
        "expires_at": None,
    }
    assert ann.made("/networks", {"name": "n"})["project"] == "other"
    assert ann.get("/networks", params={"project": "default"}).status_code == 404


def test_a_token_is_shown_once_and_kept_as_a_hash(rest: Rest) -> None:
    made = rest.made("/tokens", {"name": "ann", "role": "admin"})

    listed = rest.get("/tokens").text
    with rest.store.engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT * FROM tokens").all()
    assert '"ann"' in listed
    assert made["token"] not in listed
    assert made["token"] not in str(kept)


def test_a_revoked_token_and_its_sessions_end_at_once(rest: Rest) -> None:
    made = rest.made("/tokens", {"name": "ann", "role": "admin"})
    opened = rest.as_(None).post("/session", {"token": made["token"]})
    cookie = {"Cookie": f"weft_session={opened.cookies['weft_session']}"}
    assert rest.as_(None).get("/networks", headers=cookie).status_code == 200

    assert rest.delete("/tokens/ann").status_code == 204

    assert rest.as_(made["token"]).get("/networks").status_code == 401
    assert rest.as_(None).get("/networks", headers=cookie).status_code == 401
    assert rest.delete("/tokens/ann").status_code == 404


def test_an_expired_token_is_refused(rest: Rest) -> None:
    made = rest.made("/tokens", {"role": "admin", "ttl_s": 3600})
    assert rest.as_(made["token"]).get("/networks").status_code == 200
    with rest.store.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE tokens SET expires_at = '2020-01-01T00:00:00+00:00' WHERE name = 'admin-2'"
        )

    assert rest.as_(made["token"]).get("/networks").status_code == 401


@pytest.mark.parametrize("role", [Role.MEMBER, Role.VIEWER])
def test_only_administrators_deal_in_tokens(rest: Rest, role: Role) -> None:
    who = rest.with_token(role, project="default")

    tries = [
        who.get("/tokens"),
        who.post("/tokens", {"role": role.value, "project": "default"}),
        who.delete("/tokens/admin"),
    ]

    assert [answer.status_code for answer in tries] == [403] * 3


def test_a_host_deals_in_no_tokens(rest: Rest) -> None:
    h1 = rest.with_token(Role.HOST, host="h1")

    assert [h1.get("/tokens").status_code, h1.post("/tokens", {"role": "admin"}).status_code] == [403, 403]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"role": "member"}, "project"),
        ({"role": "admin", "project": "default"}, "project"),
        ({"role": "host"}, "role"),
        ({"role": "admin", "ttl_s": 0}, "ttl_s"),
        ({"role": "admin", "ttl_s": 10**9}, "ttl_s"),
        ({"role": "admin", "name": "host h1"}, "name"),
        ({"role": "admin", "nme": "x"}, "nme"),
    ],
)
def test_a_token_that_cannot_be_is_refused_with_the_field(rest: Rest, body: object, field: str) -> None:
    answer = rest.post("/tokens", body)

    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text


def test_the_tokens_of_a_removed_project_end(rest: Rest) -> None:
    rest.made("/projects", {"name": "gone"})
    made = rest.made("/tokens", {"role": "viewer", "project": "gone"})

    assert rest.delete("/projects/gone").status_code == 204

    assert rest.as_(made["token"]).get("/networks").status_code == 401
