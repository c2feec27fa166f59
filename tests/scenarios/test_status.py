"""`remint status` again: the answer is kept, and never shown once anything it rests on has moved."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from remint.app import App
from remint.cli.commands.pipeline import graphs
from remint.config import load
from tests.support.remint_cli import Project, make_project

STEPS = """
import helpers
from remint import step


@step(exact="content")
def scaled(n: int) -> int:
    import extra

    return helpers.FACTOR * n * extra.RATE


@step(exact="content")
def more(n: int) -> int:
    return n + 1
"""
PIPELINE = """
import os
from pathlib import Path

from remint import pipeline, step
from steps import more, scaled


@pipeline("value/scaled")
def flow(n=int(Path(__file__).with_name("n.txt").read_text()), again=int(os.environ.get("AGAIN", "0"))):
    return more(scaled(n + again))
"""
TWO = """

@pipeline("value/two")
def two():
    return more(1)
"""
CLOSING = """

def made(rate):
    @step(exact="content")
    def inner(n: int) -> int:
        return n * rate

    return inner


@pipeline("value/inner")
def closing():
    return made(2)(1)
"""
COMMANDS = """
import sys
from remint.cli.main import main
try:
    main(sys.argv[1:])
finally:
    found = {"sqlalchemy", "cryptography", "pyarrow", "numpy", "rich", "alembic", "duckdb"} & set(sys.modules)
    print(sorted(found), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def project_done(tmp_path_factory) -> Project:
    made = make_project(tmp_path_factory.mktemp("made") / "a project", PIPELINE, settings='sources = ["lib", "."]\n')
    made.write("steps.py", STEPS)
    made.write("helpers.py", "FACTOR = 2\n")
    made.write("n.txt", "3")
    (made.root / "later.py").symlink_to("nothing.py")
    made.cli("principals", "create", "bo", "--role", "approver")
    made.write("extra.py", "RATE = 1\n")
    made.cli("run")
    made.cli("sandboxes", "create", "box")
    made.cli("propose", "model/late=" + _value(made))
    return made


def _value(project: Project) -> str:
    return project.cli("--json", "status").json["refs"][0]["artifact"]


@pytest.fixture
def project(project_done, tmp_path) -> Project:
    """A project whose status has just been kept."""
    shutil.copytree(project_done.root, tmp_path / "a project", symlinks=True)
    copied = Project(tmp_path / "a project")
    settled(copied)
    assert is_kept(copied)
    return copied


def settled(project: Project) -> None:
    """Show the status when the last change is old enough, twice: the first may make folders of bytecode."""
    project.cli("status")
    time.sleep(0.07)
    project.cli("status")


def cache(project: Project) -> Path:
    return project.root / ".remint" / "cache" / "status.json"


def is_kept(project: Project) -> bool:
    """Return whether the next status may be answered from what was kept."""
    found = App(load(project.root)).standing
    return found.memory.recall(found.question) is not None


def shown(project: Project, *words: str) -> tuple[str, str]:
    """Return what the status prints, and what it prints when nothing was kept."""
    first = project.cli("--json", "status", *words, expect=None)
    cache(project).unlink(missing_ok=True)
    second = project.cli("--json", "status", *words, expect=None)
    return first.out, second.out


def set_back(path: Path, text: str) -> None:
    """Write a file and give it the time it had."""
    before = path.stat()
    assert before.st_size == len(text)
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def new_key(project: Project) -> None:
    """Put another key in the place of ana's, of the same size and time."""
    other = (project.root / ".remint/keys/bo.key").read_text()
    set_back(project.root / ".remint/keys/ana.key", other)


CHANGES = {
    "a source that the code reaches": lambda p: p.write("helpers.py", "FACTOR = 4\n"),
    "a source, its size and time as before": lambda p: set_back(p.root / "helpers.py", "FACTOR = 5\n"),
    "a source, replaced by another file": lambda p: p.write("new.py", "FACTOR = 6\n").replace(p.root / "helpers.py"),
    "a source that vanished": lambda p: (p.root / "extra.py").unlink(),
    "the pipeline": lambda p: p.edit("pipeline.py", "n + again", "n + again + 1"),
    "another pipeline": lambda p: p.write("pipeline.py", PIPELINE + TWO),
    "what the pipeline's file reads": lambda p: p.write("n.txt", "4"),
    "a package that shadows a module": lambda p: p.write("helpers/__init__.py", "FACTOR = 7\n"),
    "a folder that did not exist, and now has a module first": lambda p: p.write("lib/helpers/__init__.py", "FACTOR = 8\n"),
    "the lock": lambda p: p.edit("requirements.lock", "skops==", "skops==9."),
    "the lock, gone": lambda p: (p.root / "requirements.lock").unlink(),
    "a setting": lambda p: p.write("remint.toml", 'principal = "ana"\nworkspace = "box"\n'),
    "approvals needed": lambda p: p.write("remint.toml", 'principal = "ana"\n[approvals]\napprover = 0\n'),
    "two places of settings": lambda p: p.write("pyproject.toml", "[tool.remint]\n"),
    "an unknown setting": lambda p: p.write("remint.toml", 'principal = "ana"\nnew = 1\n'),
    "the principal": lambda p: p.write("remint.toml", 'principal = "bo"\n'),
    "a principal nobody knows": lambda p: p.write("remint.toml", 'principal = "mallory"\n'),
    "a principal with an impossible name": lambda p: p.write("remint.toml", 'principal = "../ana"\n'),
    "no principal": lambda p: p.write("remint.toml", ""),
    "the key, gone": lambda p: (p.root / ".remint/keys/ana.key").unlink(),
    "the key, another one of the same size and time": new_key,
    "a ref": lambda p: p.cli("add", "n.txt", "--as", "data/n"),
    "a change, approved": lambda p: p.cli("changes", "approve", "1", "--as", "bo"),
    "a change, withdrawn": lambda p: p.cli("changes", "withdraw", "1"),
    "the catalog, gone": lambda p: (p.root / ".remint/catalog.db").unlink(),
    "the catalog, damaged": lambda p: (p.root / ".remint/catalog.db").write_bytes(b"x" * 8192),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_status_shows_what_changed_since_the_last_one(project, what):
    before = project.cli("--json", "status").out
    CHANGES[what](project)
    kept, fresh = shown(project)
    assert kept == fresh
    assert kept != before


NO_MATTER = {
    "a comment": lambda p: p.write("helpers.py", "FACTOR = 2  # twice\n"),
    "a new principal": lambda p: p.cli("principals", "create", "cy"),
    "a sandbox": lambda p: p.cli("sandboxes", "create", "other"),
    "a file beside the sources": lambda p: p.write("notes.txt", "x"),
    "what a link leads to": lambda p: p.write("nothing.py", "x = 1\n"),
    "a folder that is looked for": lambda p: p.write("lib/other.py", ""),
}


@pytest.mark.parametrize("what", NO_MATTER)
def test_a_status_is_right_after_something_that_it_looked_at_without_need(project, what):
    NO_MATTER[what](project)
    kept, fresh = shown(project)
    assert kept == fresh


def test_a_status_for_another_principal_or_workspace_is_another_one(project):
    ana, bo = project.cli("--json", "status").json, project.cli("--json", "status", "--as", "bo").json
    box, again = project.cli("--json", "status", "-w", "box").json, project.cli("--json", "status").json
    assert (ana["principal"], bo["principal"], again) == ("ana", "bo", ana)
    assert (ana["workspace"], box["workspace"]) == ("main", "box")
    project.cli("status", "--as", "mallory", expect=3)
    project.cli("status", "-w", "nowhere", expect=4)


@pytest.mark.parametrize(("name", "value"), [("REMINT_WORKSPACE", "box"), ("REMINT_PRINCIPAL", "bo"), ("AGAIN", "1")])
def test_a_status_follows_the_environment(project, monkeypatch, name, value):
    before = project.cli("--json", "status").out
    monkeypatch.setenv(name, value)
    kept, fresh = shown(project)
    assert before != kept == fresh


def test_a_status_shows_what_another_process_committed_while_a_third_has_the_catalog_open(project):
    serving = App(load(project.root))
    serving.refs.list(serving.context())
    project.cli("add", "n.txt", "--as", "data/first")
    settled(project)
    assert is_kept(project)
    command = [sys.executable, "-m", "remint", "add", "n.txt", "--as", "data/second"]
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    kept, fresh = shown(project)
    serving.close()
    assert [ref["name"]["name"] for ref in json.loads(kept)["refs"]] == ["first", "second", "scaled"]
    assert kept == fresh


def test_a_catalog_from_a_backup_is_shown_as_it_is(project):
    backup = project.root / "backup.db"
    shutil.copy2(project.root / ".remint/catalog.db", backup)
    project.cli("changes", "withdraw", "1")
    settled(project)
    shutil.copy2(backup, project.root / ".remint/catalog.db")
    kept, fresh = shown(project)
    assert len(json.loads(kept)["changes"]) == 1
    assert kept == fresh


@pytest.mark.parametrize("of", ["records", "source"])
def test_what_changes_while_a_status_is_read_is_not_kept(project, of):
    cache(project).unlink()
    app, other = App(load(project.root)), App(load(project.root))

    def meanwhile():
        found = graphs(app, (), ())
        if of == "records":
            other.refs.fork(other.context(), "meanwhile")
        else:
            project.write("helpers.py", "FACTOR = 9\n")
        return found

    app.standing.now(meanwhile)
    app.close()
    other.close()
    assert not cache(project).exists()


def test_a_status_without_a_lock_is_kept_until_there_is_one(project):
    lock = project.root / "requirements.lock"
    content = lock.read_bytes()
    lock.unlink()
    cache(project).unlink()
    settled(project)
    assert cache(project).exists()
    assert "there is no requirements.lock" in project.cli("--json", "status").json["blocked"]
    lock.write_bytes(content)
    assert project.cli("--json", "status").json["blocked"] == ""


def test_a_status_that_is_blocked_by_code_is_not_kept(project):
    project.write("helpers.py", "FACTOR = (\n")
    cache(project).unlink()
    settled(project)
    assert not cache(project).exists()


def test_an_unchanged_project_is_answered_without_the_libraries_that_read_it(project):
    command = [sys.executable, "-c", COMMANDS, "status"]
    quick = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=True)
    cache(project).unlink()
    slow = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=True)
    assert quick.stderr.splitlines()[-1] == "[]"
    assert slow.stderr.splitlines()[-1] != "[]"
    assert quick.stdout == slow.stdout


def test_a_step_that_closes_over_values_is_planned_anew_each_time(project):
    project.write("pipeline.py", PIPELINE + CLOSING)
    cache(project).unlink()
    settled(project)
    assert not cache(project).exists()
