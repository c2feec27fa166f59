"""Folders under version: add, status, diff, checkout, and steps that read them."""

import datetime as dt
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from remint.app import open_project
from remint.cli.filesets import tracked_json, tracked_lines
from remint.core.plain import to_json
from tests.support.remint_cli import ROOT, Project, make_project

PIPELINE = """
from pathlib import Path

from remint import Files, pipeline, ref, step


@step
def upper(texts: Files) -> Files:
    made = {}
    assert sorted(place.name for place in texts.folder.iterdir()) == ["a.txt", "b.csv", "sub"]
    for name in texts.names:
        out = Path(name.replace("/", "-"))
        out.write_text(texts.path(name).read_text().upper())
        made["made/" + name] = out
    return Files(made)


@pipeline("data/upper")
def make(texts=ref("data/texts")):
    return upper(texts)
"""
FILES = {"a.txt": "alpha", "b.csv": "1,2", "sub/c.txt": "gamma", "sub/deep/d": "delta"}


@pytest.fixture
def project(tmp_path):
    made = make_project(tmp_path / "a project", PIPELINE)
    for name, text in FILES.items():
        made.write(f"texts/{name}", text)
    return made


@pytest.fixture
def added(project):
    project.cli("add", "texts", "--as", "data/texts")
    return project


def status(project: Project, path: Path | None = None):
    app = open_project(project.root)
    try:
        return to_json(tracked_json(app.tracking.status("main", path)))
    finally:
        app.close()


def lines(project: Project) -> str:
    app = open_project(project.root)
    try:
        return "\n".join(tracked_lines(app.tracking.status("main"), listed=True))
    finally:
        app.close()


def add(project: Project, *words: str, expect: int = 0):
    return project.cli("add", "texts", "--as", "data/texts", "--json", *words, expect=expect).json


def test_a_folder_becomes_a_version_with_its_files_counted(project):
    answer = project.cli("add", "texts", "--as", "data/texts")
    assert re.fullmatch(r"main:data/texts now points at b3:\w{12} \(4 files, 18 B\)\n", answer.out)


def test_adding_again_changes_nothing_and_reads_nothing(added):
    age(added)
    first = add(added)
    again = add(added)
    assert (first["moved"], again["moved"], again["read"], again["files"]) == (False, False, 0, 4)
    assert len(added.cli("log", "data/texts", "--json").json["moves"]) == 1


def test_only_what_changed_is_read(added):
    age(added)
    add(added)
    added.write("texts/a.txt", "another")
    added.write("texts/new", "new")
    found = add(added)
    assert (found["moved"], found["read"], found["files"]) == (True, 2, 5)


def test_a_long_add_tells_how_far_it_is(project, monkeypatch):
    monkeypatch.setattr("remint.cli.progress.MOMENT_S", 0.0)
    assert "adding to data/texts: 4 of 4 files" in project.cli("add", "texts", "--as", "data/texts").err
    assert "4 of 4" not in project.cli("add", "texts", "--as", "data/again", "--quiet").err


def test_again_reads_every_file(added):
    age(added)
    add(added)
    assert add(added, "--again")["read"] == 4


def test_a_change_that_keeps_size_and_mtime_is_found(added):
    age(added)
    add(added)
    place = added.root / "texts" / "a.txt"
    before = place.stat()
    place.write_text("ALPHA")
    os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert [one["changed"] for one in status(added)] == [["a.txt"]]
    assert add(added)["moved"]


def test_a_change_right_after_the_add_is_found(added):
    place = added.root / "texts" / "a.txt"
    before = place.stat()
    place.write_text("ALPHA")
    os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert status(added)[0]["changed"] == ["a.txt"]


def test_status_says_that_nothing_changed(added):
    assert lines(added).splitlines()[1].split() == ["texts", "data/texts", "unchanged", "(4", "files)"]


def test_status_counts_and_lists_what_changed(added):
    added.write("texts/a.txt", "other")
    added.write("texts/sub/new\nline", "new")
    (added.root / "texts" / "b.csv").unlink()
    (added.root / "texts" / "sub" / "deep" / "d").unlink()
    os.mkfifo(added.root / "texts" / "pipe")
    found = lines(added)
    assert "1 changed, 1 new, 2 removed, 1 that cannot be added" in found
    assert found.split("texts:\n")[1].splitlines() == [
        "  M a.txt", "  D b.csv", "  ! pipe (a pipe)", "  D sub/deep/d", "  ? sub/new\\nline",
    ]  # fmt: skip


def test_a_touched_file_with_the_same_content_is_unchanged(added):
    (added.root / "texts" / "a.txt").touch()
    assert status(added)[0]["state"] == "unchanged"


def test_what_status_learned_is_not_read_again(added):
    age(added)
    status(added)
    secret = added.root / "texts" / "a.txt"
    app = open_project(added.root)
    tracked = app.tracking.worktree.tracking.tracked("main")[0]
    known = app.tracking.worktree.tracking.index(tracked).get("")
    app.close()
    assert known.stats[24:32] == secret.stat().st_ino.to_bytes(8, sys.byteorder)


def test_a_folder_that_is_gone_is_missing(added):
    (added.root / "texts").rename(added.root / "elsewhere")
    found = status(added)[0]
    assert (found["state"], found["removed"]) == ("missing", sorted(FILES))


@pytest.mark.parametrize("harm", [Path.unlink, lambda place: place.write_bytes(b"\0" * 100)], ids=["removed", "damaged"])
def test_without_an_index_the_answer_is_the_same(added, harm):
    added.write("texts/a.txt", "OTHER")
    harm(next((added.root / ".remint" / "index").iterdir()))
    assert (status(added)[0]["changed"], status(added)[0]["new"]) == (["a.txt"], [])
    harm(next((added.root / ".remint" / "index").iterdir()))
    assert add(added)["read"] == 4


def test_one_path_can_be_asked_for(added):
    added.cli("add", "pipeline.py", "--as", "data/code")
    assert [one["path"] for one in status(added)] == ["pipeline.py", "texts"]
    assert [one["path"] for one in status(added, added.root / "texts" / "sub")] == ["texts"]


def test_status_of_tracked_paths_loads_no_catalog(added):
    program = """
import sys
from pathlib import Path
from remint.app import open_project
assert open_project(Path(sys.argv[1])).tracking.status("main")[0].state == "unchanged"
print(*(name for name in ("sqlalchemy", "alembic", "pyarrow", "numpy", "duckdb") if name in sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(added.root)],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT / "src")},
    )
    assert done.stdout.split() == []


def test_two_versions_are_compared(added):
    added.write("texts/a.txt", "other")
    (added.root / "texts" / "b.csv").rename(added.root / "texts" / "z.csv")
    added.write("texts/new", "new")
    (added.root / "texts" / "sub" / "c.txt").unlink()
    add(added)
    answer = added.cli("diff", "data/texts@1", "data/texts@2")
    assert answer.out.splitlines() == [
        "1 added (3 B), 1 removed (5 B), 1 changed, 1 renamed",
        "  M a.txt", "  R b.csv -> z.csv", "  A new", "  D sub/c.txt",
    ]  # fmt: skip
    found = added.cli("diff", "data/texts@1", "data/texts@2", "--json").json
    assert (found["added"], found["removed"], found["changed"]) == (["new"], ["sub/c.txt"], ["a.txt"])
    assert found["renamed"] == [{"from": "b.csv", "to": "z.csv"}]


def test_at_most_50_differences_are_shown_and_all_are_in_json(added):
    for number in range(60):
        added.write(f"texts/many/{number:02}", str(number))
    add(added)
    shown = added.cli("diff", "data/texts@1", "data/texts@2").out.splitlines()
    assert (len(shown), shown[-1]) == (52, "  and 10 more")
    assert len(added.cli("diff", "data/texts@1", "data/texts@2", "--json").json["added"]) == 60


def test_a_set_of_files_is_shown_with_its_suffixes(added):
    shown = added.cli("show", "data/texts", "--rows", "2").out
    assert "files   4, 18 B" in shown
    assert [line.split() for line in shown.splitlines()[3:7]] == [
        ["suffix", "files", "size"], [".txt", "2", "10", "B"], ["(none)", "1", "5", "B"], [".csv", "1", "3", "B"],
    ]  # fmt: skip
    assert shown.splitlines()[-3:] == ["  a.txt  5 B", "  b.csv  3 B", "  and 2 more"]


def test_every_version_can_be_written_again(added):
    after_first = dt.datetime.now(dt.UTC).isoformat()
    time.sleep(0.01)
    added.write("texts/a.txt", "other")
    add(added)
    for number, version in enumerate(("@1", f"@{after_first.replace('+00:00', 'Z')}", "@2", "")):
        folder = added.root / f"out{number}"
        added.cli("checkout", f"data/texts{version}", str(folder))
        held = {place.relative_to(folder).as_posix(): place.read_text() for place in folder.rglob("*") if place.is_file()}
        assert held == (FILES if number < 2 else FILES | {"a.txt": "other"})


def test_a_folder_with_something_in_it_is_not_written_to(added):
    before = sorted((added.root / "texts").rglob("*"))
    answer = added.cli("checkout", "data/texts", "texts", expect=2)
    assert "checkout never overwrites" in answer.err
    assert sorted((added.root / "texts").rglob("*")) == before


def test_what_cannot_be_kept_is_named_and_nothing_is_committed(added):
    for number in range(7):
        (added.root / "texts" / f"link\u202e{number}").symlink_to("sub")
    added.write("texts/a.txt", "other")
    answer = added.cli("add", "texts", "--as", "data/texts", expect=2)
    assert "link\\u202e4 (a link to a folder), and 2 more" in answer.err
    assert "link\\u202e5" not in answer.err
    assert len(added.cli("log", "data/texts", "--json").json["moves"]) == 1


def test_an_empty_folder_is_refused(project):
    (project.root / "empty" / "inside").mkdir(parents=True)
    assert "there is no file in it" in project.cli("add", "empty", "--as", "data/empty", expect=2).err


def test_nothing_there_is_not_found(project):
    assert "there is no such file or folder" in project.cli("add", "nothing", "--as", "data/x", expect=4).err


def test_remints_own_state_is_never_added(project):
    assert "Remint's own state" in project.cli("add", ".remint/keys", "--as", "data/keys", expect=2).err


def test_the_whole_project_can_be_added_without_git_and_state(project):
    project.write(".git/config", "secret")
    answer = project.cli("add", ".", "--as", "data/all")
    assert "left out: .git/, .remint/" in answer.err
    assert project.cli("log", "data/all", "--json").json["moves"][0]["reason"] == "added from a project"
    assert "keys" not in str(project.cli("show", "data/all", "--json", "--rows", "100").json["first"])


def test_a_file_that_changes_while_it_is_added_is_a_conflict(project):
    place = project.root / "texts" / "large"
    place.write_bytes(b"x" * 60_000_000)
    stopped = threading.Event()

    def keep_writing() -> None:
        with place.open("r+b") as file:
            while not stopped.is_set():
                file.seek(0)
                file.write(b"y")
                file.flush()

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        answer = project.cli("add", "texts", "--as", "data/texts", expect=5)
    finally:
        stopped.set()
        writer.join()
    assert "changed while" in answer.err
    project.cli("log", "data/texts", expect=4)


def test_a_store_that_lost_its_bytes_gets_them_again(added):
    age(added)
    digest = add(added)["artifact"]["digest"]
    (added.root / ".remint" / "store").rename(added.root / "lost")
    found = add(added)
    assert (found["read"], found["artifact"]["digest"]) == (4, digest)
    added.cli("checkout", "data/texts", "out")


def test_a_parquet_file_is_a_table_and_tracked(project):
    pq.write_table(pa.table({"n": [1, 2, 3]}), project.root / "rows.parquet")
    first = project.cli("add", "rows.parquet", "--as", "data/rows", "--json").json
    assert (first["artifact"]["kind"], first["artifact"]["facts"]["rows"]) == ("table", 3)
    assert status(project)[0]["state"] == "unchanged"
    pq.write_table(pa.table({"n": [4]}), project.root / "rows.parquet")
    assert status(project)[0]["changed"] == ["rows.parquet"]
    assert project.cli("add", "rows.parquet", "--as", "data/rows", "--json").json["moved"]
    assert not project.cli("add", "rows.parquet", "--as", "data/rows", "--json").json["moved"]


def test_a_step_reads_a_folder_and_makes_one(added):
    added.cli("run", "data/upper")
    added.cli("checkout", "data/upper", "out")
    held = {
        place.relative_to(added.root / "out").as_posix(): place.read_text()
        for place in (added.root / "out").rglob("*")
        if place.is_file()
    }
    assert held == {f"made/{name}": text.upper() for name, text in FILES.items()}


def test_a_step_runs_again_only_if_its_folder_changed(added):
    added.cli("run", "data/upper")
    (added.root / "texts" / "a.txt").touch()
    add(added)
    assert added.cli("plan", "data/upper", "--json").json["plans"][0]["counts"]["run"] == 0


def age(project: Project) -> None:
    """Let the files settle: what changed a moment ago is always read again."""
    added = [place for place in (project.root / "texts").rglob("*") if place.is_file()]
    wait_s = 2.3 - (time.time() - max(place.stat().st_ctime for place in added))
    time.sleep(max(wait_s, 0))
