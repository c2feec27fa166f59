"""The setting `catalog`: where the records are, and a password that is never shown."""

import json

import pytest

from remint.config import load
from remint.errors import Invalid
from tests.support.remint_cli import Project

URL = "postgresql://ana:geheim@db.example/ml"
PUBLIC = "postgresql://ana@db.example:5432/ml?schema=remint"


@pytest.fixture
def root(tmp_path):
    (tmp_path / "remint.toml").write_text('principal = "ana"\n')
    return tmp_path


def test_without_the_setting_the_records_are_in_a_file(root):
    assert load(root, environment={}).database is None


def test_a_password_in_the_variable_is_used_and_not_shown(root):
    settings = load(root, environment={"REMINT_CATALOG": URL})
    assert settings.database.password == "geheim"
    assert settings.values["catalog"] == PUBLIC
    assert "geheim" not in repr(settings)


@pytest.mark.parametrize("name", ["remint.toml", "pyproject.toml"])
def test_a_password_in_a_file_is_refused(tmp_path, name):
    head = "[tool.remint]\n" if name == "pyproject.toml" else ""
    (tmp_path / name).write_text(f'{head}catalog = "{URL}"\n')
    with pytest.raises(Invalid, match=f"{name} holds its password") as caught:
        load(tmp_path, environment={})
    assert "geheim" not in str(caught.value)


def test_a_url_in_the_file_without_a_password_is_in_force(root):
    (root / "remint.toml").write_text(f'catalog = "{PUBLIC}"\n')
    assert load(root, environment={}).database.public == PUBLIC


def test_no_command_shows_the_password(root, monkeypatch):
    monkeypatch.setenv("REMINT_CATALOG", URL.replace("db.example", "127.0.0.1:1"))
    (root / ".remint").mkdir()
    project = Project(root)
    answers = [
        project.cli("config", "show", "--origin"),
        project.cli("config", "show", "--json"),
        project.cli("status", expect=None),
        project.cli("--debug", "log", "data/x", expect=None),
    ]
    assert json.loads(answers[1].out)["values"]["catalog"].startswith("postgresql://ana@127.0.0.1:1/ml")
    assert "the catalog did not answer" in answers[2].err
    assert "geheim" not in "".join(answer.out + answer.err for answer in answers)
