"""Networks, groups, limits and projects are changed on their pages; what is refused stands at its field."""

from dataclasses import replace

from playwright.sync_api import Locator, Page, expect
from tests.web.site import Site, violations

from weft.model.network import Default
from weft.model.policy import RateLimit
from weft.store import policies
from weft.store.policies import NewQosPolicy


def changing(site: Site, page: Page, path: str, name: str) -> Locator:
    """The dialog that changes what is called `name`."""
    site.log_in(page, path)
    page.get_by_role("button", name=f"Change {name}").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert violations(page) == []
    return dialog


def test_a_network_gets_another_name_default_mtu_and_limit(site: Site, page: Page) -> None:
    network = site.network("DockerSN", "192.168.200.0/24")
    with site.store.write("operator") as tx:
        slow = NewQosPolicy(project_id=network.project_id, name="slow", egress=RateLimit(rate_kbps=1000))
        limit = policies.add_qos_policy(tx, slow)
    dialog = changing(site, page, "/networks", "DockerSN")
    dialog.get_by_label("Name").fill("front")
    dialog.get_by_label("what may reach its endpoints").select_option("drop")
    dialog.get_by_label("QoS policy").select_option(label="slow")
    for wrong in ("large", "10"):
        dialog.get_by_label("MTU").fill(wrong)
        dialog.get_by_role("button", name="Save").click()
        expect(dialog.get_by_label("MTU")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("MTU").fill("1400")
    dialog.get_by_role("button", name="Save").click()

    expect(page.get_by_role("row", name="front")).to_contain_text("drop")
    assert site.store.snapshot().networks[network.id] == replace(
        network, name="front", default_ingress=Default.DROP, mtu=1400, qos_policy_id=limit.id
    )


def test_a_group_lists_endpoints_by_hand_and_only_those_that_exist(site: Site, page: Page) -> None:
    shop = site.shop()
    dialog = changing(site, page, "/groups", "web")
    dialog.get_by_label("Listed by hand").fill("db-1, nobody")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_label("Listed by hand")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Listed by hand").fill("db-1")
    dialog.get_by_label("Description").fill("and the database")
    dialog.get_by_role("button", name="Save").click()

    expect(page.get_by_role("row", name="and the database")).to_contain_text("3")
    group = site.store.snapshot().groups[shop.web_group.id]
    assert (group.members, group.selector) == (frozenset({shop.db.id}), shop.web_group.selector)


def test_a_limit_is_changed_and_its_burst_stays(site: Site, page: Page) -> None:
    network = site.network("DockerSN", "192.168.200.0/24")
    with site.store.write("operator") as tx:
        declared = RateLimit(rate_kbps=1000, burst_kb=77)
        slow = policies.add_qos_policy(
            tx, NewQosPolicy(project_id=network.project_id, name="slow", egress=declared)
        )
    dialog = changing(site, page, "/qos", "slow")
    expect(dialog.get_by_label("Sends at most")).to_have_value("1")
    dialog.get_by_label("Sends at most").fill("2.5")
    dialog.get_by_label("DSCP").fill("64")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_label("DSCP")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("DSCP").fill("46")
    dialog.get_by_role("button", name="Save").click()

    expect(page.get_by_role("row", name="slow")).to_contain_text("sends at most 2.5 Mbit/s, marked DSCP 46")
    assert site.store.snapshot().qos_policies[slow.id].egress == RateLimit(rate_kbps=2500, burst_kb=77)


def test_a_project_is_made_renamed_and_deleted(site: Site, page: Page) -> None:
    site.log_in(page, "/projects")
    page.get_by_role("button", name="New project").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("default")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_label("Name")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Name").fill("shop")
    dialog.get_by_role("button", name="Create").click()
    page.get_by_role("button", name="Change shop").click()
    dialog.get_by_label("Name").fill("store")
    dialog.get_by_role("button", name="Save").click()
    row = page.get_by_role("row", name="store")
    expect(row).to_be_visible()

    row.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()

    expect(row).to_have_count(0)
    assert {project.name for project in site.store.snapshot().projects.values()} == {"default"}
