import pytest

from weft.agent.attachment import container_end, from_labels, host_end
from weft.model.errors import Invalid
from weft.model.port import Workload

BOX = Workload(runtime="docker", engine="e", id="c1", name="box")
PORT = "12345678-9abc-4def-8123-456789abcdef"


def test_every_label_becomes_the_ports_and_the_project_is_default_unless_said() -> None:
    wanted = from_labels({"weft.network": "web", "tier": "front"}, BOX)

    assert (wanted.network, wanted.project) == ("web", "default")
    assert wanted.labels == {"weft.network": "web", "tier": "front"}


def test_address_and_mac_are_read_as_people_write_them() -> None:
    labels = {"weft.network": "web", "weft.ip": "10.0.0.5, fd00::5", "weft.mac": "02:AA:00:00:00:01"}

    wanted = from_labels(labels, BOX)

    assert wanted.addresses == ("10.0.0.5", "fd00::5")
    assert wanted.mac == "02:aa:00:00:00:01"


@pytest.mark.parametrize(
    "labels",
    [
        {"weft.network": " "},
        {"weft.network": "web", "weft.ip": "10.0.0.300"},
        {"weft.network": "web", "weft.mac": "01:00:5e:00:00:01"},
        {"weft.network": "web", "weft.mac": "02-00"},
    ],
)
def test_a_malformed_label_is_refused_in_a_sentence_that_names_label_and_container(
    labels: dict[str, str],
) -> None:
    with pytest.raises(Invalid, match=r"label weft\.\w+.* of container box"):
        from_labels(labels, BOX)


def test_link_names_fit_the_kernel_and_follow_from_the_port() -> None:
    names = (host_end(PORT), container_end(PORT))

    assert names == ("wf123456789ab", "wp123456789ab")
    assert all(len(name) <= 15 for name in names)
