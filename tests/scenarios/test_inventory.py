"""Stories of the inventory: who answers for what, who may say so, and what is not merged without."""

import sqlite3

import pytest


def settle(project, text):
    project.write("remint.toml", f"{text}\n" + (project.root / "remint.toml").read_text())


def listed(project, *words):
    return {one["ref"]: one for one in project.cli("inventory", "list", *words, "--json").json["refs"]}


@pytest.fixture
def approved(trained):
    """A change of model/late that bo approved, for which ana answers."""
    trained.cli("inventory", "set", "model/late", "--owner", "ana", "--team", "delays", "--purpose", "warns of delays")
    trained.cli("propose", "ana:model/late")
    trained.cli("changes", "approve", "1", "--as", "bo")
    return trained


def test_everything_in_main_is_listed_with_who_answers_for_it(merged):
    merged.cli("inventory", "set", "model/late", "--owner", "ana", "--materiality", "high", "--vendor", "nobody else")
    found = listed(merged)
    assert {ref: one["answer"] for ref, one in found.items()} == {
        "data/points": "nobody",
        "data/scale": "nobody",
        "model/late": "owned",
    }
    assert (found["model/late"]["item"]["owner"], found["model/late"]["item"]["materiality"]) == ("ana", "high")
    assert list(listed(merged, "--kind", "model")) == ["model/late"]
    assert merged.cli("inventory", "list").out.splitlines()[3].split() == ["model/late", "ana", "owned", "high"]


def test_what_is_not_given_stays_and_what_was_said_before_is_kept(approved):
    approved.cli("inventory", "set", "model/late", "--exposure", "customers")
    approved.cli("inventory", "set", "model/late", "--owner", "bo")
    approved.cli("inventory", "set", "model/late", "--owner", "bo")
    shown = approved.cli("inventory", "show", "model/late", "--json").json
    assert (shown["listed"]["item"]["team"], shown["listed"]["item"]["exposure"]) == ("delays", "customers")
    assert [one["owner"] for one in shown["items"]] == ["bo", "ana", "ana"]
    assert "before       ana, said by ana" in approved.cli("inventory", "show", "model/late").out


def test_an_owner_who_left_makes_a_ref_orphaned_and_nothing_of_it_is_merged(approved):
    approved.cli("principals", "create", "cleo", "--role", "owner")
    approved.cli("principals", "leave", "ana", "--yes", "--as", "cleo")
    refused = approved.cli("changes", "merge", "1", "--as", "bo", expect=3).err
    assert "rule owned: ana, who answered for model/late, has left" in refused
    assert "waits   for an owner: ana" in approved.cli("changes", "show", "1").out
    assert list(listed(approved, "--orphaned")) == ["model/late"]
    assert '"rule":"owned"' in approved.cli("audit", "export").out
    approved.cli("inventory", "set", "model/late", "--owner", "cleo", "--as", "cleo")
    approved.cli("changes", "merge", "1", "--as", "bo")
    assert listed(approved, "--orphaned") == {}


def test_an_owner_without_a_role_makes_a_ref_orphaned(approved):
    approved.cli("principals", "create", "cleo", "--role", "member")
    approved.cli("inventory", "set", "model/late", "--owner", "cleo")
    approved.cli("principals", "revoke", "cleo", "member")
    assert "cleo, who answers for model/late, has no role" in approved.cli("changes", "merge", "1", expect=3).err


def test_control_says_who_answers_and_that_nobody_does_any_more(approved):
    approved.cli("changes", "merge", "1")
    approved.cli("regenerate", "model/late")
    (before,) = approved.cli("control", "--json").json["models"]
    assert (before["control"], before["owner"], before["orphaned"]) == ("in control", "ana", False)
    approved.cli("principals", "create", "cleo", "--role", "member")
    approved.cli("inventory", "set", "model/late", "--owner", "cleo")
    approved.cli("principals", "leave", "cleo", "--yes")
    (after,) = approved.cli("control", "--json").json["models"]
    assert (after["control"], after["orphaned"]) == ("orphaned", True)
    assert "cleo, who answered for model/late, has left" in after["control_reasons"]


def test_where_an_owner_is_demanded_nothing_is_merged_before_there_is_one(trained):
    settle(trained, 'owners_required = ["model/*"]')
    trained.cli("propose", "ana:model/late")
    trained.cli("changes", "approve", "1", "--as", "bo")
    assert "rule owned: nobody answers for model/late" in trained.cli("changes", "merge", "1", expect=3).err
    trained.cli("inventory", "set", "model/late", "--owner", "bo")
    trained.cli("changes", "merge", "1")


def test_without_an_owner_changes_are_merged_where_none_is_demanded(trained):
    settle(trained, 'owners_required = ["deployment/*"]')
    trained.cli("propose", "ana:model/late")
    trained.cli("changes", "approve", "1", "--as", "bo")
    trained.cli("changes", "merge", "1")


def test_only_owners_say_and_who_answers_hands_over_but_does_not_weigh(trained):
    trained.cli("principals", "create", "mo", "--role", "member")
    assert "rule owners-only" in trained.cli("inventory", "set", "model/late", "--owner", "mo", "--as", "mo", expect=3).err
    trained.cli("inventory", "set", "model/late", "--owner", "mo", "--materiality", "high")
    weighed = trained.cli("inventory", "set", "model/late", "--materiality", "low", "--as", "mo", expect=3).err
    assert "an owner of the project says materiality" in weighed
    trained.cli("inventory", "set", "model/late", "--owner", "bo", "--purpose", "warns", "--as", "mo")
    assert "rule owners-only" in trained.cli("inventory", "set", "model/late", "--owner", "mo", "--as", "mo", expect=3).err
    assert listed(trained)["model/late"]["item"]["owner"] == "bo"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("model/late", "--owner", "nobody"), 4),
        (("model/late", "--purpose", "no owner yet"), 2),
        (("model/late@1", "--owner", "ana"), 2),
        (("ana:model/late", "--owner", "ana"), 2),
        (("model/late", "--owner", "ana", "--team", "No Team"), 2),
        (("model/late", "--owner", "ana", "--purpose", "x" * 2001), 2),
        (("model/late", "--owner", "robot"), 2),
        (("late", "--owner", "ana"), 2),
    ],
)
def test_what_the_inventory_cannot_say_is_refused(trained, words, code):
    trained.cli("principals", "create", "robot", "--kind", "service", "--role", "member")
    trained.cli("inventory", "set", *words, expect=code)
    assert "model/late" not in listed(trained)


def test_a_ref_that_is_nowhere_is_not_shown(trained):
    assert "nobody answers for it" in trained.cli("inventory", "show", "model/none", expect=4).err


HIGH = """
[materiality.high]
approvals = {approver = 1, risk = 1}
tier = 1
[materiality.high.gates]
cost-within = {cpu_hours = 0.0}
eval-passed = {metric = "auc", minimum = 0.99}
"""


def test_materiality_sets_rules_and_gates_beside_those_of_the_patterns(trained):
    trained.write("remint.toml", (trained.root / "remint.toml").read_text() + HIGH)
    trained.cli("principals", "create", "cleo", "--role", "approver", "--role", "risk")
    trained.cli("inventory", "set", "model/late", "--owner", "ana", "--materiality", "high")
    review = trained.cli("propose", "ana:model/late", "--json").json
    assert (review["change"]["rules"]["tier"], review["missing"]) == (1, {"approver": 1, "risk": 1})
    gates = [(gate["gate"], gate.get("minimum")) for gate in review["change"]["gates"]]
    assert gates == [("eval-passed", "0.6"), ("lineage-complete", None), ("cost-within", None), ("eval-passed", "0.99")]
    assert [gate["passed"] for gate in review["gates"]] == [True, True, False, False]
    trained.cli("inventory", "set", "model/late", "--materiality", "low")
    trained.cli("changes", "approve", "1", "--as", "bo")
    assert "1 approval(s) as risk" in trained.cli("changes", "merge", "1", expect=3).err


def test_low_materiality_and_none_ask_for_nothing_more(trained):
    trained.write("remint.toml", (trained.root / "remint.toml").read_text() + HIGH)
    trained.cli("inventory", "set", "model/late", "--owner", "ana", "--materiality", "low")
    review = trained.cli("propose", "ana:model/late", "--json").json
    assert (review["change"]["rules"], len(review["gates"])) == (None, 2)


@pytest.mark.parametrize(
    "text",
    [
        "[materiality.vast]\ntier = 1",
        "[materiality.high]\ntier = 9",
        "[materiality.high]\ncolour = 1",
        "[materiality.high.gates]\nwonderful = {}",
        "[materiality.high]\ngates = 1",
        "[materiality]\nhigh = 1",
    ],
)
def test_a_setting_that_means_nothing_is_refused(trained, text):
    trained.write("remint.toml", (trained.root / "remint.toml").read_text() + f"\n{text}\n")
    assert "mend [materiality]" in trained.cli("propose", "ana:model/late", expect=2).err


@pytest.mark.parametrize("edit", ["update inventory set owner = 'bo'", "delete from inventory"])
def test_an_altered_record_is_found(approved, edit):
    approved.cli("audit", "verify")
    database = sqlite3.connect(approved.root / ".remint/catalog.db")
    for verb in ("update", "delete"):
        database.execute(f"drop trigger inventory_no_{verb}")
    database.execute(edit)
    database.commit()
    database.close()
    approved.cli("audit", "verify", expect=8)
