"""Attacks on what is recorded (cases 10, 25, 26, 36): by somebody who may write the database or the disk."""

import shutil
import sqlite3

import pytest

from remint.errors import RemintError
from tests.support.projects import alter

EDITS = {
    "an approval": "update change_steps set by = 'cy' where action = 'approve'",
    "a ref": "update refs set artifact = 'b3:' || substr(artifact, 4, 60) || '0000' where kind = 'model'",
    "a move": "update ref_moves set by = 'eve' where kind = 'model'",
    "a run": "update runs set by = 'eve'",
    "the end of a run": "update run_ends set state = 'failed'",
    "a role": "update role_changes set role = 'owner' where principal = 'mo'",
    "a principal": "update principals set public_key = zeroblob(32) where id = 'eve'",
    "an entry": "update entries set leaf = cast(replace(cast(leaf as text), '\"bo\"', '\"cy\"') as blob) where number = ("
    "select max(number) from entries where cast(leaf as text) like '%change:approve%')",
    "an entry taken away": "delete from entries where number = 5",
    "the last entry taken away": "delete from entries where number = (select max(number) from entries)",
}


@pytest.fixture
def merged(own_fort):
    """A project with a merged model, a role that was given, and a budget."""
    own_fort.act(own_fort.approved(f"model/x25={own_fort.model()}"), "merge")
    own_fort.app.principals.grant(own_fort.project.ana, "mo", "risk")
    return own_fort


@pytest.mark.parametrize("edit", sorted(EDITS))
def test_25_an_edit_of_the_database_is_found(merged, edit):
    assert merged.app.audit.verify().problems == ()
    merged.edit(EDITS[edit])
    assert merged.app.audit.verify().problems


def test_26_what_cannot_be_recorded_is_not_done(own_fort):
    fort = own_fort
    model = fort.model()
    with sqlite3.connect(fort.project.root / ".remint" / "catalog.db") as database:
        database.execute("create trigger full before insert on entries begin select raise(abort, 'the log is full'); end")
    database.close()
    before = fort.state()
    answers = [
        fort.ask("POST", "/workspaces", json={"name": "unseen"}),
        fort.ask("POST", "/tokens", json={"about": "unseen", "days": 1}),
        fort.ask("POST", "/principals", json={"name": "unseen"}),
        fort.ask("POST", "/changes", json={"refs": [f"model/x26={model}"]}),
    ]
    assert {answer.status_code for answer in answers} <= {409, 500, 503}
    assert fort.state() == before
    with sqlite3.connect(fort.project.root / ".remint" / "catalog.db") as database:
        database.execute("drop trigger full")
    database.close()
    assert fort.ask("POST", "/workspaces", json={"name": "unseen"}).status_code == 201


def test_36_a_hold_wins_over_an_erasure_and_a_collection(fort):
    place = fort.project.root / "held.txt"
    place.write_text("held")
    digest = fort.app.artifacts.add(fort.project.ana, "data/held", place).artifact.digest
    number = fort.app.storage.hold(fort.project.ana, "data/held", reason="a case").number
    with fort.repelled():
        fort.app.storage.collect(fort.project.ana, dry_run=True)
    assert fort.ask("GET", f"/artifacts/{digest}/files/held.txt").text == "held"
    fort.app.storage.release(fort.project.ana, number, reason="it is over")


def test_36_the_last_owner_stays(fort):
    with (
        fort.repelled("last-owner", action="principal:change"),
        pytest.raises(RemintError, match="last-owner"),
    ):
        fort.app.principals.leave(fort.project.ana, "ana")


def test_06_what_was_altered_on_the_disk_is_not_given_out(own_fort):
    digest = own_fort.model()
    part = own_fort.app.artifacts.get(digest).parts[0].path
    place = own_fort.project.blob_of(digest, part)
    kept = shutil.copy(place, own_fort.project.root / "kept")
    alter(place)
    assert own_fort.ask("GET", f"/artifacts/{digest}/files/{part}").status_code == 500
    place.chmod(0o644)
    shutil.copy(kept, place)
    assert own_fort.ask("GET", f"/artifacts/{digest}/files/{part}").status_code == 200
