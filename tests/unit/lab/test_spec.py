"""Which hosts a lab gets, from the words of the command line."""

import pytest

from weft.lab.layout import ARTICLE, HostSpec, LabError
from weft.lab.spec import MOST, host_spec, hosts, kinds, read, written


def test_a_host_is_a_name_and_what_runs_on_it() -> None:
    assert host_spec("h2:docker,libvirt") == HostSpec("h2", docker=True, libvirt=True)


def test_a_stock_host_has_docker_without_saying_so() -> None:
    assert host_spec("old:stock") == HostSpec("old", docker=True, stock=True)


def test_a_host_may_run_nothing_but_the_switch() -> None:
    assert host_spec("h1") == HostSpec("h1")


@pytest.mark.parametrize(
    "text", ["", ":docker", "central:docker", "H1", "1h", "-h", "h" * 12, "lo", "fabric", "a b", "h1;rm"]
)
def test_a_name_that_the_lab_cannot_use_is_refused_with_those_it_can(text: str) -> None:
    with pytest.raises(LabError, match=r"cannot be used; take 2 to 11 of a-z"):
        host_spec(text)


def test_an_unknown_kind_is_refused_with_those_there_are() -> None:
    with pytest.raises(LabError, match=r"host h1 asks for podman.*docker, libvirt, stock, machine"):
        host_spec("h1:docker,podman")


def test_a_number_makes_docker_hosts_and_a_named_one_takes_its_place_among_them() -> None:
    chosen = hosts(["h2:libvirt"], 3, ARTICLE)

    assert chosen == (HostSpec("h1", docker=True), HostSpec("h2", libvirt=True), HostSpec("h3", docker=True))


def test_without_a_word_the_lab_is_the_default() -> None:
    assert hosts([], None, ARTICLE) == ARTICLE


def test_one_name_for_two_hosts_is_refused() -> None:
    with pytest.raises(LabError, match="host h1 is asked for twice"):
        hosts(["h1:docker", "h1:libvirt"], None, ARTICLE)


def test_more_hosts_than_the_underlay_has_addresses_are_refused() -> None:
    assert len(hosts([], MOST, ARTICLE)) == MOST
    with pytest.raises(LabError, match=f"addresses for {MOST}"):
        hosts([], MOST + 1, ARTICLE)


def test_what_is_written_is_read_again() -> None:
    chosen = hosts(["old:stock", "h2:docker,libvirt"], 1, ARTICLE)

    assert read(written(chosen)) == chosen


def test_a_host_says_what_it_is_in_the_words_it_was_asked_for() -> None:
    assert kinds(host_spec("h2:libvirt,stock")) == ("docker", "libvirt", "stock")
