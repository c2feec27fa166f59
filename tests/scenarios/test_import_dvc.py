"""Stories of taking over a DVC repository. The one in tests/vectors/dvc was made by DVC 3.67.1 and git."""

import hashlib
import shutil
import subprocess
import tarfile

import pytest

from tests.support.remint_cli import ROOT, make_project

PIPELINE = "from remint import pipeline\n"
FIRST, SECOND, COUNTED, LAST = (
    "First photos",
    "A better second photo",
    "Count the rows",
    "One more row",
)


@pytest.fixture
def repository(tmp_path):
    with tarfile.open(ROOT / "tests" / "vectors" / "dvc" / "repository.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path / "dvcrepo"


@pytest.fixture
def project(tmp_path):
    return make_project(tmp_path / "ours", PIPELINE)


def imported(project, repository, *words):
    return project.cli("import", "dvc", str(repository), "--json", *words).json["versions"]


def reasons(project, ref):
    return [move["reason"] for move in reversed(project.cli("log", ref, "--json").json["moves"])]


def test_every_version_of_every_output_is_taken_over_in_the_order_of_the_commits(project, repository):
    found = imported(project, repository)
    assert [(one["path"], one["ref"], one["files"]) for one in found] == [
        ("data/photos", "data/photos", 4),
        ("rows.csv", "data/rows.csv", 1),
        ("data/photos", "data/photos", 3),
        ("count.txt", "data/count.txt", 1),
        ("count.txt", "data/count.txt", 1),
        ("rows.csv", "data/rows.csv", 1),
    ]
    assert all(one["moved"] for one in found)
    assert [reason.rpartition(": ")[2] for reason in reasons(project, "data/photos")] == [FIRST, SECOND]
    assert [reason.rpartition(": ")[2] for reason in reasons(project, "data/count.txt")] == [COUNTED, LAST]
    assert "by Ada Writer" in reasons(project, "data/rows.csv")[0]


def test_the_bytes_of_each_version_are_those_of_its_commit(project, repository, tmp_path):
    imported(project, repository)
    project.cli("checkout", "data/photos@1", str(tmp_path / "one"))
    project.cli("checkout", "data/photos@2", str(tmp_path / "two"))
    project.cli("checkout", "data/rows.csv@1", str(tmp_path / "rows"))
    assert (tmp_path / "one" / "2.jpg").read_text() == "photo 2\n"
    assert (tmp_path / "one" / "deep" / "ü name.txt").read_text() == "deep\n"
    assert (tmp_path / "two" / "2.jpg").read_text() == "photo 2, better\n"
    assert not (tmp_path / "two" / "3.jpg").exists()
    assert (tmp_path / "rows" / "rows.csv").read_text() == "a,b\n1,2\n"


def test_the_same_folder_added_by_hand_has_the_same_digest(project, repository):
    imported(project, repository)
    shutil.copytree(repository / "data" / "photos", project.root / "copy")
    project.cli("add", "copy", "--as", "data/copy")
    refs = {ref["name"]["name"]: ref["artifact"] for ref in project.cli("status", "--json").json["refs"]}
    assert refs["copy"] == refs["photos"]


def test_called_again_it_takes_over_only_what_is_new(project, repository):
    imported(project, repository)
    assert not any(one["moved"] for one in imported(project, repository))
    assert len(reasons(project, "data/photos")) == 2


def test_a_version_whose_files_are_not_in_the_cache_is_left_out_and_named(project, repository):
    (repository / ".dvc/cache/files/md5/11/f2d14802cbc43774016c6eb6693536").unlink()
    answer = project.cli("import", "dvc", str(repository))
    left = [one for one in imported(project, repository) if one["missing"]]
    assert left
    assert "were left out" in answer.out
    assert all(one["artifact"] is None for one in left)


def test_altered_bytes_in_the_cache_are_refused(project, repository):
    place = repository / ".dvc/cache/files/md5/c3/c6bc2ae8ece4bd2510dca21225c041"
    place.chmod(0o644)
    place.write_bytes(b"other")
    answer = project.cli("import", "dvc", str(repository), expect=8)
    assert "do not have the MD5" in answer.err


def test_a_repository_without_git_gives_what_is_there_now(project, repository):
    shutil.rmtree(repository / ".git")
    found = imported(project, repository)
    assert sorted(one["path"] for one in found) == ["count.txt", "data/photos", "rows.csv"]
    assert {one["commit"] for one in found} == {""}


def test_what_is_no_repository_or_not_written_as_dvc_writes_is_refused(project, repository, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "no folder .dvc" in project.cli("import", "dvc", str(tmp_path / "empty"), expect=2).err
    (repository / "rows.csv.dvc").write_text("outs: [1, 2\n")
    assert "rows.csv.dvc was not imported" in project.cli("import", "dvc", str(repository), expect=2).err


def test_a_protected_ref_is_not_moved(project, repository):
    answer = project.cli("import", "dvc", str(repository), "--below", "model", expect=3)
    assert "protected-ref" in answer.err


def test_a_new_commit_is_taken_over_by_the_next_call(project, repository):
    imported(project, repository)
    content = (
        (repository / "rows.csv.dvc")
        .read_text()
        .replace("md5: " + md5_in(repository / "rows.csv.dvc"), "md5: " + hashlib.md5(b"a,b\n1,2\n").hexdigest())
    )
    (repository / "rows.csv.dvc").write_text(content)
    git = ["git", "-C", str(repository), "-c", "user.name=Bo", "-c", "user.email=bo@example.org"]
    subprocess.run([*git, "commit", "-qam", "Back to the first rows"], check=True)
    found = [one for one in imported(project, repository) if one["moved"]]
    assert [(one["path"], one["ref"]) for one in found] == [("rows.csv", "data/rows.csv")]
    assert reasons(project, "data/rows.csv")[-1].endswith("by Bo: Back to the first rows")


def md5_in(place):
    return next(line.split()[-1] for line in place.read_text().splitlines() if "md5: " in line)
