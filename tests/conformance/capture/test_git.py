"""The state of a git checkout."""

import subprocess
from pathlib import Path

import pytest

from remint.adapters.capture.git import GitCheckout

WHO = ["-c", "user.name=Ana", "-c", "user.email=ana@example.org", "-c", "commit.gpgsign=false"]


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(["git", *WHO, *arguments], cwd=root, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    root.mkdir()
    git(root, "init", "--quiet")
    (root / "pipeline.py").write_text("X = 1\n")
    (root / ".gitignore").write_text("ignored.py\n")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "first")
    return root


def test_a_clean_checkout_has_its_commit_and_no_difference(checkout: Path) -> None:
    assert GitCheckout().state(checkout) == {"commit": git(checkout, "rev-parse", "HEAD"), "remote": "", "dirty": ""}


def test_the_remote_is_recorded_without_credentials(checkout: Path) -> None:
    git(checkout, "remote", "add", "upstream", "https://example.org/other.git")
    git(checkout, "remote", "add", "origin", "https://ana:secret@example.org/team/project.git")
    assert GitCheckout().state(checkout)["remote"] == "origin https://example.org/team/project.git"


def dirty(checkout: Path) -> str:
    return GitCheckout().state(checkout)["dirty"]


def test_an_uncommitted_edit_has_a_digest_staged_or_not(checkout: Path) -> None:
    (checkout / "pipeline.py").write_text("X = 2\n")
    unstaged = dirty(checkout)
    git(checkout, "add", ".")
    assert unstaged.startswith("b3:")
    assert dirty(checkout) == unstaged
    (checkout / "pipeline.py").write_text("X = 3\n")
    assert dirty(checkout) != unstaged


def test_a_new_source_file_counts_and_other_new_files_do_not(checkout: Path) -> None:
    for name in ("data.csv", "ignored.py", ".remint/state.py"):
        (checkout / name).parent.mkdir(exist_ok=True)
        (checkout / name).write_text("1")
    assert dirty(checkout) == ""
    (checkout / "new.py").write_text("Y = 1")
    first = dirty(checkout)
    (checkout / "new.py").write_text("Y = 2")
    assert "" != first != dirty(checkout)


def test_settings_of_a_repository_do_not_change_the_digest(checkout: Path) -> None:
    (checkout / "pipeline.py").write_text("X = 2\n")
    before = dirty(checkout)
    for name, value in (("diff.noprefix", "true"), ("diff.context", "0"), ("diff.external", "false"), ("color.ui", "always")):
        git(checkout, "config", name, value)
    assert dirty(checkout) == before


def test_a_checkout_without_a_commit_has_a_difference(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "pipeline.py").write_text("X = 1\n")
    git(tmp_path, "add", ".")
    state = GitCheckout().state(tmp_path)
    assert state["commit"] == ""
    assert state["dirty"].startswith("b3:")


def test_only_the_project_below_the_root_counts(checkout: Path) -> None:
    (checkout / "part").mkdir()
    (checkout / "pipeline.py").write_text("X = 2\n")
    assert dirty(checkout / "part") == ""


def test_outside_git_and_without_git_nothing_is_said(tmp_path: Path, checkout: Path) -> None:
    assert GitCheckout().state(tmp_path) == {}
    assert GitCheckout().state(tmp_path / "nowhere") == {}
    assert GitCheckout(search=str(tmp_path)).state(checkout) == {}


def test_a_git_that_does_not_answer_is_given_up(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec /bin/sleep 30\n")
    slow.chmod(0o755)
    monkeypatch.setattr("remint.adapters.capture.git._TIMEOUT_S", 0.2)
    assert GitCheckout(search=str(slow.parent)).state(checkout) == {}


def test_a_commit_is_reachable_from_its_branch_and_no_other(checkout: Path) -> None:
    first, branch = git(checkout, "rev-parse", "HEAD"), git(checkout, "branch", "--show-current")
    git(checkout, "checkout", "--quiet", "-b", "work")
    git(checkout, "commit", "--quiet", "--allow-empty", "-m", "second")
    second = git(checkout, "rev-parse", "HEAD")
    asked = {
        (name, commit): GitCheckout().contains(checkout, commit, name)
        for name in (branch, "work")
        for commit in (first, second)
    }
    assert asked == {(branch, first): True, (branch, second): False, ("work", first): True, ("work", second): True}


def test_a_branch_of_a_remote_can_be_asked_about(checkout: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", str(checkout), "clone")
    commit, branch = git(checkout, "rev-parse", "HEAD"), git(checkout, "branch", "--show-current")
    assert GitCheckout().contains(tmp_path / "clone", commit, f"origin/{branch}")


@pytest.mark.parametrize("commit", ["", "HEAD", "--all", "f" * 40])
def test_what_is_no_commit_is_reachable_from_nothing(checkout: Path, commit: str) -> None:
    assert not GitCheckout().contains(checkout, commit, git(checkout, "branch", "--show-current"))


def test_a_tag_is_no_branch(checkout: Path) -> None:
    git(checkout, "tag", "released")
    assert not GitCheckout().contains(checkout, git(checkout, "rev-parse", "HEAD"), "released")
