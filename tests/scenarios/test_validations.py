"""Stories of validations: who carries one out, what it rests on, its findings, and what follows for changes and production."""

import datetime as dt
import shutil
import sqlite3

import pytest

from tests.support.remint_cli import Project

SOON = (dt.datetime.now(dt.UTC) + dt.timedelta(days=30)).date().isoformat()


@pytest.fixture(scope="module")
def begun(project_trained, tmp_path_factory):
    """A change of model/late, validation 1 of it by vi, and a run of hers over it."""
    trained = copied(project_trained, tmp_path_factory.mktemp("begun"))
    text = (trained.root / "remint.toml").read_text()
    trained.write("remint.toml", text + "validated = { max_days = 90 }\n[materiality.high]\nvalidation_days = 30\n")
    trained.cli("principals", "create", "vi", "--role", "validator", "--role", "member")
    trained.cli("propose", "ana:model/late")
    trained.cli("changes", "approve", "1", "--as", "bo")
    trained.cli("sandboxes", "create", "vi", "--as", "vi")
    trained.write("checking.py", CHECK)
    trained.edit("remint.toml", "principal =", 'pipelines = ["pipeline.py", "checking.py"]\nprincipal =')
    trained.cli("validate", "open", "ana:model/late", "--scope", "the ranking, on other rows", "--as", "vi")
    trained.cli("run", "evaluation/check", "-w", "vi", "--as", "vi")
    return trained


@pytest.fixture
def validated(begun, tmp_path):
    return copied(begun, tmp_path)


def copied(project, folder):
    shutil.copytree(project.root, folder / project.root.name)
    return Project(folder / project.root.name)


CHECK = """
from remint import Metrics, Model, Table, pipeline, ref, step


@step
def check(model: Model, data: Table) -> Metrics:
    return Metrics(share=float(model.scores(data).mean()))


@pipeline("evaluation/check")
def checked() -> Metrics:
    return check(ref("ana:model/late"), ref("main:data/points"))
"""


def vi(project, *words, expect=0):
    return project.cli("validate", *words, "--as", "vi", expect=expect)


def last_run(project, step="check"):
    runs = project.cli("runs", "list", "--json").json["runs"]
    return next(run["id"] for run in runs if run["step"].endswith(step))


def gate(project):
    review = project.cli("changes", "show", "1", "--json").json
    return next((found["passed"], found["reason"]) for found in review["gates"] if found["name"] == "validated")


def test_a_change_waits_until_somebody_else_validated_it(validated):
    assert gate(validated) == (False, "nobody concluded a validation of it")
    vi(validated, "test", "1", "--run", last_run(validated))
    vi(validated, "conclude", "1", "--result", "pass")
    assert gate(validated) == (True, "validation 1 by vi: pass")
    validated.cli("changes", "merge", "1")
    validated.cli("audit", "verify")
    assert "ana:model/late" in validated.cli("validate", "list").out
    assert "pass" in validated.cli("validate", "show", "1").out
    assert len(validated.cli("validate", "list", "--ref", "model/late", "--json").json["validations"]) == 1


def test_no_one_validates_what_they_helped_to_make(validated):
    refused = validated.cli("validate", "open", "ana:model/late", "--scope", "mine", expect=3).err
    assert "rule independent: ana helped to make it" in refused


def test_only_the_validator_carries_it_out(validated):
    run = last_run(validated)
    for words in (
        ("test", "1", "--run", run),
        ("find", "1", "--severity", "low", "--due", SOON, "--text", "x"),
        ("conclude", "1", "--result", "fail"),
    ):
        assert "rule own-validation" in validated.cli("validate", *words, "--as", "bo", expect=3).err


def test_a_run_that_shows_nothing_is_no_test(validated):
    assert "ana carried it out" in vi(validated, "test", "1", "--run", last_run(validated, "score"), expect=2).err
    assert "nothing was tried" in vi(validated, "conclude", "1", "--result", "pass", expect=2).err
    validated.cli("run", "data/points", "-w", "vi", "--as", "vi", "-p", "rows=300")
    assert "not among its inputs" in vi(validated, "test", "1", "--run", last_run(validated, "points"), expect=2).err


def test_a_finding_is_answered_and_closed_before_it_passes(validated):
    vi(validated, "test", "1", "--run", last_run(validated))
    vi(validated, "find", "1", "--severity", "high", "--due", SOON, "--text", "it leans on one column")
    assert "1 finding(s) are open" in vi(validated, "conclude", "1", "--result", "pass", expect=2).err
    validated.cli("validate", "fix", "1", "1", "--note", "that column is all there is")
    vi(validated, "close", "1", "1")
    shown = vi(validated, "conclude", "1", "--result", "pass").out
    assert "ana: that column is all there is" in shown
    assert gate(validated)[0]
    assert vi(validated, "find", "1", "--severity", "low", "--due", SOON, "--text", "late", expect=5).code == 5


def test_a_waived_finding_does_not_count_and_is_waived_by_an_approver_who_made_nothing(validated):
    vi(validated, "test", "1", "--run", last_run(validated))
    vi(validated, "find", "1", "--severity", "high", "--due", SOON, "--text", "it leans on one column")
    waive = ("validate", "waive", "1", "1", "--until", SOON, "--reason", "no other data before spring")
    assert "rule independent" in validated.cli(*waive, expect=3).err
    assert validated.cli(*waive, "--as", "vi", expect=3).code == 3
    validated.cli(*waive, "--as", "bo")
    vi(validated, "conclude", "1", "--result", "pass")
    assert gate(validated)[0]


def test_conditions_pass_only_where_the_gate_takes_them(validated):
    vi(validated, "test", "1", "--run", last_run(validated))
    assert "has a condition" in vi(validated, "conclude", "1", "--result", "pass-with-conditions", expect=2).err
    vi(validated, "conclude", "1", "--result", "pass-with-conditions", "--condition", "one airport only")
    assert gate(validated) == (False, "validation 1 by vi: pass-with-conditions, one airport only")
    validated.edit("remint.toml", "max_days = 90", "max_days = 90, conditions = true")
    validated.cli("changes", "withdraw", "1")
    review = validated.cli("propose", "ana:model/late", "--json").json
    assert [one["passed"] for one in review["gates"] if one["name"] == "validated"] == [True]


def test_a_validation_that_failed_does_not_pass(validated):
    vi(validated, "conclude", "1", "--result", "fail")
    assert gate(validated) == (False, "validation 1 by vi: fail")
    assert "concluded already" in vi(validated, "conclude", "1", "--result", "pass", expect=5).err


def test_control_says_what_is_overdue_for_its_materiality(merged):
    merged.write("remint.toml", (merged.root / "remint.toml").read_text() + "[materiality.high]\nvalidation_days = 30\n")
    (before,) = merged.cli("control", "--json").json["models"]
    merged.cli("inventory", "set", "model/late", "--owner", "ana", "--materiality", "high")
    (after,) = merged.cli("control", "--json").json["models"]
    assert (before["fitness"], after["fitness"]) == ("fit", "overdue")
    assert "nobody concluded a validation of it" in after["fitness_reasons"]


@pytest.mark.parametrize(
    "words",
    [
        ("find", "1", "--severity", "low", "--due", "2001-01-01", "--text", "x"),
        ("find", "1", "--severity", "low", "--due", "soon", "--text", "x"),
        ("find", "1", "--severity", "low", "--due", SOON, "--text", " "),
        ("find", "1", "--severity", "mild", "--due", SOON, "--text", "x"),
        ("fix", "1", "1", "--note", ""),
        ("waive", "1", "1", "--until", "2001-01-01", "--reason", "x"),
    ],
)
def test_what_says_nothing_is_refused(validated, words):
    assert vi(validated, *words, expect=2).code == 2


def test_what_is_not_there_is_not_found(validated):
    assert vi(validated, "show", "9", expect=4).code == 4
    assert vi(validated, "close", "1", "7", expect=4).code == 4


@pytest.mark.parametrize(
    "edit",
    [
        "update validation_steps set verb = 'close' where verb = 'find'",
        "update validation_steps set payload = cast(replace(cast(payload as text), 'high', 'low') as blob) where verb = 'find'",
        "delete from validation_steps where verb = 'find'",
        "update validation_steps set by = 'bo' where verb = 'conclude'",
    ],
)
def test_a_step_that_was_edited_or_taken_away_makes_the_validation_not_count(validated, edit):
    vi(validated, "test", "1", "--run", last_run(validated))
    vi(validated, "find", "1", "--severity", "high", "--due", SOON, "--text", "it leans on one column")
    vi(validated, "conclude", "1", "--result", "pass-with-conditions", "--condition", "mended soon")
    validated.cli("audit", "verify")
    database = sqlite3.connect(validated.root / ".remint/catalog.db")
    for verb in ("update", "delete"):
        database.execute(f"drop trigger validation_steps_no_{verb}")
    database.execute(edit)
    database.commit()
    database.close()
    assert gate(validated) == (False, "nobody concluded a validation of it")
    validated.cli("audit", "verify", expect=8)
