"""Which control groups are the lab's, on version 1, on version 2, and where both are mounted."""

from pathlib import Path

from weft.lab.cgroups import parents


def tree(root: Path, *groups: str) -> None:
    for group in groups:
        (root / group).mkdir(parents=True)


def test_on_version_2_a_lab_has_one_group_for_each_host(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").touch()
    tree(tmp_path, "weft-h1/container", "weft-h2", "system.slice/weft-agent.service", "weftest-h1")

    assert parents("weft-", tmp_path) == [tmp_path / "weft-h1", tmp_path / "weft-h2"]


def test_on_version_1_a_lab_has_a_group_in_every_hierarchy(tmp_path: Path) -> None:
    tree(tmp_path, "cpu/weft-h1/container", "memory/weft-h1", "memory/system.slice", "systemd/user.slice")

    assert parents("weft-", tmp_path) == [tmp_path / "cpu/weft-h1", tmp_path / "memory/weft-h1"]


def test_where_version_2_is_mounted_beside_version_1_it_is_one_more_hierarchy(tmp_path: Path) -> None:
    tree(tmp_path, "cpu/weft-h1", "unified/weft-h1")
    (tmp_path / "unified/cgroup.controllers").touch()

    assert parents("weft-", tmp_path) == [tmp_path / "cpu/weft-h1", tmp_path / "unified/weft-h1"]


def test_units_of_systemd_are_never_the_labs(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").touch()
    tree(tmp_path, "weft-tenants.slice/weft-h1", "weft-h1.scope")

    assert parents("weft-", tmp_path) == []


def test_a_file_of_the_kernels_is_no_group(tmp_path: Path) -> None:
    tree(tmp_path, "memory")
    (tmp_path / "memory" / "weft-pressure").touch()

    assert parents("weft-", tmp_path) == []
