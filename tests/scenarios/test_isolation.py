"""Stories of isolation: what is demanded of runs, and that nothing runs below it."""

import pytest

from tests.support.remint_cli import make_project

PIPELINE = """
from remint import pipeline, step


@step(network=True)
def fetch() -> dict:
    print("connecting")
    return {"fetched": 1}


@pipeline("value/fetched")
def fetched():
    return fetch()
"""


@pytest.fixture
def project(tmp_path):
    made = make_project(tmp_path / "shop", PIPELINE, settings="sandbox_isolation = 3\n")
    made.cli("sandboxes", "create", "try")
    return made


def test_a_run_in_a_sandbox_that_is_not_kept_apart_enough_is_refused_and_recorded(project):
    refused = project.cli("run", "value/fetched", "-w", "try", expect=6).err
    assert "level 3 of isolation is demanded" in refused
    (run,) = project.cli("runs", "list", "--json").json["runs"]
    shown = project.cli("runs", "show", run["id"], "--json").json
    assert (run["state"], shown["run"]["end"]["observed"]["isolation_level"]) == ("stopped", 2)
    assert "connecting" not in project.cli("runs", "logs", run["id"]).out
    project.cli("log", "value/fetched", "-w", "try", expect=4)
    project.cli("run", "value/fetched")


def test_a_profile_demands_a_level_of_its_runs(project):
    project.edit("remint.toml", "sandbox_isolation = 3", 'profile = "walled"\n[profiles.walled]\nisolation = 3')
    project.cli("run", "value/fetched", expect=6)
    project.edit("remint.toml", "isolation = 3", "isolation = 2")
    project.cli("run", "value/fetched")


def test_a_debugger_s_run_is_refused_where_a_level_is_demanded(project):
    project.edit("remint.toml", "sandbox_isolation", "isolation")
    refused = project.cli("run", "value/fetched", "--inline", expect=6).err
    assert "it would have run at level 0" in refused


@pytest.mark.parametrize("level", ["4", "-1", "true", '"high"'])
def test_a_level_that_is_none_is_refused(project, level):
    project.edit("remint.toml", "sandbox_isolation = 3", f"sandbox_isolation = {level}")
    assert "sandbox_isolation" in project.cli("run", "value/fetched", expect=2).err
