"""What is asked from a client's folder is answered as it is in the project: every command that only reads."""

import shlex
import shutil

import pytest

from remint.core.contract import Column, Contract
from remint.core.keeping import laid_out
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
    "contracts show contract/sizes",
    "contracts draft data/sizes --key id",
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
    "contracts show data/sizes",
    "contracts check data/sizes contract/sizes",
    "contracts draft data/sizes --time size",
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
    project.cli("add", "sizes.csv", "--as", "data/sizes", "--table")
    project.write("sizes.csv", "id,size\n1,2.5\n2,8\n3,1\n")
    project.cli("add", "sizes.csv", "--as", "data/sizes", "--table")
    project.write("sizes.json", WRITTEN["sizes.json"])
    project.cli("contracts", "set", "contract/sizes", "sizes.json")
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


DONE = [
    ("ana", "run model/late -w ana -p c=0.5"),
    ("ana", "card set ana:model/late card.md"),
    ("ana", "inventory set data/points --owner ana --purpose 'to learn from' --materiality low"),
    ("ana", "propose ana:model/late --why 'more data' --draft"),
    ("ana", "changes open 2"),
    ("bo", "evidence sign ana:model/late --predicate code-review --note 'read it'"),
    ("bo", "scan ana:model/late"),
    ("bo", "validate open ana:model/late --scope 'all of it'"),
    ("bo", "validate find 1 --severity low --due 2999-01-01 --text 'a typing error'"),
    ("ana", "validate fix 1 1 --note mended"),
    ("bo", "validate close 1 1"),
    ("bo", "validate conclude 1 --result fail"),
    ("bo", "changes approve 2 --note 'looks right'"),
    ("bo", "changes merge 2"),
    ("ana", "rollback model/late --reason 'worse after all'"),
    ("ana", "budgets create lab --limit 10.00"),
    ("ana", "budgets limit lab 20.00"),
    ("ana", "budgets close lab"),
    ("ana", "principals create cy --role member"),
    ("ana", "principals grant cy glass"),
    ("ana", "principals grant bo glass"),
    ("ana", "principals revoke cy glass"),
    ("ana", "principals grant cy glass"),
    ("ana", "teams create risk"),
    ("ana", "teams add risk bo"),
    ("ana", "teams grant risk viewer"),
    ("ana", "teams revoke risk viewer"),
    ("ana", "teams remove risk bo"),
    ("ana", "sandboxes create cy"),
    ("ana", "secrets set shop --about 'of the shop' --file secret.txt"),
    ("ana", "secrets grant shop bo --everywhere"),
    ("ana", "secrets revoke shop bo"),
    ("ana", "secrets remove shop"),
    ("bo", "glass open model/late --reason 'all wrong' --ttl 30m"),
    ("ana", "add sizes.csv --as data/sizes --table -w cy"),
    ("ana", "add more.csv --as data/sizes --append -w cy"),
    ("ana", "add more.csv --as data/sizes --upsert id -w cy"),
    ("ana", "add more.csv --as data/sizes --delete id -w cy"),
    ("ana", "add landing --as data/landing -w cy"),
    ("ana", "checkout data/landing there -w cy"),
    ("ana", "contracts set contract/sizes sizes.json -w cy"),
    ("ana", "contracts check data/sizes contract/sizes -w cy"),
    ("ana", "run data/points -p rows=123 -w cy"),
    ("ana", "run -p c=0.7 -w cy"),
    ("ana", "models register model/chat --vendor Acme --model chat --version 1 --url https://acme.example -w cy"),
    ("ana", "principals leave cy --yes"),
]
MADE_ANEW = {"signature", "payload", "id", "run", "public_key", "entry", "log", "wall_us", "place", "hit", "stored"}
"""What is another one whenever it is made."""

TOLD = ", as the client of ana told"
"""What a gate adds where it rests on a run that a client carried out."""


@pytest.fixture
def served(project_merged, tmp_path):
    """The same project twice, one behind a server, with a folder of ana's and one of bo's."""
    projects = []
    for name in ("with us", "on a server"):
        shutil.copytree(project_merged.root, tmp_path / name)
        projects.append(Project(tmp_path / name))
    tokens = {
        who: projects[1].cli("--json", "--as", who, "tokens", "create", "--about", "x").json["secret"] for who in ("ana", "bo")
    }
    server = LiveApi(projects[1].root)
    laptops = {}
    for who in tokens:
        laptops[who] = Project(tmp_path / who)
        laptops[who].root.mkdir()
        for name in ("pipeline.py", "helpers.py", "requirements.lock", "scale.txt"):
            shutil.copy(projects[0].root / name, laptops[who].root)
    for folder in (projects[0], *laptops.values()):
        for name, text in WRITTEN.items():
            folder.write(name, text)
    yield projects[0], {who: (laptops[who], {"REMINT_URL": server.url, "REMINT_TOKEN": tokens[who]}) for who in tokens}
    assert server.stop() == 0


WRITTEN = {
    "card.md": "# Late\n\n## Purpose\n\nTells who is late.\n",
    "secret.txt": "hush, nobody",
    "sizes.csv": "id,size\n1,2.5\n2,7.5\n",
    "more.csv": "id,size\n3,8.5\n",
    "sizes.json": laid_out(Contract((Column("id", "int64"), Column("size", "float64", maximum=7.5)), key=("id",))),
    "landing/one.txt": "one",
    "landing/two/three.txt": "three",
}


def stable(value):
    """Return an answer without times, what is made anew, and who told of it."""
    if isinstance(value, dict):
        return {name: stable(item) for name, item in value.items() if name not in MADE_ANEW and not name.endswith("_us")}
    if isinstance(value, list):
        return [stable(item) for item in value]
    return value.removesuffix(TOLD) if isinstance(value, str) else value


def test_everything_that_is_done_is_answered_the_same(served):
    project, laptops = served
    for who, words in DONE:
        there = project.cli("--json", "--as", who, *shlex.split(words), expect=None)
        laptop, variables = laptops[who]
        with lent(variables):
            here = laptop.cli("--json", *shlex.split(words), expect=None)
        assert there.code == here.code == 0, f"{words}: {there.out}{there.err}{here.out}{here.err}"
        assert (words, stable(here.json)) == (words, stable(there.json))
