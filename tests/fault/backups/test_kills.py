"""A killed backup leaves the earlier ones whole, a killed restore leaves no catalog or all; both can be done again."""

import shutil

import pytest

from remint.adapters.backups.folder import BackupFolder
from tests.fault.backups.dying import ANA, kill_everywhere, lose, opened, put_back


@pytest.fixture(scope="module")
def backed_up(tmp_path_factory):
    return kill_everywhere("backup", tmp_path_factory.mktemp("backup"))


@pytest.fixture(scope="module")
def restored(tmp_path_factory):
    return kill_everywhere("restore", tmp_path_factory.mktemp("restore"))


def text(folder):
    """Return what data/text holds, verified, and that the log and its records agree."""
    app = opened(folder)
    found = app.refs.artifact(ANA, "data/text")
    app.artifacts.verify(found.digest)
    ((_, path),) = app.artifacts.files(found.digest)
    verified = app.audit.verify()
    app.close()
    assert verified.problems == ()
    return path.read_text()


def test_every_kill_leaves_the_earlier_backup_or_both_and_the_newest_can_be_put_back(backed_up, tmp_path):
    counts, texts = [], []
    for folder in (shutil.copytree(killed, tmp_path / killed.name) for killed in backed_up):
        counts.append(len(BackupFolder(folder / "backups", folder / "project" / ".remint").all()))
        lose(folder)
        put_back(folder)
        texts.append(text(folder))
    assert len(backed_up) > 20
    assert set(counts) == {1, 2}
    assert texts == [{1: "one", 2: "two"}[count] for count in counts]


def test_every_kill_of_a_restore_leaves_no_catalog_or_all_of_it(restored):
    for folder in restored:
        if not (folder / "project" / ".remint" / "catalog.db").exists():
            put_back(folder)
    assert len(restored) > 10
    assert {text(folder) for folder in restored} == {"one"}


def test_a_backup_after_a_killed_one_is_whole(backed_up, tmp_path):
    for folder in (shutil.copytree(killed, tmp_path / killed.name) for killed in backed_up[::7]):
        app = opened(folder)
        app.backups.take(ANA, folder / "backups")
        app.close()
        lose(folder)
        put_back(folder)
        assert text(folder) == "two"
