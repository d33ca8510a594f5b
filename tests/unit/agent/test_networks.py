from dataclasses import replace

from tests.fakes.runtime import WEB

from weft.agent.docker.networks import plan
from weft.agent.docker.runtime import Container, DockerNetwork, Endpoint

OURS = DockerNetwork(
    id="d1",
    name="web",
    driver="weft",
    labels={"weft.managed": "true"},
    weft_id=WEB.id,
    subnets=("10.0.0.0/24",),
)


def names(*args: object, present: tuple[DockerNetwork, ...] = ()) -> list[object]:
    return [config["Name"] for config in plan(args, present, []).create]  # type: ignore[arg-type]


def test_a_served_network_appears_under_its_own_name_with_its_id_in_the_ipam_options() -> None:
    (config,) = plan([WEB], [], []).create

    assert config["Name"] == "web"
    assert config["IPAM"] == {
        "Driver": "weft",
        "Options": {"weft.network": WEB.id},
        "Config": [{"Subnet": "10.0.0.0/24", "Gateway": "10.0.0.1"}],
    }


def test_what_is_there_already_is_left_alone() -> None:
    changes = plan([WEB], [OURS], [])

    assert (changes.create, changes.remove) == ((), ())


def test_networks_of_the_same_name_carry_their_projects() -> None:
    assert names(WEB, replace(WEB, id="2", project="lab")) == ["default.web", "lab.web"]


def test_a_name_that_docker_has_already_carries_the_project() -> None:
    assert names(WEB, present=(DockerNetwork(id="d2", name="web", driver="bridge"),)) == ["default.web"]


def test_only_our_own_networks_are_removed() -> None:
    theirs = replace(OURS, id="d2", name="mine", labels={})

    assert plan([], [OURS, theirs], []).remove == (OURS,)


def test_a_network_without_a_subnet_waits_for_one() -> None:
    assert names(replace(WEB, subnets=())) == []


def container(**endpoints: Endpoint) -> Container:
    return Container(
        id="c", name="c", image="i", labels={}, state="running", network_mode="web", endpoints=endpoints
    )


def test_a_name_that_comes_to_clash_gets_its_project_once_nobody_uses_it() -> None:
    served = [WEB, replace(WEB, id="2", project="lab")]

    used = plan(served, [OURS], [container(web=Endpoint())])
    free = plan(served, [OURS], [])

    assert (used.remove, [config["Name"] for config in used.create]) == ((), ["lab.web"])
    assert free.remove == (OURS,)
    assert [config["Name"] for config in free.create] == ["default.web", "lab.web"]


def test_a_network_that_is_gone_stays_while_a_container_runs_on_it() -> None:
    assert plan([], [OURS], [container(web=Endpoint("e1"))]).remove == ()
    assert plan([], [OURS], [container(web=Endpoint())]).remove == (OURS,)


def test_a_network_whose_prefix_changed_is_made_anew_once_nobody_runs_on_it() -> None:
    changed = replace(WEB, subnets=(replace(WEB.subnets[0], cidr="10.9.0.0/24", gateway="10.9.0.1"),))

    used = plan([changed], [OURS], [container(web=Endpoint("e1"))])
    free = plan([changed], [OURS], [container(web=Endpoint())])

    assert (used.remove, used.create) == ((), ())
    assert (free.remove, [config["Name"] for config in free.create]) == ((OURS,), ["web"])


def test_a_network_of_a_users_own_with_the_same_name_stands_for_ours() -> None:
    own = DockerNetwork(id="d2", name="web", driver="weft", weft_id=WEB.id)

    assert names(WEB, present=(own,)) == []
    assert names(WEB, present=(replace(own, name="mine"),)) == ["web"]
