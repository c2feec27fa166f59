"""What is asked from a client's folder is answered as it is in the project: every command that only reads."""

import shlex
import shutil

import pytest

from tests.support.api import LiveApi
from tests.support.doors import lent
from tests.support.remint_cli import Project

ASKED = [
    "access actions",
    "at 2999-01-01",
    "budgets list",
    "budgets show lab",
    "can change:approve 'change 2' --as-principal bo",
    "card show model/late",
    "changes list",
    "changes show 1",
    "changes show 2",
    "config check",
    "control",
    "cost --by principal",
    "diff data/points@1 data/points@2",
    "diff data/sizes@1 data/sizes@2",
    "evidence list model/late",
    "glass list",
    "impact data/points@1",
    "inventory list",
    "inventory show model/late",
    "log model/late",
    "models list",
    "models show model/late",
    "models compare model/late ana:model/late",
    "plan",
    "plan -w ana",
    "principals list",
    "query 'select count(*) from data/points'",
    "query 'select avg(x) from data/points@1'",
    "runs list",
    "runs list --step pipeline:score",
    "runs show RUN",
    "runs logs RUN",
    "runs compare RUN OTHER",
    "sandboxes list",
    "secrets list",
    "show data/points",
    "show data/scale",
    "show model/late",
    "status",
    "status -w ana",
    "teams list",
    "teams show risk",
    "validate list",
    "who-can change:approve",
    "why model/late",
]
REFUSED = [
    "changes show 99",
    "card show data/nowhere",
    "log data/nowhere",
    "runs show 0123456789",
    "query 'select nothing from data/points'",
    "query 'select count(*) from data/nowhere'",
    "show b3:0123",
    "budgets show nothing",
    "teams show nothing",
    "diff data/points data/nowhere",
    "can nothing:of-the-kind",
    "plan model/nothing",
]


@pytest.fixture(scope="module")
def project(project_merged, tmp_path_factory):
    root = tmp_path_factory.mktemp("same") / "project"
    shutil.copytree(project_merged.root, root)
    project = Project(root)
    project.write("sizes.csv", "id,size\n1,2.5\n2,7\n")
    project.cli("add", "sizes.csv", "--as", "data/sizes")
    project.write("sizes.csv", "id,size\n1,2.5\n2,8\n3,1\n")
    project.cli("add", "sizes.csv", "--as", "data/sizes")
    project.cli("run", "data/points", "-p", "rows=300")
    project.cli("run", "model/late", "-w", "ana", "-p", "c=0.5")
    project.cli("propose", "ana:model/late", "--why", "more data")
    project.cli("budgets", "create", "lab", "--limit", "10.00")
    project.cli("teams", "create", "risk")
    project.cli("teams", "add", "risk", "bo")
    project.cli("inventory", "set", "model/late", "--owner", "ana")
    project.write("card.md", "# Late\n\n## Purpose\n\nTells who is late.\n")
    return project


@pytest.fixture(scope="module")
def laptop(project, tmp_path_factory):
    laptop = Project(tmp_path_factory.mktemp("laptop"))
    for name in ("pipeline.py", "helpers.py", "requirements.lock", "scale.txt", "sizes.csv"):
        shutil.copy(project.root / name, laptop.root)
    token = project.cli("--json", "tokens", "create", "--about", "a laptop").json["secret"]
    server = LiveApi(project.root)
    yield laptop, {"REMINT_URL": server.url, "REMINT_TOKEN": token}
    assert server.stop() == 0


def both(project, laptop, words):
    runs = [run["id"] for run in project.cli("--json", "runs", "list", "--step", "pipeline:score").json["runs"]]
    words = [{"RUN": runs[0], "OTHER": runs[1]}.get(word, word) for word in shlex.split(words)]
    there = project.cli("--json", *words, expect=None)
    folder, variables = laptop
    with lent(variables):
        here = folder.cli("--json", *words, expect=None)
    return there, here


def plain(answer):
    """Return an answer without the paths that are tracked: they are those of each folder."""
    return {name: value for name, value in answer.items() if name != "tracked"}


@pytest.mark.parametrize("asked", ASKED)
def test_an_answer_is_the_same(project, laptop, asked):
    there, here = both(project, laptop, asked)
    assert (here.code, here.err) == (there.code, there.err)
    assert plain(here.json) == plain(there.json)
    assert there.code == 0 or asked == "config check"


@pytest.mark.parametrize("asked", REFUSED)
def test_a_refusal_is_the_same(project, laptop, asked):
    there, here = both(project, laptop, asked)
    assert there.code != 0
    assert (here.code, here.json["error"]) == (there.code, there.json["error"])
