"""Rules of the house about documents, locks and the list of packages."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DECISIONS = ROOT / "docs" / "adr"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LOCKS = sorted([*ROOT.glob("*.lock"), *ROOT.glob("packaging/*/*.lock"), *ROOT.glob("web/*lock*")])

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def test_every_decision_is_in_the_index() -> None:
    index = (DECISIONS / "index.md").read_text()
    decisions = [path.name for path in sorted(DECISIONS.glob("[0-9]*.md"))]
    assert decisions, "docs/adr is empty"
    assert [name for name in decisions if f"({name})" not in index] == []


def test_every_decision_has_the_parts_of_the_template() -> None:
    parts = re.findall(r"^## (.+)$", (DECISIONS / "0000-template.md").read_text(), re.MULTILINE)
    for path in sorted(DECISIONS.glob("[0-9]*.md")):
        text = path.read_text()
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == parts, path.name
        assert re.search(r"^Status: \w+", text, re.MULTILINE), path.name


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in DOCUMENTS
        for target in LINK.findall(path.read_text())
        if "://" not in target and not (path.parent / target).exists()
    ]
    assert broken == []


def test_no_lock_says_where_to_download_from() -> None:
    assert LOCKS, "there is no lock"
    assert [path.name for path in LOCKS if re.search(r"https?://", path.read_text())] == []


def test_only_one_file_names_packages_of_the_distribution() -> None:
    names = {"openvswitch-switch", "libvirt-daemon-driver-qemu", "ovn-central", "busybox-static"}
    recipes = [ROOT / "dev", ROOT / "Makefile", *(ROOT / ".ci").rglob("*"), *(ROOT / ".github").rglob("*")]
    naming = [
        path.name for path in recipes if path.is_file() and any(name in path.read_text() for name in names)
    ]
    assert naming == []


def test_every_target_of_the_makefile_describes_itself() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony is not None
    described = set(re.findall(r"^([a-z-]+):[^\n=]*## \S", makefile, re.MULTILINE))
    assert set(phony.group(1).split()) == described
