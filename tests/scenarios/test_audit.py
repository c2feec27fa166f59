"""Stories of somebody who alters the catalog, and of how it is found."""

import contextlib
import json
import shutil
import sqlite3

import pytest

from remint.core import canonical
from remint.core.entry import Frontier, leaf_digest

ANCHOR = "../checkpoints.jsonl"


@pytest.fixture
def watched(merged):
    """A project with a model in production, and a checkpoint of its log outside of it."""
    text = (merged.root / "remint.toml").read_text()
    merged.write("remint.toml", f'checkpoints = ["{ANCHOR}"]\n{text}')
    merged.cli("audit", "checkpoint")
    return merged


def sql(project, *statements):
    """Alter the catalog as somebody who can write its file would: past the triggers."""
    with contextlib.closing(sqlite3.connect(project.root / ".remint/catalog.db")) as database:
        triggers = database.execute("select name from sqlite_master where type = 'trigger'").fetchall()
        database.executescript("".join(f'drop trigger "{name}";' for (name,) in triggers))
        for statement in statements:
            assert database.execute(statement).rowcount != 0, statement
        database.commit()


def rewritten(project, leaves):
    """Put other entries in the place of the log's, with a tree that fits them."""
    frontier = Frontier()
    with contextlib.closing(sqlite3.connect(project.root / ".remint/catalog.db")) as database:
        triggers = database.execute("select name from sqlite_master where type = 'trigger'").fetchall()
        database.executescript("".join(f'drop trigger "{name}";' for (name,) in triggers) + "delete from entries;")
        for number, leaf in enumerate(leaves, 1):
            written = canonical.dumps({**leaf, "number": number, "previous": frontier.root()})
            database.execute("insert into entries (number, leaf) values (?, ?)", (number, written))
            frontier = frontier.appended(leaf_digest(written))
        roots = b"".join(root.raw for root in frontier.roots)
        database.execute("update entry_frontier set size = ?, roots = ?", (frontier.size, roots))
        database.commit()


def entries(project):
    return [json.loads(line) for line in project.cli("audit", "export").out.splitlines()]


def key_of(project):
    return json.loads((project.root / ANCHOR).read_text().splitlines()[0])["checkpoint"]["key"]


def test_an_honest_project_verifies_with_its_records_and_checkpoints(watched):
    watched.cli("add", "scale.txt", "--as", "data/again")
    found = watched.cli("audit", "verify", "--json").json
    assert (found["first_bad"], found["problems"], found["checkpoints"]) == (None, [], 1)
    assert found["records"] > 10


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("update change_steps set by = 'eve' where action = 'approve'", "the step `approve` of change 1 by eve"),
        ("update change_steps set at_us = at_us + 1 where action = 'merge'", "the step `merge` of change 1"),
        ("delete from change_steps where action = 'approve'", "(change:approve)"),
        ("update refs set artifact = (select digest from artifacts where kind = 'table')", "does not point where"),
        ("update ref_moves set new = old where old is not null", "no entry tells of the move"),
        ("update ref_moves set by = 'eve' where name = 'late' and workspace = 'main'", "no entry tells of the move"),
        ("update run_ends set metrics = '{\"result.auc\": 0.99}' where metrics <> '{}'", "the end of run"),
        ("update run_ends set cpu_us = 1", "the end of run"),
        ("update run_outputs set artifact = 'b3:' || hex(zeroblob(32))", "the end of run"),
        ("update runs set by = 'eve'", "the start of run"),
        ("update principals set public_key = zeroblob(32) where id = 'bo'", "the principal bo"),
    ],
)
def test_an_edited_record_is_found(merged, statement, words):
    merged.write("scale.txt", "2.0")
    merged.cli("add", "scale.txt", "--as", "data/scale")
    sql(merged, statement)
    answer = merged.cli("audit", "verify", expect=8)
    assert words in answer.err


def test_an_edited_entry_is_named(watched):
    sql(watched, "update entries set leaf = replace(leaf, 'allow', 'deny') where number = 4")
    assert "at entry 4" in watched.cli("audit", "verify", expect=8).err


def test_a_log_that_lost_its_end_is_found_by_the_checkpoint(watched):
    kept = entries(watched)[:-2]
    rewritten(watched, kept)
    answer = watched.cli("audit", "verify", "--log-only", expect=8)
    assert f"at entry {len(kept) + 1}" in answer.err
    assert "cut off" in answer.err


def test_a_log_that_was_made_to_fit_again_is_found_by_the_checkpoint(watched):
    altered = entries(watched)
    altered[2]["by"] = "eve"
    rewritten(watched, altered)
    answer = watched.cli("audit", "verify", "--log-only", expect=8)
    assert "made to fit again" in answer.err


def test_without_a_checkpoint_such_a_log_still_does_not_fit_the_records(merged):
    altered = entries(merged)
    at = next(number for number, entry in enumerate(altered) if entry["action"] == "change:approve")
    altered[at]["by"] = "eve"
    rewritten(merged, altered)
    assert "by bo as it is recorded" in merged.cli("audit", "verify", expect=8).err


def test_an_older_catalog_put_in_its_place_is_found(watched):
    state = watched.root / ".remint"
    shutil.copy(state / "catalog.db", watched.root / "older.db")
    watched.cli("add", "scale.txt", "--as", "data/again")
    watched.cli("audit", "checkpoint")
    for name in ("catalog.db-wal", "catalog.db-shm"):
        (state / name).unlink(missing_ok=True)
    shutil.copy(watched.root / "older.db", state / "catalog.db")
    assert "an older catalog" in watched.cli("audit", "verify", expect=8).err
    assert "no checkpoint was made" in watched.cli("audit", "checkpoint", expect=8).err


def test_a_forged_checkpoint_is_found(watched):
    place = watched.root / ANCHOR
    place.write_text(place.read_text().replace('"size":', '"size":1'))
    assert "not signed by the key" in watched.cli("audit", "verify", expect=8).err


def test_a_checkpoint_cut_off_by_a_crash_is_not_read_and_the_next_one_is(watched):
    place = watched.root / ANCHOR
    whole = place.read_bytes()
    place.write_bytes(whole + whole[:50])
    watched.cli("audit", "verify")
    watched.cli("audit", "checkpoint")
    assert watched.cli("audit", "verify", "--json").json["checkpoints"] == 2


def test_an_export_and_a_proof_are_checked_without_the_project(watched, tmp_path):
    watched.cli("audit", "export", "--to", str(tmp_path / "log.jsonl"))
    watched.cli("audit", "prove", "3", "--to", str(tmp_path / "proof.json"))
    key, anchor = key_of(watched), str(watched.root / ANCHOR)
    elsewhere = type(watched)(tmp_path)
    found = elsewhere.cli("audit", "verify", "--export", "log.jsonl", "--checkpoints", anchor, "--key", key, "--json").json
    assert (found["checkpoints"], found["first_bad"], found["records"]) == (1, None, None)
    told = elsewhere.cli("audit", "check", "proof.json", "--checkpoints", anchor, "--key", key, "--json").json
    assert told["entry"]["number"] == 3
    text = (tmp_path / "log.jsonl").read_text()
    (tmp_path / "log.jsonl").write_text(text.replace('"by":"remint"', '"by":"eve"', 1))
    elsewhere.cli("audit", "verify", "--export", "log.jsonl", expect=8)
    proof = (tmp_path / "proof.json").read_text()
    (tmp_path / "proof.json").write_text(proof.replace("allow", "deny "))
    elsewhere.cli("audit", "check", "proof.json", "--checkpoints", anchor, "--key", key, expect=8)


def test_a_proof_of_an_entry_that_is_not_there_is_refused(merged):
    assert "has the entries 1 to" in merged.cli("audit", "prove", "99999", expect=4).err


def test_a_checkpoint_needs_a_place(merged):
    assert "checkpoints" in merged.cli("audit", "checkpoint", expect=2).err


def test_a_place_that_takes_nothing_is_told(watched):
    text = (watched.root / "remint.toml").read_text()
    watched.write("remint.toml", text.replace(ANCHOR, "../none/there"))
    assert "were not reached" in watched.cli("audit", "checkpoint", expect=9).err


def test_whatever_happens_to_changes_agrees_with_its_entries(merged):
    for name in ("gus", "hal"):
        merged.cli("principals", "create", name, "--role", "member", "--role", "glass")
    merged.cli("run", "model/late", "-w", "ana", "-p", "c=0.5")
    merged.cli("propose", "ana:model/late", "--draft")
    merged.cli("changes", "open", "2")
    merged.cli("changes", "approve", "2", "--as", "bo")
    merged.cli("changes", "merge", "2")
    merged.cli("rollback", "model/late")
    merged.cli("propose", "ana:model/late")
    merged.cli("changes", "withdraw", "4")
    merged.cli("propose", "ana:model/late")
    merged.cli("glass", "open", "model/late", "--reason", "the older one fails", "--as", "gus")
    merged.cli("glass", "confirm", "1", "--as", "hal")
    merged.cli("changes", "merge", "5", "--glass", "1", "--as", "gus")
    merged.cli("changes", "review", "5", "--note", "it was right", "--as", "bo")
    merged.cli("principals", "grant", "bo", "risk")
    assert merged.cli("audit", "verify", "--json").json["problems"] == []
    sql(merged, "update change_steps set role = '' where role = 'glass'")
    assert "the step `merge` of change 5" in merged.cli("audit", "verify", expect=8).err
