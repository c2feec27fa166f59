"""Stories of proposing, approving and merging."""

import sqlite3


def model_blob(project, name="ana:model/late"):
    parts = project.cli("show", name, "--json").json["artifact"]["parts"]
    digest = next(part["blob"] for part in parts if part["path"] == "model.skops")[3:]
    return project.root / ".remint/store/objects" / digest[:2] / digest[2:]


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(bytes(content))


def test_the_authors_own_approval_is_refused_and_recorded(trained):
    trained.cli("propose", "ana:model/late")
    answer = trained.cli("changes", "approve", "1", expect=3)
    assert "four-eyes" in answer.err
    last = trained.cli("audit", "export").out.strip().splitlines()[-1]
    assert '"decision":"deny"' in last
    assert '"action":"change:approve"' in last


def test_a_second_principal_approves_and_the_merge_moves_the_ref(trained):
    trained.cli("propose", "ana:model/late")
    trained.cli("changes", "merge", "1", expect=3)
    answer = trained.cli("changes", "approve", "1", "--as", "bo")
    assert "embedded mode records approvals" in answer.err
    trained.cli("changes", "merge", "1")
    moves = trained.cli("log", "model/late", "--json").json["moves"]
    assert [move["change"] for move in moves] == ["1"]


def test_proposing_the_same_again_gives_the_open_change(trained):
    first = trained.cli("propose", "ana:model/late", "--json").json["change"]["id"]
    assert trained.cli("propose", "ana:model/late", "--json").json["change"]["id"] == first


def test_a_failing_gate_refuses_the_merge_and_says_why(trained):
    trained.edit("remint.toml", "minimum = 0.6", "minimum = 0.99")
    trained.cli("propose", "ana:model/late")
    trained.cli("changes", "approve", "1", "--as", "bo")
    answer = trained.cli("changes", "merge", "1", expect=3)
    assert "gate eval-passed" in answer.err
    assert "below 0.99" in answer.err


def test_gates_of_an_open_change_cannot_be_weakened(trained):
    trained.edit("remint.toml", "minimum = 0.6", "minimum = 0.99")
    trained.cli("propose", "ana:model/late")
    trained.edit("remint.toml", "minimum = 0.99", "minimum = 0.0")
    trained.cli("changes", "approve", "1", "--as", "bo")
    trained.cli("changes", "merge", "1", expect=3)


def test_a_challenger_that_brings_nothing_is_turned_down_by_the_gate(merged):
    merged.write("remint.toml", (merged.root / "remint.toml").read_text() + 'better = { metric = "auc", gain = 0.005 }\n')
    merged.cli("run", "model/late", "-w", "ana", "-p", "c=0.9")
    merged.cli("propose", "ana:model/late")
    merged.cli("changes", "approve", "2", "--as", "bo")
    answer = merged.cli("changes", "merge", "2", expect=3)
    assert "gate better" in answer.err


def test_bytes_altered_after_the_approval_stop_the_merge(trained):
    trained.cli("propose", "ana:model/late")
    trained.cli("changes", "approve", "1", "--as", "bo")
    flip(model_blob(trained))
    answer = trained.cli("changes", "merge", "1", expect=8)
    assert "altered" in answer.err
    trained.cli("log", "model/late", expect=4)


def test_altered_bytes_are_found_by_show_regenerate_and_control(merged):
    flip(model_blob(merged, "main:model/late"))
    merged.cli("show", "main:model/late", expect=8)
    merged.cli("changes", "show", "1")
    assert "NOT REGENERABLE" in merged.cli("control").out


def test_a_record_that_points_at_other_bytes_is_found(trained):
    trained.cli("run", "model/late", "-w", "ana", "-p", "c=0.01")
    database = sqlite3.connect(trained.root / ".remint/catalog.db")
    database.execute("drop trigger artifacts_no_update")
    one, two = database.execute("select digest, parts from artifacts where kind = 'model' order by at_us").fetchall()
    database.execute("update artifacts set parts = ? where digest = ?", (one[1], two[0]))
    database.commit()
    database.close()
    answer = trained.cli("propose", "ana:model/late", expect=8)
    assert "not what its name says" in answer.err


def test_a_forged_approval_does_not_count(trained):
    trained.cli("propose", "ana:model/late")
    database = sqlite3.connect(trained.root / ".remint/catalog.db")
    database.execute(
        "insert into change_steps values (1, 2, 'approve', 'bo', 1700000000000000, 'approver', '', x'7b7d', ?)", (bytes(64),)
    )
    database.commit()
    database.close()
    trained.cli("changes", "merge", "1", expect=3)


def test_a_ref_that_moved_meanwhile_makes_the_change_stale(merged):
    merged.cli("run", "model/late", "-w", "ana", "-p", "c=0.5")
    merged.cli("propose", "ana:model/late")
    merged.cli("run", "model/late", "-w", "ana", "-p", "c=0.6")
    merged.cli("propose", "ana:model/late")
    for change in ("2", "3"):
        merged.cli("changes", "approve", change, "--as", "bo")
    merged.cli("changes", "merge", "3")
    answer = merged.cli("changes", "merge", "2", expect=5)
    assert "was not moved" in answer.err


def test_a_rejected_change_has_ended(trained):
    trained.cli("propose", "ana:model/late")
    trained.cli("changes", "reject", "1", "--note", "not now", "--as", "bo")
    assert "already" in trained.cli("changes", "approve", "1", "--as", "bo", expect=5).err


def test_only_the_one_who_opened_it_withdraws_a_change(trained):
    trained.cli("propose", "ana:model/late")
    trained.cli("changes", "withdraw", "1", "--as", "bo", expect=3)
    trained.cli("changes", "withdraw", "1")
    assert "withdrawn" in trained.cli("changes", "list").out


def test_nobody_acts_without_a_principal_and_its_key(trained):
    trained.cli("status", "--as", "mallory", expect=3)
    (trained.root / ".remint/keys/bo.key").unlink()
    trained.cli("propose", "ana:model/late")
    trained.cli("changes", "approve", "1", "--as", "bo", expect=3)


def test_the_audit_log_finds_an_edited_entry(merged):
    assert "verified" in merged.cli("audit", "verify").out
    database = sqlite3.connect(merged.root / ".remint/catalog.db")
    database.execute("drop trigger entries_no_update")
    database.execute("update entries set leaf = replace(leaf, cast('ana' as blob), cast('eve' as blob)) where number = 5")
    database.execute("update entries set leaf = cast(replace(cast(leaf as text), 'allow', 'deny') as blob) where number = 5")
    database.commit()
    database.close()
    answer = merged.cli("audit", "verify", expect=8)
    assert "entry 5" in answer.err or "entry 6" in answer.err


def test_a_key_that_is_not_the_recorded_one_acts_for_nobody(trained):
    keys = trained.root / ".remint/keys"
    (keys / "bo.key").write_text((keys / "ana.key").read_text())
    assert "not the one that was recorded" in trained.cli("status", "--as", "bo", expect=3).err
