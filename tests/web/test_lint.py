"""Lint on the pages: what does nothing, why, and the cure as a plan."""

from playwright.sync_api import Page, expect
from tests.web.site import Site, violations

from weft.store import policies
from weft.store.policies import NewPolicy


def test_a_finding_says_where_why_and_the_cure_and_the_cure_is_planned(site: Site, page: Page) -> None:
    shop = site.shop()
    site.log_in(page, "/lint")
    finding = page.locator(".findings li")
    expect(finding).to_have_count(1)
    expect(finding).to_contain_text("shadowed")
    expect(finding).to_contain_text("rule 2 of policy closed")
    expect(finding).to_contain_text("rule 1 of policy closed decides before it")
    assert violations(page) == []

    finding.get_by_role("button", name="See the plan").click()
    plan = page.get_by_label("The plan")
    expect(plan).to_contain_text("Everybody reaches just whom they reached before.")
    assert violations(page) == []
    plan.get_by_role("button", name="Apply").click()

    expect(page.get_by_text("Nothing: every rule decides something")).to_be_visible()
    assert [rule.id for rule in site.store.snapshot().policies[shop.policy.id].rules] == [
        shop.policy.rules[0].id
    ]


def test_a_finding_leads_to_its_rule(site: Site, page: Page) -> None:
    site.shop()
    site.log_in(page, "/lint")

    page.locator(".findings").get_by_role("link", name="closed").click()

    expect(page.locator(".rulelist .sought")).to_contain_text("allow tcp/22")


def test_a_policy_without_effect_goes_by_a_plan_and_new_findings_come_by_themselves(
    site: Site, page: Page
) -> None:
    shop = site.shop()
    site.log_in(page, "/lint?problem=no-effect")
    expect(page.get_by_label("Show")).to_be_visible()
    expect(page.locator(".findings li")).to_have_count(0)

    with site.store.write("bob") as tx:
        policies.add_policy(tx, NewPolicy(project_id=shop.network.project_id, name="idle", target=None))

    finding = page.locator(".findings li")
    expect(finding).to_contain_text("policy idle")
    finding.get_by_role("button", name="See the plan").click()
    page.get_by_label("The plan").get_by_role("button", name="Apply").click()
    expect(finding).to_have_count(0)
    assert "idle" not in {policy.name for policy in site.store.snapshot().policies.values()}
