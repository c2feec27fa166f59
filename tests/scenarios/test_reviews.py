"""Stories of rules by pattern of ref: quorum, reviewers, freeze windows, drafts, what is stale, roll-back."""

import sqlite3

import pytest


def ruled(project, rules, pattern="model/*"):
    """Add rules for a pattern of refs to the settings."""
    text = (project.root / "remint.toml").read_text()
    project.write("remint.toml", f'{text}\n[reviews."{pattern}"]\n{rules}\n')
    return project


def state_of(project, change_id="1"):
    return project.cli("changes", "show", change_id, "--json").json["state"]


def last_entry(project):
    return project.cli("audit", "export").out.strip().splitlines()[-1]


def merge_another(project, change_id, c):
    """Train with another parameter, and bring the model into production; return its digest."""
    project.cli("run", "model/late", "-w", "ana", "-p", f"c={c}")
    review = project.cli("propose", "ana:model/late", "--json").json
    assert review["change"]["id"] == change_id
    project.cli("changes", "approve", change_id, "--as", "bo")
    project.cli("changes", "merge", change_id)
    return review["change"]["moves"][0]["new"]


def test_a_quorum_of_two_roles_needs_both(trained):
    ruled(trained, "approvals = {approver = 1, risk = 1}")
    trained.cli("principals", "create", "cleo", "--role", "approver", "--role", "risk")
    trained.cli("propose", "ana:model/late")
    trained.cli("changes", "approve", "1", "--as", "bo")
    assert state_of(trained) == "open"
    assert "1 approval(s) as risk" in trained.cli("changes", "merge", "1", expect=3).err
    assert "1 approval(s) as risk" in trained.cli("changes", "list").out
    assert "could   cleo, as risk" in trained.cli("changes", "show", "1").out
    trained.cli("changes", "approve", "1", "--role", "risk", "--as", "bo", expect=3)
    trained.cli("changes", "approve", "1", "--role", "risk", "--as", "cleo")
    assert state_of(trained) == "approved"
    trained.cli("changes", "merge", "1")
    assert state_of(trained) == "merged"


def test_one_of_the_reviewers_must_have_approved(trained):
    ruled(trained, 'reviewers = ["cleo", "dora"]')
    trained.cli("principals", "create", "cleo", "--role", "approver")
    trained.cli("propose", "ana:model/late")
    trained.cli("changes", "approve", "1", "--as", "bo")
    assert "an approval by cleo or dora" in trained.cli("changes", "merge", "1", expect=3).err
    trained.cli("changes", "approve", "1", "--as", "cleo")
    trained.cli("changes", "merge", "1")


def test_one_of_a_team_must_have_approved_and_still_be_in_it(trained):
    ruled(trained, 'reviewers = ["team:risk-board"]')
    trained.cli("principals", "create", "cleo", "--role", "approver")
    trained.cli("teams", "create", "risk-board")
    trained.cli("teams", "add", "risk-board", "cleo")
    trained.cli("propose", "ana:model/late")
    trained.cli("changes", "approve", "1", "--as", "bo")
    assert "an approval by team:risk-board" in trained.cli("changes", "merge", "1", expect=3).err
    assert "cleo, as reviewer" in trained.cli("changes", "show", "1").out
    trained.cli("changes", "approve", "1", "--as", "cleo")
    trained.cli("teams", "add", "risk-board", "ana")
    trained.cli("teams", "remove", "risk-board", "cleo")
    assert "an approval by team:risk-board" in trained.cli("changes", "merge", "1", expect=3).err
    trained.cli("teams", "add", "risk-board", "cleo")
    trained.cli("changes", "merge", "1")
    trained.cli("teams", "remove", "risk-board", "cleo")
    trained.cli("audit", "verify")
    assert state_of(trained) == "merged"


def test_a_patterns_rules_do_not_hold_for_other_refs(trained):
    ruled(trained, 'reviewers = ["cleo"]', pattern="model/risky*")
    trained.cli("propose", "ana:model/late")
    trained.cli("changes", "approve", "1", "--as", "bo")
    trained.cli("changes", "merge", "1")


def test_rules_of_an_open_change_cannot_be_weakened(trained):
    ruled(trained, "approvals = {approver = 2}")
    trained.cli("propose", "ana:model/late")
    trained.edit("remint.toml", "approver = 2", "approver = 1")
    trained.cli("changes", "approve", "1", "--as", "bo")
    assert "1 approval(s) as approver" in trained.cli("changes", "merge", "1", expect=3).err
    assert trained.cli("propose", "ana:model/late", "--json").json["change"]["id"] == "2"


def test_rules_that_were_weakened_in_the_records_void_the_approvals(trained):
    ruled(trained, "approvals = {approver = 2}")
    trained.cli("propose", "ana:model/late")
    trained.cli("changes", "approve", "1", "--as", "bo")
    database = sqlite3.connect(trained.root / ".remint/catalog.db")
    database.execute("drop trigger changes_no_update")
    database.execute("update changes set rules = replace(rules, '\"approver\": 2', '\"approver\": 1')")
    database.commit()
    database.close()
    assert "1 approval(s) as approver" in trained.cli("changes", "merge", "1", expect=3).err


def test_an_approval_carried_over_to_another_change_does_not_count(trained):
    trained.cli("run", "model/late", "-w", "ana", "-p", "c=0.5")
    trained.cli("propose", "ana:model/late")
    trained.cli("changes", "approve", "1", "--as", "bo")
    trained.cli("run", "model/late", "-w", "ana", "-p", "c=0.6")
    trained.cli("propose", "ana:model/late")
    database = sqlite3.connect(trained.root / ".remint/catalog.db")
    database.execute(
        "insert into change_steps select 2, position, action, by, at_us, role, note, payload, signature "
        "from change_steps where change = 1 and action = 'approve'"
    )
    database.commit()
    database.close()
    assert state_of(trained, "2") == "open"
    assert "1 approval(s) as approver" in trained.cli("changes", "merge", "2", expect=3).err


def test_nothing_is_merged_in_a_freeze_window(trained):
    ruled(trained, 'freeze = ["2026-01-01/2999-12-31"]')
    trained.cli("propose", "ana:model/late")
    trained.cli("changes", "approve", "1", "--as", "bo")
    answer = trained.cli("changes", "merge", "1", expect=3)
    assert "rule frozen: nothing is merged before 3000-01-01 00:00 UTC" in answer.err
    assert '"rule":"frozen"' in last_entry(trained)
    assert "frozen  until 3000-01-01" in trained.cli("changes", "show", "1").out
    trained.cli("log", "model/late", expect=4)


def test_nobody_approves_or_merges_a_draft(trained):
    trained.cli("propose", "ana:model/late", "--draft")
    assert state_of(trained) == "draft"
    assert "it is a draft" in trained.cli("changes", "approve", "1", "--as", "bo", expect=5).err
    assert "it is a draft" in trained.cli("changes", "merge", "1", expect=5).err
    trained.cli("changes", "open", "1", "--as", "bo", expect=3)
    trained.cli("changes", "open", "1")
    trained.cli("changes", "approve", "1", "--as", "bo")
    trained.cli("changes", "merge", "1")


def test_a_stale_change_says_who_moved_the_ref_and_is_not_approved(merged):
    merged.cli("run", "model/late", "-w", "ana", "-p", "c=0.5")
    merged.cli("propose", "ana:model/late")
    merge_another(merged, "3", 0.6)
    assert state_of(merged, "2") == "stale"
    shown = merged.cli("changes", "show", "2").out
    assert "and ana moved it to" in shown
    assert "remint propose model/late=b3:" in shown
    assert "it is stale" in merged.cli("changes", "approve", "2", "--as", "bo", expect=5).err
    merged.cli("changes", "withdraw", "2")


def test_a_rule_that_is_not_understood_is_refused(trained):
    ruled(trained, "quorum = 2")
    assert "there is no rule quorum" in trained.cli("propose", "ana:model/late", expect=2).err


def test_a_roll_back_goes_to_the_version_merged_before_and_stays_in_control(merged):
    first = merged.cli("log", "model/late", "--json").json["moves"][0]["new"]
    merge_another(merged, "2", 0.5)
    moved = merged.cli("rollback", "model/late", "--reason", "it is worse", "--as", "bo", "--json").json
    assert (moved["new"], moved["change"]) == (first, "3")
    assert [state_of(merged, number) for number in ("1", "2", "3")] == ["merged", "rolled back", "merged"]
    assert "approved by bo" in merged.cli("control").out
    assert "it is worse" in merged.cli("changes", "show", "3").out


def test_a_roll_back_ignores_freeze_windows(merged):
    merge_another(merged, "2", 0.5)
    ruled(merged, 'freeze = ["2026-01-01/2999-12-31"]')
    merged.cli("rollback", "model/late")


def test_the_first_version_is_not_rolled_back(merged):
    assert "no earlier version" in merged.cli("rollback", "model/late", expect=3).err
    assert '"rule":"previous-merged"' in last_entry(merged)


def test_a_roll_back_is_not_rolled_back(merged):
    merge_another(merged, "2", 0.5)
    merged.cli("rollback", "model/late")
    assert "a roll-back already" in merged.cli("rollback", "model/late", expect=3).err


def test_what_is_not_protected_is_not_rolled_back(merged):
    assert "not protected" in merged.cli("rollback", "data/points", expect=2).err
    merged.cli("rollback", "model/never", expect=4)


def test_a_viewer_rolls_nothing_back(merged):
    merge_another(merged, "2", 0.5)
    merged.cli("principals", "create", "vera", "--role", "viewer")
    assert "rule role" in merged.cli("rollback", "model/late", "--as", "vera", expect=3).err


@pytest.mark.parametrize(
    "alter", ["update change_steps set signature = zeroblob(64)", "update change_steps set note = 'other'"]
)
def test_a_roll_back_that_was_altered_in_the_records_is_not_approved(merged, alter):
    merge_another(merged, "2", 0.5)
    merged.cli("rollback", "model/late")
    database = sqlite3.connect(merged.root / ".remint/catalog.db")
    database.execute("drop trigger change_steps_no_update")
    database.execute(f"{alter} where role = 'roll-back'")
    database.commit()
    database.close()
    assert "not moved by an approved change" in merged.cli("control").out
