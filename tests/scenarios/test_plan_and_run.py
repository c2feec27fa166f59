"""Stories of planning and running, told through the command line."""

import json


def states(project, *words):
    plans = project.cli("plan", *words, "--json").json["plans"]
    return [step["state"] for plan in plans for step in plan["steps"]]


def reasons(project, *words):
    plans = project.cli("plan", *words, "--json").json["plans"]
    return [step["reason"] for plan in plans for step in plan["steps"]]


def test_what_was_done_is_not_done_again(project):
    project.cli("run", "data/points")
    answer = project.cli("run", "data/points")
    assert "0 ran, 1 done before" in answer.out


def test_a_step_waits_for_a_ref_that_does_not_exist(project):
    assert states(project, "model/late") == ["blocked", "blocked"]
    answer = project.cli("run", "model/late", expect=4)
    assert "data/points, which does not exist" in answer.err


def test_an_edited_helper_is_a_reason_to_run_and_is_named(project):
    project.cli("run", "data/points")
    project.edit("helpers.py", "LIMIT = 0.5", "LIMIT = 0.4")
    assert states(project, "data/points") == ["run"]
    assert "its code changed" in reasons(project, "data/points")[0]
    assert "helpers" in reasons(project, "data/points")[0]


def test_a_comment_is_no_reason_to_run(project):
    project.cli("run", "data/points")
    project.edit("helpers.py", "LIMIT = 0.5", "# where late begins\nLIMIT = 0.5")
    assert states(project, "data/points") == ["hit"]


def test_a_changed_argument_is_named(project):
    project.cli("run", "data/points")
    assert reasons(project, "data/points", "-p", "rows=300") == ["argument rows changed"]


def test_a_byte_of_data_is_a_reason_to_run(project):
    project.cli("run", "data/points")
    project.write("scale.txt", "2.0")
    project.cli("add", "scale.txt", "--as", "data/scale")
    assert reasons(project, "data/points") == ["input file changed"]


def test_another_lock_is_a_reason_to_run(project):
    project.cli("run", "data/points")
    lock = (project.root / "requirements.lock").read_text()
    project.write("requirements.lock", "# a comment changes nothing\n" + lock)
    assert states(project, "data/points") == ["hit"]
    first = lock.index("--hash=sha256:") + len("--hash=sha256:")
    flipped = "0" if lock[first] != "0" else "1"
    project.write("requirements.lock", lock[:first] + flipped + lock[first + 1 :])
    assert reasons(project, "data/points") == ["the environment changed"]


def test_the_same_result_stops_the_work_below(trained):
    trained.edit("helpers.py", "LIMIT = 0.5", "LIMIT = 0.25 * 2")
    answer = trained.cli("run", "data/points")
    assert "1 ran" in answer.out
    assert "points at" in answer.out
    assert states(trained, "model/late", "-w", "ana") == ["hit", "hit"]


def test_a_plan_says_maybe_below_a_step_that_must_run(trained):
    assert states(trained, "model/late", "-w", "ana", "-p", "c=0.1") == ["run", "maybe"]


def test_a_sandbox_never_moves_a_ref_of_main(trained):
    trained.cli("log", "ana:model/late")
    answer = trained.cli("log", "main:model/late", expect=4)
    assert "does not exist" in answer.err


def test_a_protected_ref_is_not_moved_by_a_run(trained):
    answer = trained.cli("run", "model/late")
    assert "is protected and was not moved" in answer.out
    trained.cli("log", "main:model/late", expect=4)


def test_a_failing_step_shows_the_users_own_lines_and_keeps_what_was_done(project):
    project.edit("helpers.py", "return [", "raise KeyError('no such row')\n    return [")
    answer = project.cli("run", "data/points", expect=10)
    assert "helpers.py" in answer.err
    assert "no such row" in answer.err
    assert "remint/sdk" not in answer.err
    runs = project.cli("runs", "list", "--json").json["runs"]
    assert runs[0]["state"] == "failed"
    project.edit("helpers.py", "raise KeyError('no such row')\n    ", "")
    project.cli("run", "data/points")


def test_an_undeclared_file_cannot_be_read(project):
    project.write("secret.csv", "1,2,3")
    secret = str(project.root / "secret.csv")
    project.edit("helpers.py", "def labels_of(rows):", f"def labels_of(rows):\n    open({secret!r}).read()")
    answer = project.cli("run", "data/points", expect=10)
    assert "secret.csv" in answer.err
    assert "PermissionError" in answer.err
    assert "input" in answer.err


def test_an_unhashable_parameter_is_an_error(project):
    project.edit("pipeline.py", 'points(ref("data/scale"), rows)', 'points(ref("data/scale"), object())')
    answer = project.cli("plan", "data/points", expect=2)
    assert "no canonical encoding" in answer.err


def test_a_broken_pipeline_file_names_its_line(project):
    project.edit("pipeline.py", '@pipeline("model/late")', '1 / 0\n\n@pipeline("model/late")')
    answer = project.cli("plan", expect=2)
    assert "pipeline.py:" in answer.err
    assert "ZeroDivisionError" in answer.err


def test_runs_can_be_compared_and_their_logs_read(project):
    project.edit("helpers.py", "def labels_of(rows):", "def labels_of(rows):\n    print('labelling', rows)")
    project.cli("run", "data/points")
    project.cli("run", "data/points", "-p", "rows=300")
    second, first = (run["id"] for run in project.cli("runs", "list", "--json").json["runs"][:2])
    assert "labelling 400" in project.cli("runs", "logs", first[-8:]).out
    assert "argument rows changed" in project.cli("runs", "compare", first, second).out


def test_every_list_has_json_with_a_schema(trained):
    for words in (["runs", "list"], ["status"], ["plan"], ["changes", "list"], ["principals", "list"], ["sandboxes", "list"],
                  ["models", "list"], ["control"], ["config", "show"], ["whoami"], ["audit", "verify"], ["log", "data/points"],
                  ["show", "data/points"], ["why", "data/points"], ["impact", "data/points"]):  # fmt: skip
        assert json.loads(trained.cli(*words, "--json").out)["schema"].startswith("remint/")


def test_sql_reads_any_version(trained):
    trained.cli("run", "data/points", "-p", "rows=300")
    sql = "select (select count(*) from data/points@1) as old, (select count(*) from data/points) as new"
    assert trained.cli("query", sql, "--json").json["rows"] == [{"old": 400, "new": 300}]


def test_versions_differ_in_words(trained):
    trained.cli("run", "data/points", "-p", "rows=300")
    assert "rows: 400 → 300" in trained.cli("diff", "data/points@1", "data/points@2").out
