"""Stories of models that were made on a client's machine: what is said of them, and that making them again proves them."""

import shutil

import pytest

from tests.support.api import LiveApi
from tests.support.doors import lent
from tests.support.remint_cli import Project


@pytest.fixture
def laptop(project, tmp_path):
    """The project behind a server, and a folder of ana's that has only its code; the model was made there."""
    text = (project.root / "remint.toml").read_text()
    project.write("remint.toml", text + 'reproduced = { level = "content" }\n')
    project.cli("run", "data/points")
    token = project.cli("--json", "tokens", "create", "--about", "a laptop").json["secret"]
    server = LiveApi(project.root)
    laptop = Project(tmp_path / "laptop")
    laptop.root.mkdir()
    for name in ("pipeline.py", "helpers.py", "requirements.lock"):
        shutil.copy(project.root / name, laptop.root)
    with lent({"REMINT_URL": server.url, "REMINT_TOKEN": token}):
        laptop.cli("sandboxes", "create", "ana")
        laptop.cli("run", "model/late", "-w", "ana")
        laptop.cli("propose", "ana:model/late")
        yield laptop
    assert server.stop() == 0


def gates(project, change="1"):
    return {gate["name"]: gate for gate in project.cli("--json", "changes", "show", change).json["gates"]}


def without_server():
    return lent({"REMINT_URL": ""})


def test_what_a_client_told_is_said_wherever_it_counts(laptop, project):
    runs = laptop.cli("--json", "runs", "list").json["runs"]
    scored = next(run for run in runs if run["step"].endswith("score"))
    assert "by a client that told of it" in laptop.cli("runs", "show", scored["id"]).out
    with without_server():
        told = gates(project)
        assert told["eval-passed"]["passed"]
        assert told["eval-passed"]["reason"].endswith(", as the client of ana told")
        made_here = project.cli("--json", "runs", "list").json["runs"][-1]
        assert "told of it" not in project.cli("runs", "show", made_here["id"]).out


def test_the_model_is_merged_once_it_was_made_again_where_the_project_is(laptop, project):
    with without_server():
        project.cli("changes", "approve", "1", "--as", "bo")
        assert "gate reproduced" in project.cli("changes", "merge", "1", expect=3).err
        again = project.cli("--json", "regenerate", "ana:model/late").json
        assert (again["passed"], again["level"] in {"content", "bytes"}) == (True, True)
        project.cli("changes", "merge", "1")
        assert project.cli("--json", "control").json["models"][0]["control"] == "in control"
        project.cli("audit", "verify")
    shown = laptop.cli("--json", "log", "model/late").json["moves"]
    assert [move["by"] for move in shown] == ["ana"]


def test_what_was_made_on_the_laptop_is_not_made_again_in_the_project_and_the_other_way_round(laptop, project):
    with without_server():
        taken = project.cli("--json", "run", "model/late", "-w", "ana").json["pipelines"][0]
        assert [step["ran"] for step in taken["steps"]] == [False, False]
        project.cli("run", "model/late", "-w", "ana", "-p", "c=0.5")
    taken = laptop.cli("--json", "run", "model/late", "-w", "ana", "-p", "c=0.5").json["pipelines"][0]
    assert [step["ran"] for step in taken["steps"]] == [False, False]
