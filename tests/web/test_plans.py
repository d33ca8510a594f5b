"""A change of policy on the pages: seen before it is made, and made just as it was seen."""

from uuid import uuid4

import httpx
from playwright.sync_api import Locator, Page, expect
from tests.web.site import Shop, Site, violations

from weft.model.invariant import Promise
from weft.model.policy import Direction, Mode, Peer, Service
from weft.model.selector import Selector
from weft.store import invariants, policies
from weft.store.invariants import NewInvariant

SSH_OPENS = "opens tcp/22 from web-1, web-2 to 1 port of group db"


def opened(site: Site, page: Page) -> tuple[Shop, Locator]:
    """The policy editor with the shop's policy, and the rows of its rules."""
    shop = site.shop()
    site.log_in(page, f"/policies/{shop.policy.id}")
    rows = page.get_by_role("grid").get_by_role("row")
    expect(rows).to_have_count(2)
    return shop, rows


def directions(site: Site, shop: Shop) -> list[str]:
    return [rule.action.value for rule in site.store.snapshot().policies[shop.policy.id].rules]


def test_a_draft_shows_who_would_reach_whom_and_changes_nothing_until_it_is_applied(
    site: Site, page: Page
) -> None:
    shop, _ = opened(site, page)
    page.get_by_role("button", name="Up: ingress allow tcp/22 from anyone").click()

    plan = page.get_by_label("The plan")
    expect(plan).to_contain_text(SSH_OPENS)
    expect(plan).to_contain_text("rows of OVN: ACL")
    assert directions(site, shop) == ["drop", "allow"]

    plan.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("Applied.")).to_be_visible()
    expect(plan).to_have_count(0)
    assert directions(site, shop) == ["allow", "drop"]
    kept = site.store.snapshot().policies[shop.policy.id].rules
    assert {rule.id for rule in kept} == {rule.id for rule in shop.policy.rules}
    assert [rule.count for rule in kept] == [False, True]


def test_rules_are_dragged_by_keyboard(site: Site, page: Page) -> None:
    _, rows = opened(site, page)

    rows.first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="Drag: ingress allow tcp/22")).to_be_focused()
    page.keyboard.press("Enter")
    for where in ("Insert after ingress allow", "Insert between", "Insert before ingress drop"):
        expect(page.get_by_label(where)).to_be_focused()
        page.keyboard.press("Enter" if "before" in where else "ArrowUp")

    expect(rows.first).to_contain_text("allow")
    expect(page.get_by_label("The plan")).to_contain_text(SSH_OPENS)


def test_a_discarded_draft_leaves_nothing(site: Site, page: Page) -> None:
    shop, rows = opened(site, page)
    page.get_by_role("button", name="Remove: ingress drop").click()
    expect(rows).to_have_count(1)

    page.get_by_role("button", name="Discard").click()

    expect(rows).to_have_count(2)
    assert directions(site, shop) == ["drop", "allow"]


def test_a_rule_is_edited_and_what_the_server_refuses_stands_at_its_field(site: Site, page: Page) -> None:
    _, rows = opened(site, page)
    page.get_by_role("button", name="Edit: ingress allow tcp/22").click()
    dialog = page.get_by_role("dialog")
    ports = dialog.get_by_label("Ports")
    ports.fill("22,99999")

    expect(ports).to_have_attribute("aria-invalid", "true")  # as soon as it was typed
    expect(dialog.locator(".field.wrong")).to_contain_text("not a port range")
    ports.fill("22,2222")
    dialog.get_by_label("From", exact=True).select_option(label="group web")
    dialog.get_by_role("button", name="Keep in the draft").click()

    expect(rows.nth(1)).to_contain_text("tcp/22,2222 from group web")
    expect(rows.nth(1)).to_contain_text("changed")


def test_what_would_break_an_invariant_is_named_and_cannot_be_applied(site: Site, page: Page) -> None:
    shop = site.shop()
    with site.store.write("alice") as tx:
        never = NewInvariant(
            project_id=shop.network.project_id,
            name="no-ssh",
            promise=Promise.NEVER,
            destination=Peer(group_id=shop.policy.target),
            service=Service(),
        )
        invariants.add_invariant(tx, never)
    site.log_in(page, f"/policies/{shop.policy.id}")

    page.get_by_role("button", name="Up: ingress allow tcp/22").click()

    plan = page.get_by_label("The plan")
    expect(plan).to_contain_text("invariant no-ssh is broken: web-1")
    expect(plan.get_by_role("button", name="Apply")).to_be_disabled()


def test_a_plan_follows_a_model_that_moves(site: Site, page: Page) -> None:
    shop, _ = opened(site, page)
    page.get_by_role("button", name="Up: ingress allow tcp/22").click()
    plan = page.get_by_label("The plan")
    expect(plan).to_contain_text(SSH_OPENS)

    site.port(shop.network, "web-3", app="web")

    expect(plan).to_contain_text("opens tcp/22 from web-1, web-2, web-3 to 1 port of group db")


def test_a_draft_says_when_somebody_else_changed_the_policy(site: Site, page: Page) -> None:
    shop, _ = opened(site, page)
    page.get_by_role("button", name="Up: ingress allow tcp/22").click()

    with site.store.write("bob") as tx:
        policies.change_policy(tx, shop.policy.id, description="mine")

    expect(page.get_by_role("alert")).to_contain_text("Somebody has changed this policy")


def test_a_verdict_comes_with_what_would_turn_it_and_a_plan_of_that(site: Site, page: Page) -> None:
    shop = site.shop()
    site.log_in(page, f"/endpoints/{shop.web[0].id}")
    page.get_by_label("The other endpoint, by name or address").fill("db-1")
    page.get_by_label("Service").fill("tcp/5432")
    page.get_by_role("button", name="Explain").click()
    expect(page.locator(".verdict")).to_contain_text("closed")

    remedies = page.locator(".remedies li")
    wanted = remedies.filter(has_text="from group web")
    expect(wanted).to_contain_text("opens 2 pairs, closes no pairs")
    wanted.get_by_role("button").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("opens tcp/5432 from 2 ports of group web to 1 port of group db")
    dialog.get_by_role("button", name="Apply").click()

    expect(page.locator(".verdict")).to_contain_text("web-1 reaches db-1")
    rules = site.store.snapshot().policies[shop.policy.id].rules
    assert rules[0].direction is Direction.INGRESS
    assert rules[0].peer == Peer(group_id=shop.web_group.id)


def test_a_selector_says_live_whom_it_matches(site: Site, page: Page) -> None:
    shop = site.shop()
    site.log_in(page, "/groups")
    page.get_by_role("button", name="New group").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Selector").fill("app=web")
    expect(dialog).to_contain_text("matches 2: web-1, web-2")

    site.port(shop.network, "web-3", app="web")

    expect(dialog).to_contain_text("matches 3")
    dialog.get_by_label("Selector").fill("app=web &&")
    expect(dialog.locator(".bad")).to_be_visible()
    assert Selector("app=web") in [group.selector for group in site.store.snapshot().groups.values()]


def test_a_policy_is_made_with_its_rules_by_one_plan(site: Site, page: Page) -> None:
    shop = site.shop()
    before = site.store.revision
    site.log_in(page, "/policies")
    page.get_by_role("link", name="New policy").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("closed")
    dialog.get_by_role("button", name="Keep in the draft").click()
    expect(dialog.locator(".field.wrong")).to_contain_text("There is a policy closed already.")
    dialog.get_by_label("Name").fill("web-apart")
    dialog.get_by_label("For").select_option(label="group web")
    dialog.get_by_label("Order").fill("soon")
    dialog.get_by_role("button", name="Keep in the draft").click()
    expect(dialog.get_by_label("Order")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Order").fill("5")
    dialog.get_by_role("button", name="Keep in the draft").click()
    page.get_by_role("button", name="Rule", exact=True).click()
    dialog.get_by_label("Action").select_option(label="drop")
    dialog.get_by_role("button", name="Add to the draft").click()

    plan = page.get_by_label("The plan")
    expect(plan).to_contain_text("closes any from")
    assert site.store.revision == before
    plan.get_by_role("button", name="Apply").click()

    expect(page.get_by_role("link", name="web-apart")).to_be_visible()
    assert site.store.revision == before + 1
    made = next(p for p in site.store.snapshot().policies.values() if p.name == "web-apart")
    assert (made.target, made.order, len(made.rules)) == (shop.web_group.id, 5, 1)
    expect(page).to_have_url(f"{site.url}/policies/{made.id}")


def test_a_policy_is_renamed_by_a_plan_and_stays_itself(site: Site, page: Page) -> None:
    shop, rows = opened(site, page)
    page.get_by_role("button", name="Settings").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("bad/name")
    dialog.get_by_role("button", name="Keep in the draft").click()
    expect(dialog.get_by_label("Name")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Name").fill("db-apart")
    dialog.get_by_label("Description").fill("nobody but")
    dialog.get_by_role("button", name="Keep in the draft").click()

    plan = page.get_by_label("The plan")
    expect(plan).to_contain_text("Everybody reaches just whom they reached before.")
    plan.get_by_role("button", name="Apply").click()

    expect(page.get_by_text("Applied.")).to_be_visible()
    expect(rows).to_have_count(2)
    after = site.store.snapshot().policies[shop.policy.id]
    assert (after.name, after.description) == ("db-apart", "nobody but")
    assert [rule.id for rule in after.rules] == [rule.id for rule in shop.policy.rules]


def test_a_policy_goes_only_after_it_was_seen_what_that_opens(site: Site, page: Page) -> None:
    shop, _ = opened(site, page)
    page.get_by_role("button", name="Delete").click()
    plan = page.get_by_role("dialog").get_by_label("The plan")
    expect(plan).to_contain_text("opens any from web-1, web-2 to 1 port of group db")
    assert violations(page) == []
    assert shop.policy.id in site.store.snapshot().policies

    plan.get_by_role("button", name="Apply").click()

    expect(page).to_have_url(f"{site.url}/policies")
    assert shop.policy.id not in site.store.snapshot().policies


def test_a_policy_in_audit_says_what_it_would_decide_and_is_enforced_by_a_plan(
    site: Site, page: Page
) -> None:
    shop = site.shop()
    with site.store.write("alice") as tx:
        policies.change_policy(tx, shop.policy.id, mode=Mode.AUDIT)
    told = {"run": str(uuid4()), "number": 1, "connections": [connection(shop)]}
    headers = {"Authorization": f"Bearer {site.token}"}
    answer = httpx.post(f"{site.url}/api/v1/hosts/h1/connections", json=told, headers=headers, timeout=60)
    assert answer.is_success, answer.text
    site.log_in(page, f"/policies/{shop.policy.id}")

    estimate = page.locator(".estimate")
    expect(estimate).to_contain_text("would drop 1 connection of tcp/5432 from web-1")
    assert violations(page) == []
    estimate.get_by_role("button", name="Plan to enforce it").click()
    plan = page.get_by_label("The plan")
    expect(plan).to_contain_text("closes any from web-1, web-2 to 1 port of group db")
    plan.get_by_role("button", name="Apply").click()

    expect(page.get_by_text("Applied.")).to_be_visible()
    expect(estimate).to_have_count(0)
    assert site.store.snapshot().policies[shop.policy.id].mode is Mode.ENFORCED


def connection(shop: Shop) -> dict[str, object]:
    """From a web server to the database, as the database's host tracks it."""
    source, destination = (str(port.fixed_ips[0].address) for port in (shop.web[0], shop.db))
    return {
        "port": str(shop.db.id),
        "source": source,
        "destination": destination,
        "protocol": "tcp",
        "value": 5432,
        "source_port": 40_000,
    }
