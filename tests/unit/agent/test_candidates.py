from weft.agent.docker.candidates import candidates
from weft.agent.docker.runtime import Container, Endpoint


def container(name: str, state: str = "created", endpoint: str = "", asked: str = "") -> Container:
    return Container(
        id=f"id-{name}",
        name=name,
        image="i",
        labels={},
        state=state,
        network_mode="web",
        endpoints={"web": Endpoint(endpoint, asked)},
    )


def names(*listed: Container, **options: str) -> list[str]:
    return [c.container.name for c in candidates(listed, networks={"web"}, **options)]


def test_the_container_without_a_live_endpoint_is_the_one() -> None:
    assert names(container("new"), container("old", "running", endpoint="e1")) == ["new"]


def test_two_that_start_at_once_are_two_candidates() -> None:
    assert names(container("a"), container("b")) == ["a", "b"]


def test_containers_of_other_networks_and_dead_ones_are_none() -> None:
    assert names(container("gone", "dead")) == []
    assert candidates([container("a")], networks={"db"}) == ()


def test_an_asked_address_decides_in_both_directions() -> None:
    listed = (container("a", asked="10.0.0.9"), container("b"))

    assert names(*listed, address="10.0.0.9") == ["a"]
    assert names(*listed) == ["b"]


def test_the_name_that_newer_engines_tell_decides() -> None:
    assert names(container("a"), container("b"), name="b") == ["b"]


def test_a_container_that_is_being_served_does_not_ask_again() -> None:
    listed = [container("a"), container("b")]

    assert [c.container.name for c in candidates(listed, networks={"web"}, busy={"id-a"})] == ["b"]
