"""Settings: the file, the environment over it, and an error that names what is wrong."""

from pathlib import Path

import pytest

from weft.model.errors import Invalid
from weft.settings import load_agent, load_server


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "server.toml"
    file.write_text('encapsulation = "geneve"\nlisten = "127.0.0.1:1"\n')
    monkeypatch.setenv("WEFT_LISTEN", "127.0.0.1:2")
    settings = load_server(file)
    assert (settings.encapsulation, settings.listen) == ("geneve", "127.0.0.1:2")
    assert settings.database_url == "sqlite:////var/lib/weft/server.db"


def test_without_a_file_there_are_defaults() -> None:
    assert load_agent(None).docker_enabled == "auto"


@pytest.mark.parametrize("text", ['listn = "x"', 'encapsulation = "gre"', "not toml"])
def test_a_wrong_file_is_an_error_that_names_the_setting(tmp_path: Path, text: str) -> None:
    file = tmp_path / "server.toml"
    file.write_text(text)
    with pytest.raises(Invalid, match=r"server\.toml"):
        load_server(file)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="no settings file"):
        load_server(tmp_path / "none.toml")
