"""Stories of gates over what runs recorded: where code came from, what was looked at, what it took."""

import subprocess

import pytest

WHO = ["-c", "user.name=Ana", "-c", "user.email=ana@example.org", "-c", "commit.gpgsign=false"]


def git(project, *words):
    subprocess.run(["git", *WHO, *words], cwd=project.root, check=True, capture_output=True)


def gated(project, *lines):
    text = (project.root / "remint.toml").read_text()
    project.write("remint.toml", text + "".join(f"{line}\n" for line in lines))


def gate(project, change, name):
    review = project.cli("changes", "show", change, "--json").json
    return next((found["passed"], found["reason"]) for found in review["gates"] if found["name"] == name)


@pytest.fixture
def in_git(project):
    """A project under git whose runs are all recorded with their commit."""
    gated(project, 'code-reviewed = { branch = "main" }', "cost-within = { cpu_hours = 1 }", "holdout-fresh = { looks = 1 }")
    project.write(".gitignore", ".remint\n")
    git(project, "init", "--quiet", "-b", "main")
    git(project, "add", ".")
    git(project, "commit", "--quiet", "-m", "first")
    project.cli("run", "data/points")
    project.cli("sandboxes", "create", "ana")
    return project


def test_a_model_made_from_the_reviewed_branch_passes(in_git):
    in_git.cli("run", "model/late", "-w", "ana")
    in_git.cli("propose", "ana:model/late")
    assert gate(in_git, "1", "code-reviewed") == (True, "all code behind it is reachable from main")
    assert gate(in_git, "1", "cost-within")[0]
    in_git.cli("changes", "approve", "1", "--as", "bo")
    in_git.cli("changes", "merge", "1")


def test_a_model_made_from_another_branch_is_turned_down_until_the_branch_is_merged(in_git):
    git(in_git, "checkout", "--quiet", "-b", "work")
    git(in_git, "commit", "--quiet", "--allow-empty", "-m", "not reviewed")
    in_git.cli("run", "model/late", "-w", "ana")
    in_git.cli("propose", "ana:model/late")
    passed, reason = gate(in_git, "1", "code-reviewed")
    assert (passed, "is not reachable from main" in reason) == (False, True)
    in_git.cli("changes", "approve", "1", "--as", "bo")
    assert "gate code-reviewed" in in_git.cli("changes", "merge", "1", expect=3).err
    git(in_git, "branch", "-f", "main", "work")
    in_git.cli("changes", "merge", "1")


def test_a_model_made_with_uncommitted_code_is_turned_down(in_git):
    in_git.write("helpers.py", (in_git.root / "helpers.py").read_text() + "\nUNCOMMITTED = True\n")
    in_git.cli("run", "model/late", "-w", "ana")
    in_git.cli("propose", "ana:model/late")
    assert "not committed" in gate(in_git, "1", "code-reviewed")[1]


def test_a_model_chosen_among_many_that_were_measured_on_the_same_data_is_turned_down(in_git):
    for c in ("0.9", "0.5", "0.1"):
        in_git.cli("run", "model/late", "-w", "ana", "-p", f"c={c}")
    in_git.cli("propose", "ana:model/late")
    passed, reason = gate(in_git, "1", "holdout-fresh")
    assert not passed
    assert reason.startswith("2 other models were measured on")
