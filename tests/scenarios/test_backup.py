"""Stories of a lost database, and of the backup that brings it back."""

import random
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.remint_cli import Project

PLACE = "../backups"


def lose(project, *names):
    for name in names or ("catalog.db", "catalog.db-wal", "catalog.db-shm"):
        (project.root / ".remint" / name).unlink(missing_ok=True)


def log(project):
    return project.cli("audit", "export").out.splitlines()


def test_a_project_whose_database_was_lost_is_as_it_was(merged):
    merged.cli("backup", PLACE)
    before = log(merged)[:-1]
    lose(merged)
    answer = merged.cli("restore", PLACE, "--json").json
    assert (answer["problems"], answer["missing"]) == ([], [])
    assert log(merged)[: len(before)] == before
    merged.cli("regenerate", "model/late")
    assert "IN CONTROL" in merged.cli("control").out


def test_a_project_of_which_nothing_is_left_but_its_code_is_as_it_was(merged):
    merged.cli("backup", PLACE)
    shutil.rmtree(merged.root / ".remint")
    merged.cli("restore", PLACE)
    assert (merged.root / ".remint/keys").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (merged.root / ".remint/keys").iterdir()} == {0o600}
    merged.cli("regenerate", "model/late")
    merged.cli("audit", "verify")


def test_the_next_backup_copies_only_what_is_new(merged):
    drawn = random.Random(1)
    pq.write_table(pa.table({"x": [drawn.random() for _ in range(200_000)]}), merged.root / "drawn.parquet")
    merged.cli("add", "drawn.parquet", "--as", "data/drawn")
    first = merged.cli("backup", PLACE, "--json").json
    merged.write("scale.txt", "2.0")
    merged.cli("add", "scale.txt", "--as", "data/scale")
    second = merged.cli("backup", PLACE, "--json").json
    assert first["copied_bytes"] > 4 * second["copied_bytes"], "again the catalog and the pack still written to, no table"
    assert [one["name"] for one in merged.cli("backup", PLACE, "--list", "--json").json["backups"]] == [
        first["backup"]["name"],
        second["backup"]["name"],
    ]


def test_an_earlier_backup_can_be_chosen(merged):
    first = merged.cli("backup", PLACE, "--json").json["backup"]
    merged.cli("run", "model/late", "-w", "ana", "-p", "c=0.5")
    merged.cli("backup", PLACE)
    lose(merged)
    merged.cli("restore", PLACE, "--backup", first["name"])
    assert len(log(merged)) == first["entries"] + 1


def test_only_the_newest_backups_are_kept(merged):
    for _ in range(3):
        merged.cli("backup", PLACE, "--keep", "2")
    assert len(merged.cli("backup", PLACE, "--list", "--json").json["backups"]) == 2


def test_entries_that_the_backup_had_not_yet_are_told_by_a_checkpoint(merged):
    merged.write("remint.toml", 'checkpoints = ["../kept.jsonl"]\n' + (merged.root / "remint.toml").read_text())
    merged.cli("backup", PLACE)
    merged.cli("run", "model/late", "-w", "ana", "-p", "c=0.5")
    merged.cli("audit", "checkpoint")
    lose(merged)
    assert "an older catalog was put in its place" in merged.cli("restore", PLACE).out


def test_bytes_that_the_backup_lacks_are_told(merged):
    merged.cli("backup", PLACE)
    shutil.rmtree(merged.root / ".remint")
    shutil.rmtree(merged.root / PLACE / "store" / "objects")
    assert "main:model/late@1" in merged.cli("restore", PLACE, "--json").json["missing"]


def test_a_catalog_that_is_there_is_not_replaced(merged):
    merged.cli("backup", PLACE)
    assert "move .remint/catalog.db away" in merged.cli("restore", PLACE, expect=5).err


def test_only_an_owner_backs_up(merged):
    merged.cli("backup", PLACE, "--as", "bo", expect=3)
    assert not (merged.root / PLACE).exists()


def test_a_folder_with_something_else_in_it_is_refused(merged):
    (merged.root / PLACE).mkdir()
    (merged.root / PLACE / "letter.txt").write_text("dear ana")
    merged.cli("backup", PLACE, expect=2)
    assert [path.name for path in (merged.root / PLACE).iterdir()] == ["letter.txt"]


def test_backups_of_another_project_are_refused(merged, tmp_path):
    merged.cli("backup", PLACE)
    other = Project(tmp_path / "other")
    other.root.mkdir()
    other.cli("init")
    other.cli("backup", str(merged.root / PLACE), expect=5)


def test_a_place_without_a_backup_is_told(merged):
    (merged.root / PLACE).mkdir()
    merged.cli("restore", PLACE, expect=4)


@pytest.mark.parametrize("content", ["{", "{}", '{"v": 2}'])
def test_a_damaged_record_is_told(merged, content):
    merged.cli("backup", PLACE)
    next((merged.root / PLACE / "catalogs").glob("*.json")).write_text(content)
    merged.cli("backup", PLACE, "--list", expect=2)


def test_a_copy_of_another_catalog_is_told(merged):
    merged.cli("backup", PLACE)
    (database,) = (merged.root / PLACE / "catalogs").glob("*.db")
    merged.cli("run", "model/late", "-w", "ana", "-p", "c=0.5")
    merged.cli("backup", PLACE)
    newest = max((merged.root / PLACE / "catalogs").glob("*.db"))
    shutil.copy(database, newest)
    lose(merged)
    assert "is not the one that was copied" in merged.cli("restore", PLACE, expect=8).err
