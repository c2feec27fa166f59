"""Stories of budgets: what a run may cost is set aside before it starts, and what it cost is charged when it has ended."""

import csv
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from tests.scenarios.test_reviews import last_entry
from tests.support.remint_cli import ROOT, Project, make_project

PIPELINE = """
import time

from remint import pipeline, step


@step(exact="content")
def count(seconds: float) -> int:
    until, turns = time.process_time() + seconds, 0
    while time.process_time() < until:
        turns += 1
    return 1


@step(exact="content", profile="large")
def double(value: int) -> int:
    return 2 * value


@step(exact="content")
def fail(value: int) -> int:
    raise ValueError("it does not work")


@pipeline("value/count")
def counted(seconds: float = 0.3):
    return count(seconds)


@pipeline("value/double")
def doubled(seconds: float = 0.3):
    return double(count(seconds))


@pipeline("value/failed")
def failed(seconds: float = 0.3):
    return fail(count(seconds))


@pipeline("model/x")
def model(seconds: float = 0.3):
    return double(count(seconds))
"""

# A CPU second costs 0.001; a run of a step that ran before reserves three of them.
SETTINGS = """
budget = "lab"
[prices]
currency = "EUR"
cpu_hour = "3.60"
least_s = 3
[profiles.large]
principals = ["ana"]
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    project = make_project(tmp_path_factory.mktemp("paid") / "project", PIPELINE, settings=SETTINGS)
    project.cli("principals", "create", "bo", "--role", "member")
    project.cli("budgets", "create", "team", "--limit", "1.00")
    project.cli("budgets", "create", "lab", "--limit", "0.90", "--parent", "team", "--owner", "bo")
    project.cli("run", "value/count")
    return project


@pytest.fixture
def project(made, tmp_path):
    return Project(shutil.copytree(made.root, tmp_path / "project"))


def balance(project, name="lab"):
    """Return what is reserved and spent in a budget, in micro-units, after a check of the whole log."""
    project.cli("audit", "verify")
    found = project.cli("budgets", "show", name, "--json").json["standing"]["balance"]
    return found["reserved"], found["spent"]


def states(project):
    return [run["state"] for run in project.cli("runs", "list", "--json").json["runs"]]


def test_a_run_is_charged_what_it_used_in_its_budget_and_above(project):
    answer = project.cli("run", "value/count", "-p", "seconds=0.5")
    reserved, spent = balance(project)
    assert reserved == 0
    assert 800 <= spent <= 2_000  # 0.3 s and 0.5 s, and what it takes to start a step
    assert balance(project, "team") == (0, spent)
    run = project.cli("runs", "list", "--limit", "1", "--json").json["runs"][0]["id"]
    assert "EUR, charged to team/lab" in project.cli("runs", "show", run).out
    assert "EUR, saved 0.00 EUR" in answer.out.splitlines()[-1]


def test_a_hit_costs_nothing_and_is_reported_as_saved(project):
    before = balance(project)
    outcome = project.cli("run", "value/count", "--json").json["pipelines"][0]["steps"][0]
    assert (outcome["ran"], outcome["cost_micro"], outcome["saved_micro"]) == (False, 0, before[1])
    assert balance(project) == before
    sums = project.cli("cost", "--by", "step", "--json").json["rows"]
    assert [(row["key"], row["runs"], row["hits"], row["spent_micro"], row["saved_micro"]) for row in sums] == [
        ("pipeline:count", 1, 1, before[1], before[1])
    ]


def test_a_plan_says_what_it_is_likely_to_cost(project):
    answer = project.cli("plan", "value/count", "-p", "seconds=7")
    assert ", likely 0.000" in answer.out
    assert " likely " in answer.out.splitlines()[1]
    assert project.cli("plan", "value/count", "--json").json["plans"][0]["steps"][0]["likely_micro"] is None


def test_a_run_that_a_budget_above_cannot_bear_is_not_started(project):
    project.cli("budgets", "limit", "team", "0.002")
    before = states(project), balance(project)
    refused = project.cli("run", "value/count", "-p", "seconds=0.4", expect=3)
    assert "rule budget: it may cost 0.003 EUR, and team has 0.00" in refused.err
    assert '"decision":"deny"' in last_entry(project)
    assert '"rule":"budget"' in last_entry(project)
    assert (states(project), balance(project)) == before
    project.cli("budgets", "limit", "team", "0.10")
    project.cli("run", "value/count", "-p", "seconds=0.4")


def test_a_run_is_stopped_at_what_was_reserved_and_the_next_one_reserves_more(project):
    before = balance(project)[1]
    began = time.monotonic()
    stopped = project.cli("run", "value/count", "-p", "seconds=60", expect=6)
    assert time.monotonic() - began < 30
    assert "was stopped at its budget" in stopped.err
    assert "all of the 0.003 EUR that was reserved for it in lab" in stopped.err
    assert states(project)[0] == "stopped"
    reserved, spent = balance(project)
    assert reserved == 0
    assert before + 2_500 <= spent <= before + 3_000  # what stops it samples, and the meter does not
    project.cli("run", "value/count", "-p", "seconds=4")
    assert balance(project)[1] >= spent + 4_000


def test_where_memory_costs_a_run_is_stopped_by_the_time_it_holds_it(project):
    project.edit("remint.toml", 'cpu_hour = "3.60"', 'gb_hour = "1.80"')
    before = balance(project)[1]
    stopped = project.cli("run", "value/count", "-p", "seconds=60", expect=6)
    assert "(`wall_s`): all of the 0.003 EUR that was reserved for it in lab" in stopped.err
    reserved, spent = balance(project)
    assert reserved == 0
    assert before + 2_500 <= spent <= before + 3_000
    line = project.cli("cost", "--lines", "--json").json["lines"][0]
    assert (line["memory_bytes"], line["state"]) == (2 * 10**9, "stopped")


def test_a_run_that_fails_is_charged_as_well(project):
    before = balance(project)[1]
    project.cli("run", "value/failed", expect=10)
    assert states(project)[0] == "failed"
    reserved, spent = balance(project)
    assert reserved == 0
    assert spent > before


def test_a_run_whose_process_was_killed_is_charged_its_reservation_until_an_owner_forgives_it(project):
    before = balance(project)[1]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "remint", "run", "value/count", "-p", "seconds=50"]
    with subprocess.Popen(command, cwd=project.root, env=environment, stderr=subprocess.DEVNULL) as process:
        until_s = time.monotonic() + 30
        while "running" not in states(project):
            assert time.monotonic() < until_s, "the step did not start"
        process.send_signal(signal.SIGKILL)
    assert balance(project) == (3_000, before)
    project.cli("run", "value/count")
    assert balance(project) == (0, before + 3_000)
    lost = next(line for line in project.cli("cost", "--lines", "--json").json["lines"] if line["state"] == "lost")
    assert "owners-only" in project.cli("budgets", "forgive", lost["run"], "--note", "oh", "--as", "bo", expect=3).err
    project.cli("budgets", "forgive", lost["run"], "--note", "the machine lost its power")
    assert balance(project) == (0, before)
    project.cli("budgets", "forgive", lost["run"], "--note", "again", expect=5)


def test_a_run_that_is_interrupted_is_charged_for_the_time_it_went_on(project):
    project.edit("remint.toml", "least_s = 3", "least_s = 600")
    before = balance(project)[1]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "remint", "run", "value/count", "-p", "seconds=50"]
    with subprocess.Popen(command, cwd=project.root, env=environment, stderr=subprocess.DEVNULL) as process:
        until_s = time.monotonic() + 30
        while "running" not in states(project):
            assert time.monotonic() < until_s, "the step did not start"
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
    took_s = time.monotonic() - began + 30
    reserved, spent = balance(project)
    assert reserved == 0
    assert before < spent <= before + took_s * os.cpu_count() * 1_000
    assert project.cli("cost", "--lines", "--json").json["lines"][0]["state"] == "broken off"
    project.cli("run", "value/count")
    assert balance(project) == (0, spent)
    assert states(project)[0] == "lost"


def test_a_reservation_whose_lease_is_over_is_charged_when_somebody_looks(project):
    project.cli("run", "value/count", "-p", "seconds=0.4")
    before = balance(project)[1]
    moved = "UPDATE {} SET lease_us = 1 WHERE run = (SELECT max(run) FROM reservations)"
    with sqlite3.connect(project.root / ".remint" / "catalog.db") as opened:
        newest = opened.execute("SELECT amount FROM settlements ORDER BY run DESC LIMIT 1").fetchone()[0]
        opened.executescript(
            f"DROP TRIGGER reservations_no_update; DROP TRIGGER settlements_no_delete; {moved.format('reservations')}"
        )
        opened.execute("DELETE FROM settlements WHERE run = (SELECT max(run) FROM reservations)")
        for name in ("lab", "team"):
            values = (newest, name)
            opened.execute("UPDATE budget_balances SET reserved = 3000, spent = spent - ? WHERE budget = ?", values)
    shown = project.cli("budgets", "show", "lab", "--json").json
    assert shown["standing"]["balance"]["reserved"] == 0
    assert shown["standing"]["balance"]["spent"] == before - newest + 3_000
    assert shown["last"][0]["state"] == "lost"


def test_a_profile_is_for_whom_it_names(project):
    refused = project.cli("run", "value/double", "--as", "bo", expect=3)
    assert "rule profile: large is for ana" in refused.err
    assert '"rule":"profile"' in last_entry(project)
    project.cli("run", "value/double")
    run = project.cli("runs", "list", "--limit", "1", "--json").json["runs"][0]["id"]
    assert project.cli("runs", "show", run, "--json").json["run"]["start"]["place"]["profile"] == "large"


def test_who_may_not_use_a_profile_may_use_what_was_made_under_it(project):
    project.cli("run", "value/double")
    project.cli("run", "value/double", "--as", "bo")


def test_a_profile_that_does_not_exist_is_named(project):
    project.edit("pipeline.py", 'profile="large"', 'profile="huge"')
    assert "it asks for the profile huge, and this project has large" in project.cli("run", "value/double", expect=2).err


def test_neither_profile_nor_prices_are_part_of_a_key(project):
    project.edit("remint.toml", 'budget = "lab"', 'budget = "lab"\nprofile = "large"')
    project.edit("remint.toml", '"3.60"', '"7.20"')
    assert "0 ran, 1 done before" in project.cli("run", "value/count").out


def test_a_profile_limits_what_a_run_may_use(project):
    project.edit("remint.toml", 'principals = ["ana"]', "cpus = 1\nwall_minutes = 1")
    project.edit("remint.toml", "least_s = 3", "least_s = 300")
    project.edit("remint.toml", 'budget = "lab"', 'budget = "lab"\nprofile = "large"')
    project.cli("run", "value/count", "-p", "seconds=0.4")
    with sqlite3.connect(project.root / ".remint" / "catalog.db") as opened:
        assert opened.execute("SELECT amount, profile FROM reservations ORDER BY run DESC").fetchone() == (60_000, "large")


def test_a_later_price_changes_no_earlier_bill(project):
    before = balance(project)
    project.edit("remint.toml", '"3.60"', '"36.00"')
    assert balance(project) == before
    project.cli("run", "value/count", "-p", "seconds=0.4")
    assert balance(project)[1] >= before[1] + 4_000
    with sqlite3.connect(project.root / ".remint" / "catalog.db") as opened:
        assert opened.execute("SELECT count(*) FROM price_tables").fetchone() == (2,)


def test_what_cannot_be_stopped_is_not_run_on_a_budget(project):
    assert "rule budget: in this process" in project.cli("run", "value/count", "-p", "seconds=0.4", "--inline", expect=3).err


def test_without_prices_nothing_is_charged(project):
    before = balance(project)
    project.edit("remint.toml", SETTINGS[SETTINGS.index("[prices]") : SETTINGS.index("[profiles")], "")
    answer = project.cli("run", "value/count", "-p", "seconds=0.4")
    assert "cost" not in answer.out
    assert balance(project) == before


def test_a_budget_that_does_not_exist_is_named(project):
    project.edit("remint.toml", 'budget = "lab"', 'budget = "moon"')
    assert "remint budgets create moon" in project.cli("run", "value/count", "-p", "seconds=0.4", expect=4).err


def test_nothing_runs_on_a_closed_budget_or_below_it(project):
    project.cli("budgets", "close", "team")
    assert "rule budget: team is closed" in project.cli("run", "value/count", "-p", "seconds=0.4", expect=3).err
    project.cli("budgets", "close", "team", expect=5)
    assert "closed 20" in project.cli("budgets", "list").out


@pytest.mark.parametrize(
    "words",
    [
        ("create", "more", "--limit", "5"),
        ("limit", "lab", "5"),
        ("close", "lab"),
    ],
)
def test_only_owners_make_and_change_budgets(project, words):
    assert "rule owners-only" in project.cli("budgets", *words, "--as", "bo", expect=3).err
    assert '"decision":"deny"' in last_entry(project)
    project.cli("budgets", *words)
    balance(project)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("create", "lab", "--limit", "5"), 5),
        (("create", "More", "--limit", "5"), 2),
        (("create", "more", "--limit", "5,00"), 2),
        (("create", "more", "--limit", "-5"), 2),
        (("create", "more", "--limit", "1e3"), 2),
        (("create", "more", "--limit", "5", "--parent", "moon"), 4),
        (("create", "more", "--limit", "5", "--owner", "nobody"), 4),
        (("limit", "moon", "5"), 4),
        (("limit", "lab", "nan"), 2),
        (("close", "moon"), 4),
        (("show", "moon"), 4),
        (("forgive", "ffffffff", "--note", "x"), 4),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(project, words, code):
    before = project.cli("budgets", "list", "--json").json
    project.cli("budgets", *words, expect=code)
    assert project.cli("budgets", "list", "--json").json == before


def test_a_charge_is_forgiven_for_a_reason(project):
    run = project.cli("runs", "list", "--json").json["runs"][0]["id"]
    project.cli("budgets", "forgive", run, "--note", " ", expect=2)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE budget_balances SET spent = 0 WHERE budget = 'lab'", "the balance of budget lab"),
        ("UPDATE budget_balances SET ceiling = ceiling * 2 WHERE budget = 'team'", "the balance of budget team"),
        ("DROP TRIGGER settlements_no_update; UPDATE settlements SET amount = 0", "settlement of run"),
        ("DROP TRIGGER reservations_no_update; UPDATE reservations SET budget = 'team'", "reservation of run"),
        (
            "DROP TRIGGER budget_limits_no_update; UPDATE budget_limits SET amount = 9 WHERE budget = 'lab'",
            "limit of budget lab",
        ),
        ("DROP TRIGGER budgets_no_update; UPDATE budgets SET owner = 'ana'", "budget of budget lab"),
        ("INSERT INTO refunds VALUES ((SELECT run FROM settlements), 1, 'ana', 1, 'mine')", "refund of run"),
    ],
)
def test_an_altered_record_of_a_budget_is_found(project, statement, found):
    with sqlite3.connect(project.root / ".remint" / "catalog.db") as opened:
        opened.executescript(statement)
    answer = project.cli("audit", "verify", expect=8)
    assert found in answer.out + answer.err


def test_costs_are_summed_by_whom_and_what(project):
    project.cli("run", "value/double")
    project.cli("run", "value/count", "-p", "seconds=0.4", "--as", "bo")
    total = balance(project)[1]
    for by, keys in (("budget", ["team/lab"]), ("principal", ["ana", "bo"]), ("step", ["pipeline:count", "pipeline:double"])):
        found = project.cli("cost", "--by", by, "--json").json
        assert sorted(row["key"] for row in found["rows"]) == keys
        assert sum(row["spent_micro"] for row in found["rows"]) == total
        assert [row["spent_micro"] for row in found["totals"]] == [total]
    assert project.cli("cost", "--since", "2999-01-01").out.startswith("nothing was charged")
    project.cli("cost", "--since", "yesterday", expect=2)


def test_costs_are_summed_by_the_teams_of_who_started_the_runs(project):
    for words in ("create research", "create risk", "create empty", "add research ana", "add risk ana"):
        project.cli("teams", *words.split())
    project.cli("run", "value/count")
    rows = project.cli("cost", "--by", "team", "--json").json["rows"]
    assert [(row["key"], row["runs"]) for row in rows] == [("research", 1), ("risk", 1)]
    assert rows[0]["spent_micro"] == rows[1]["spent_micro"] > 0


def test_the_cost_of_a_model_is_that_of_all_runs_behind_it(project):
    project.cli("sandboxes", "create", "try")
    project.cli("run", "model/x", "-w", "try")
    project.cli("run", "value/count", "-p", "seconds=0.9")
    found = project.cli("cost", "--model", "try:model/x", "--by", "step", "--json").json
    assert sorted((row["key"], row["runs"]) for row in found["rows"]) == [("pipeline:count", 1), ("pipeline:double", 1)]
    assert found["totals"][0]["spent_micro"] < balance(project)[1]
    project.cli("cost", "--model", "model/none", expect=4)


def test_charges_leave_the_project_line_by_line(project):
    project.cli("run", "value/count")
    project.cli("cost", "--csv", str(project.root / "costs.csv"))
    project.cli("cost", "--csv", str(project.root / "no folder" / "costs.csv"), expect=9)
    with (project.root / "costs.csv").open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [row["state"] for row in rows] == ["saved", "done"]
    assert {row["budget"] for row in rows} == {"team/lab"}
    assert round(float(rows[1]["amount"]) * 1e6) == balance(project)[1]
