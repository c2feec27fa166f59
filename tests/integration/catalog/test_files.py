import shutil
import subprocess
import sys
import time

import pytest

from remint.adapters.catalog.engine import SqlCatalog
from remint.adapters.catalog.files import catalog_state
from remint.core.workspace import Workspace

CHECKPOINT = """
import sqlite3, sys
print(sqlite3.connect(sys.argv[1], timeout=0).execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
"""


@pytest.fixture
def path(tmp_path):
    SqlCatalog(tmp_path / "catalog.db").close()
    time.sleep(0.02)
    return tmp_path / "catalog.db"


def fork(catalog: SqlCatalog, name: str) -> None:
    with catalog.begin() as tx:
        assert tx.workspaces.add(Workspace(name, "main", 0, "ana", 1))


def begun(catalog: SqlCatalog, name: str) -> None:
    with catalog.begin() as tx:
        tx.workspaces.add(Workspace(name, "main", 0, "ana", 1))
        raise KeyError(name)


def read(catalog: SqlCatalog) -> None:
    with catalog.read() as tx:
        tx.workspaces.all()


def test_a_catalog_that_was_only_read_has_the_state_it_had(path):
    before = catalog_state(path)
    catalog = SqlCatalog(path)
    read(catalog)
    while_open = catalog_state(path)
    catalog.close()
    assert before is not None
    assert before == while_open == catalog_state(path)


def test_a_record_that_was_written_shows_once_the_catalog_is_closed(path):
    before = catalog_state(path)
    catalog = SqlCatalog(path)
    fork(catalog, "box")
    catalog.close()
    assert catalog_state(path) not in (None, before)


def test_a_record_that_was_written_shows_while_others_have_the_catalog_open(path):
    reader, writer = SqlCatalog(path), SqlCatalog(path)
    read(reader)
    seen = [catalog_state(path)]
    fork(writer, "box")
    seen.append(catalog_state(path))
    fork(writer, "chest")
    seen.append(catalog_state(path))
    writer.close()
    settled = catalog_state(path)
    read(reader)
    assert settled == catalog_state(path)
    reader.close()
    seen.append(catalog_state(path))
    assert None not in seen
    assert len(set(seen)) == 4


def test_a_commit_is_told_by_more_than_the_times_of_the_files(path):
    """The log does not change any more when a commit begins to be seen, which is after the disk has confirmed it."""
    catalog = SqlCatalog(path)
    fork(catalog, "box")
    before = catalog_state(path)
    fork(catalog, "chest")
    after = catalog_state(path)
    catalog.close()
    assert before is not None
    assert after is not None
    assert before.commits != after.commits


def test_what_was_not_committed_changes_nothing_that_is_told_as_a_commit(path):
    catalog = SqlCatalog(path)
    fork(catalog, "box")
    before = catalog_state(path)
    with pytest.raises(KeyError):
        begun(catalog, "chest")
    after = catalog_state(path)
    catalog.close()
    assert before == after


def test_a_log_that_a_killed_process_left_is_told_only_by_opening(path, tmp_path):
    left = tmp_path / "left"
    left.mkdir()
    catalog = SqlCatalog(path)
    fork(catalog, "box")
    shutil.copyfile(path, left / "catalog.db")
    shutil.copyfile(f"{path}-wal", left / "catalog.db-wal")
    catalog.close()
    assert catalog_state(left / "catalog.db") is None


@pytest.mark.parametrize("end", ["-journal", "-wal"])
def test_an_unfinished_change_is_told_only_by_opening(path, end):
    path.with_name(f"catalog.db{end}").write_bytes(b"half a change")
    assert catalog_state(path) is None


def test_no_catalog_has_no_state(tmp_path):
    assert catalog_state(tmp_path / "catalog.db") is None


def test_looking_leaves_the_locks_of_this_process_as_they_are(path):
    """POSIX drops all locks of a process on a file when it closes any handle of that file."""
    catalog = SqlCatalog(path)
    fork(catalog, "box")
    with catalog.read() as tx:
        tx.workspaces.all()
        other = SqlCatalog(path)
        fork(other, "chest")
        other.close()
        assert catalog_state(path) is not None
        found = subprocess.run([sys.executable, "-c", CHECKPOINT, path], capture_output=True, text=True, check=True)
        assert found.stdout.strip() == "1", "another process could empty the log that a reader here still needs"
    catalog.close()
