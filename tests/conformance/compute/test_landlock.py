"""The list of what may be read, and each version of Landlock a kernel may have."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from remint.sdk.child import guard
from remint.sdk.child.guard import is_within, readable, without

PROGRAM = """
import json, os, socket, sys
from remint.sdk.child.guard import OWN, READ, Rule, fixed_rules, restrict
abi, allowed, refused, folder = int(sys.argv[1]), *sys.argv[2:5]
held = restrict([*fixed_rules((folder,), (), network=False), Rule(allowed, READ), Rule(folder, OWN)], network=False, abi=abi)
def attempt(action, *arguments):
    try:
        action(*arguments)
    except OSError as error:
        return type(error).__name__
    return "done"
os.mkdir(folder + "/a"), os.mkdir(folder + "/b"), open(folder + "/a/f", "w").close()
print(json.dumps({
    "abi": held.abi,
    "allowed": attempt(open, allowed),
    "refused": attempt(open, refused),
    "truncate": attempt(os.truncate, refused, 0),
    "move": attempt(os.rename, folder + "/a/f", folder + "/b/f"),
    "connect": attempt(socket.create_connection, ("127.0.0.1", 9)),
}))
"""


@pytest.fixture
def attempts(tmp_path):
    """Try a few things under a version of Landlock, in a process of its own."""
    for name in ("allowed", "refused"):
        (tmp_path / name).write_text("text")
    (tmp_path / "own").mkdir()

    def attempt(abi):
        command = [sys.executable, "-c", PROGRAM, str(abi), *(str(tmp_path / name) for name in ("allowed", "refused", "own"))]
        environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout)

    return attempt


@pytest.mark.parametrize("abi", range(1, 8))
def test_reads_are_refused_under_every_version(attempts, abi):
    if guard.landlock_abi() < abi:
        pytest.skip(f"not yet: this kernel has Landlock {guard.landlock_abi()}")
    found = attempts(abi)
    assert (found["abi"], found["allowed"], found["refused"]) == (abi, "done", "PermissionError")
    assert found["truncate"] == ("PermissionError" if abi >= 3 else "done")
    assert found["move"] == ("done" if abi >= 2 else "OSError")
    assert found["connect"] == ("PermissionError" if abi >= 4 else "ConnectionRefusedError")


def test_without_landlock_it_says_that_nothing_is_held(attempts):
    found = attempts(0)
    assert (found["abi"], found["refused"]) == (0, "done")


def test_a_folder_that_holds_the_project_is_taken_apart(tmp_path):
    for name in ("library", "apps/other", "apps/project/data"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "way_in").symlink_to(tmp_path / "apps" / "project")
    project = str(tmp_path / "apps" / "project")
    assert sorted(without(str(tmp_path), [project])) == [str(tmp_path / "apps" / "other"), str(tmp_path / "library")]


def test_a_folder_inside_the_project_stays(tmp_path):
    assert list(without(str(tmp_path / "project" / ".venv"), [str(tmp_path / "project")])) == [
        str(tmp_path / "project" / ".venv")
    ]


def test_the_project_itself_is_never_given():
    assert list(without("/a/project", ["/a/project"])) == []


def test_neither_the_disk_nor_a_home_folder_is_readable():
    closed = {"/", "/home", "/usr", "/var", "/etc", "/dev", "/run", str(Path.home()), tempfile.gettempdir()}
    assert not closed & set(readable((), ()))


@pytest.mark.parametrize("prefix", ["", "sub"])
def test_a_project_that_is_the_environment_s_own_folder_stays_closed(monkeypatch, tmp_path, prefix):
    """`python -m venv .` makes the project's folder the prefix; one made in a home folder makes the project lie inside it."""
    project = tmp_path / prefix
    for name in ("bin", "lib/python3.11/site-packages", "data"):
        (tmp_path / name).mkdir(parents=True)
    project.mkdir(exist_ok=True)
    (project / "data").mkdir(exist_ok=True)
    for name in ("prefix", "exec_prefix"):
        monkeypatch.setattr(sys, name, str(tmp_path))
    places = readable.__wrapped__((str(project),), ())
    assert not [place for place in places if is_within(str(project / "data"), place)]


def test_a_project_below_installed_packages_stays_closed(tmp_path, monkeypatch):
    packages = tmp_path / "site-packages"
    for name in ("numpy", "tool/project/data"):
        (packages / name).mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [*sys.path, str(packages)])
    places = readable.__wrapped__((str(packages / "tool" / "project"),), ())
    assert [place for place in places if is_within(place, str(tmp_path))] == [str(packages / "numpy")]


def test_a_project_in_usr_src_is_not_readable():
    places = readable.__wrapped__(("/usr/src/app",), ())
    assert not [place for place in places if is_within("/usr/src/app", place)]
