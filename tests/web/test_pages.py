"""The pages as a person uses them."""

from playwright.sync_api import Page, expect
from tests.web.site import Site

from weft.model.ids import HostName
from weft.model.policy import Action, Direction, PortRange, Protocol, Service
from weft.model.port import PortKind
from weft.model.selector import Selector
from weft.store import policies, ports, status, tokens
from weft.store.policies import NewPolicy, NewRule
from weft.store.status import PortState
from weft.store.tokens import Role


def test_a_wrong_token_is_refused_with_the_cure(site: Site, page: Page) -> None:
    page.goto(site.url)
    page.get_by_label("Token").fill("not-a-token")
    page.get_by_role("button", name="Log in").click()

    expect(page.get_by_role("alert")).to_contain_text("ask an administrator")


def test_no_script_can_read_the_session(site: Site, page: Page) -> None:
    site.log_in(page)

    cookie = next(c for c in page.context.cookies() if c["name"] == "weft_session")
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert page.evaluate("document.cookie") == ""


def test_another_site_cannot_act_in_the_sessions_name(site: Site, page: Page) -> None:
    site.log_in(page)

    foreign = page.evaluate(
        "fetch('/api/v1/networks', {method: 'POST', body: '{\"name\": \"x\"}', "
        "headers: {'Content-Type': 'application/json'}}).then(r => r.status)"
    )

    assert foreign == 403
    assert list(site.store.snapshot().networks.values()) == []


def test_who_logged_out_is_nobody_even_with_the_old_cookie(site: Site, page: Page) -> None:
    site.log_in(page)
    cookies = page.context.cookies()
    page.get_by_role("button", name="Log out").click()
    page.get_by_label("Token").wait_for()

    page.context.add_cookies(cookies)  # type: ignore[arg-type]  # what it gave back is what it takes
    page.goto(f"{site.url}/map")

    expect(page.get_by_label("Token")).to_be_visible()


def test_a_network_made_on_the_page_shows_the_workloads_that_come_and_go(site: Site, page: Page) -> None:
    site.log_in(page, "/networks")
    page.get_by_role("button", name="New network").click()
    page.get_by_label("Name").fill("DockerSN")
    page.get_by_label("Subnet").fill("192.168.200.0/24")
    page.get_by_role("button", name="Create").click()
    page.get_by_role("link", name="DockerSN").wait_for()
    page.get_by_role("link", name="Map", exact=True).click()
    network = next(iter(site.store.snapshot().networks.values()))

    container = site.port(network, "gloomy_jang")
    site.port(network, "vm1", kind=PortKind.VM)

    expect(page.get_by_text("gloomy_jang")).to_be_visible()
    expect(page.get_by_text("vm1")).to_be_visible()
    with site.store.write("agent of h1") as tx:
        ports.remove_port(tx, container.id)
    expect(page.get_by_text("gloomy_jang")).to_have_count(0)


def test_a_port_that_comes_up_is_seen_to_come_up(site: Site, page: Page) -> None:
    network = site.network("DockerSN", "192.168.200.0/24")
    port = site.port(network, "web")
    site.log_in(page, "/endpoints")
    row = page.get_by_role("row", name="web")
    expect(row).to_contain_text("down")

    status.set_port_status(site.store, port.id, state=PortState.UP, host=HostName("h1"))

    expect(row).to_contain_text("up")


def test_what_the_api_refuses_stands_at_its_field_and_nothing_typed_is_lost(site: Site, page: Page) -> None:
    site.log_in(page, "/networks")
    page.get_by_role("button", name="New network").click()
    page.get_by_label("Name").fill("bad")
    page.get_by_label("Subnet").fill("192.168.200.1/24")
    page.get_by_role("button", name="Create").click()

    expect(page.get_by_role("alert")).to_be_visible()
    assert page.get_by_label("Subnet").get_attribute("aria-invalid") == "true"
    assert page.get_by_label("Name").input_value() == "bad"


def test_the_drill_down_tells_the_rules_in_their_order_and_the_default_last(site: Site, page: Page) -> None:
    network = site.network("DockerSN", "192.168.200.0/24")
    port = site.port(network, "web", app="web")
    with site.store.write("alice") as tx:
        group = policies.add_group(
            tx, project_id=network.project_id, name="web", selector=Selector("app=web")
        )
        http = Service(protocol=Protocol.TCP, ports=(PortRange(80, 80),))
        rules = (
            NewRule(direction=Direction.INGRESS, action=Action.ALLOW, service=http),
            NewRule(direction=Direction.INGRESS, action=Action.DROP),
        )
        policies.add_policy(
            tx, NewPolicy(project_id=network.project_id, name="web-only", target=group.id, rules=rules)
        )
    site.log_in(page, f"/endpoints/{port.id}")

    listed = page.locator("ol.rules").first.locator("li")
    expect(listed).to_have_count(3)
    expect(listed.nth(0)).to_contain_text("allow tcp/80 from anyone")
    expect(listed.nth(1)).to_contain_text("drop any traffic from anyone")
    expect(listed.nth(2)).to_contain_text("otherwise: same-network")
    expect(page.get_by_text("its labels match app=web")).to_be_visible()


def test_the_drill_down_tells_what_the_state_was_before_and_why(site: Site, page: Page) -> None:
    network = site.network("DockerSN", "192.168.200.0/24")
    port = site.port(network, "web")
    site.log_in(page, f"/endpoints/{port.id}")
    states = page.locator(".states li")
    expect(page.get_by_text("No host has told of it yet")).to_be_visible()

    for state, reason in ((PortState.PENDING, "waiting for its flows"), (PortState.UP, "")):
        status.set_port_status(site.store, port.id, state=state, reason=reason, host=HostName("h1"))

    expect(states.nth(0)).to_contain_text("up since ")
    expect(states.nth(1)).to_contain_text("waiting for its flows")


def test_the_page_says_who_reaches_whom_and_what_decides(site: Site, page: Page) -> None:
    network = site.network("DockerSN", "192.168.200.0/24")
    web = site.port(network, "web", app="web")
    site.port(network, "db", app="db")
    with site.store.write("alice") as tx:
        group = policies.add_group(tx, project_id=network.project_id, name="db", selector=Selector("app=db"))
        closed = (NewRule(direction=Direction.INGRESS, action=Action.DROP),)
        policies.add_policy(
            tx, NewPolicy(project_id=network.project_id, name="closed", target=group.id, rules=closed)
        )
    site.log_in(page, f"/endpoints/{web.id}")

    page.get_by_label("The other endpoint, by name or address").fill("db")
    page.get_by_label("Service").fill("tcp/5432")
    page.get_by_role("button", name="Explain").click()

    verdict = page.locator(".verdict")
    expect(verdict).to_contain_text("closed")
    expect(verdict).to_contain_text("alice")


def test_a_viewer_sees_its_project_and_gets_no_buttons_that_change(site: Site, page: Page) -> None:
    network = site.network("DockerSN", "192.168.200.0/24")
    with site.store.write("admin") as tx:
        token = tokens.issue(tx, role=Role.VIEWER, name="eve", project_id=network.project_id)
    site.log_in(page, "/networks", token=token)

    expect(page.get_by_role("link", name="DockerSN")).to_be_visible()
    expect(page.get_by_role("button", name="New network")).to_have_count(0)
    expect(page.get_by_role("link", name="Hosts")).to_have_count(0)


def test_many_endpoints_fold_and_unfold(site: Site, page: Page) -> None:
    network = site.network("DockerSN", "10.20.0.0/16")
    site.ports(network, [f"web-{number}" for number in range(300)])
    site.log_in(page)

    box = page.locator(".box.folded")
    expect(box).to_contain_text("300")
    box.click()

    expect(page.locator(".chip").first).to_be_visible()
