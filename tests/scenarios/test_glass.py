"""Stories of emergencies: two persons, a reason, a while; and a review afterwards."""

import sqlite3

import pytest

from tests.scenarios.test_reviews import last_entry, ruled, state_of


@pytest.fixture
def pressed(trained):
    """A model that fails its gate and has no approval, in a freeze; gus and hal may break glass, cleo approves."""
    ruled(trained, 'freeze = ["2026-01-01/2999-12-31"]')
    trained.edit("remint.toml", "minimum = 0.6", "minimum = 0.99")
    for name in ("gus", "hal"):
        trained.cli("principals", "create", name, "--role", "member", "--role", "glass")
    trained.cli("propose", "ana:model/late")
    return trained


@pytest.fixture
def broken(pressed):
    """The same, merged in an emergency."""
    pressed.cli("glass", "open", "model/late", "--reason", "the model in production fails", "--as", "gus")
    pressed.cli("glass", "confirm", "1", "--as", "hal")
    pressed.cli("changes", "merge", "1", "--glass", "1", "--as", "gus")
    return pressed


def test_two_persons_merge_in_an_emergency_what_is_frozen_unapproved_and_below_its_gate(pressed):
    pressed.cli("changes", "merge", "1", expect=3)
    pressed.cli("glass", "open", "model/late", "--reason", "the model in production fails", "--ttl", "2h", "--as", "gus")
    pressed.cli("glass", "confirm", "1", "--as", "hal")
    pressed.cli("changes", "merge", "1", "--glass", "1", "--as", "hal")
    assert state_of(pressed) == "merged"
    assert '"right":"glass"' in last_entry(pressed)
    assert "waits   for a review by" in pressed.cli("changes", "show", "1").out
    assert "hal" in pressed.cli("glass", "list").out
    assert "confirmed by hal" in pressed.cli("glass", "show", "1").out


def test_one_person_alone_merges_nothing(pressed):
    pressed.cli("glass", "open", "model/late", "--reason", "it fails", "--as", "gus")
    assert "four-eyes" in pressed.cli("glass", "confirm", "1", "--as", "gus", expect=3).err
    assert "no second principal confirmed" in pressed.cli("changes", "merge", "1", "--glass", "1", "--as", "gus", expect=3).err
    assert '"rule":"glass"' in last_entry(pressed)
    pressed.cli("log", "model/late", expect=4)


def test_only_who_has_the_role_breaks_glass(pressed):
    assert "rule role" in pressed.cli("glass", "open", "model/late", "--reason", "why not", "--as", "bo", expect=3).err
    pressed.cli("glass", "open", "model/late", "--reason", "it fails", "--as", "gus")
    pressed.cli("glass", "confirm", "1", "--as", "bo", expect=3)


@pytest.mark.parametrize(
    "words",
    [
        ("model/late", "--reason", " "),
        ("data/points", "--reason", "it fails"),
        ("model/late", "--reason", "it fails", "--ttl", "25h"),
        ("model/late", "--reason", "it fails", "--ttl", "soon"),
    ],
)
def test_an_emergency_has_a_reason_protected_refs_and_an_end(pressed, words):
    pressed.cli("glass", "open", *words, "--as", "gus", expect=2)


def test_only_the_two_persons_merge_by_it(pressed):
    pressed.cli("glass", "open", "model/late", "--reason", "it fails", "--as", "gus")
    pressed.cli("glass", "confirm", "1", "--as", "hal")
    assert "only gus and hal" in pressed.cli("changes", "merge", "1", "--glass", "1", expect=3).err


def test_an_emergency_is_about_its_refs_only(pressed):
    pressed.cli("glass", "open", "model/other", "--reason", "it fails", "--as", "gus")
    pressed.cli("glass", "confirm", "1", "--as", "hal")
    assert "not about main:model/late" in pressed.cli("changes", "merge", "1", "--glass", "1", "--as", "gus", expect=3).err


def test_an_emergency_does_not_pass_over_an_unknown_origin(pressed):
    brought = pressed.cli("show", "ana:model/late", "--json").json["artifact"]["digest"]
    database = sqlite3.connect(pressed.root / ".remint/catalog.db")
    database.execute("drop trigger run_outputs_no_delete")
    database.execute("delete from run_outputs where artifact = ?", (brought,))
    database.commit()
    database.close()
    pressed.cli("glass", "open", "model/late", "--reason", "it fails", "--as", "gus")
    pressed.cli("glass", "confirm", "1", "--as", "hal")
    answer = pressed.cli("changes", "merge", "1", "--glass", "1", "--as", "gus", expect=3)
    assert "gate lineage-complete" in answer.err
    assert "gate eval-passed" not in answer.err


def test_a_merge_in_an_emergency_is_unapproved_until_somebody_else_reviews_it(broken):
    assert "not moved by an approved change" in broken.cli("control").out
    assert "four-eyes" in broken.cli("changes", "review", "1", "--note", "fine", expect=3).err
    broken.cli("changes", "review", "1", "--note", "it was right", "--as", "bo")
    assert "approved by bo" in broken.cli("control").out
    broken.cli("changes", "review", "1", "--note", "again", "--as", "bo", expect=5)


@pytest.mark.parametrize("who", ["gus", "hal"])
def test_who_broke_the_glass_does_not_review(broken, who):
    assert "rule role" in broken.cli("changes", "review", "1", "--note", "fine", "--as", who, expect=3).err


@pytest.mark.parametrize(
    "statement",
    [
        "update glass_confirmations set signature = zeroblob(64)",
        "update glasses set reason = 'another'",
        "update glasses set until_us = until_us + 1",
        "update glasses set refs = replace(refs, 'late', 'later')",
        "update change_steps set signature = zeroblob(64) where action = 'merge'",
    ],
)
def test_an_emergency_altered_in_the_records_does_not_count(broken, statement):
    broken.cli("changes", "review", "1", "--note", "it was right", "--as", "bo")
    database = sqlite3.connect(broken.root / ".remint/catalog.db")
    database.executescript(
        "drop trigger change_steps_no_update; drop trigger glasses_no_update; drop trigger glass_confirmations_no_update"
    )
    database.execute(statement)
    database.commit()
    database.close()
    assert "not moved by an approved change" in broken.cli("control").out
