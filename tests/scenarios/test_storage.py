"""Stories of what is kept and what goes, told through the command line."""

import json

import pytest

from tests.support.remint_cli import make_project

PIPELINE = """
from remint import Files, Metrics, Table, pipeline, ref, step


@step(exact="content")
def rows(source: Files, count: int) -> Table:
    return Table({"n": list(range(count)), "of": [source.read().decode()] * count})


@step(exact="content")
def total(table: Table) -> Metrics:
    return Metrics(sum=sum(table.column("n")))


@pipeline("data/rows")
def make_rows(count: int = 1000):
    table = rows(ref("data/source"), count)
    return {"data/rows": table, "evaluation/rows": total(table)}
"""


@pytest.fixture
def project(tmp_path):
    project = make_project(tmp_path / "kept", PIPELINE)
    version(project, "first")
    return project


COUNTS = {"first": 1000, "second": 1200, "third": 1500}


def version(project, text):
    project.write("source.txt", text)
    project.cli("add", "source.txt", "--as", "data/source")
    return project.cli("run", "data/rows", "-p", f"count={COUNTS[text]}")


def collected(project, *words):
    return project.cli("gc", "--unused-days", "0", "--json", *words).json


def test_every_version_of_a_ref_is_kept_without_retention(project):
    version(project, "second")
    assert collected(project)["swept"]["blobs"] == 0
    assert project.cli("query", "select count(*) as n from data/rows@1", "--json").json["rows"] == [{"n": 1000}]


def test_old_versions_go_and_the_newest_and_what_is_behind_it_stay(project):
    version(project, "second")
    version(project, "third")
    project.write("remint.toml", 'principal = "ana"\n[retention."*"]\nversions = 1\n')
    would = collected(project, "--dry-run")
    assert project.cli("query", "select count(*) as n from data/rows@1", "--json").json["rows"] == [{"n": 1000}]
    done = collected(project)
    assert {one["kind"] for one in would["given"]} >= {"table", "metrics", "files"}
    assert [one["digest"] for one in would["given"]] == [one["digest"] for one in done["given"]]
    assert done["swept"]["size_bytes"] > 0
    assert project.cli("query", "select count(*) as n from data/rows", "--json").json["rows"] == [{"n": 1500}]
    answer = project.cli("query", "select count(*) as n from data/rows@1", expect=8)
    assert "gone" in answer.err
    project.cli("regenerate", "data/rows")
    assert [move["serial"] for move in project.cli("log", "data/rows", "--json").json["moves"]] == [3, 2, 1]
    assert "1 changes" not in project.cli("audit", "verify").out
    assert collected(project)["swept"]["blobs"] == 0


def test_what_went_comes_back_when_it_is_made_again(project):
    version(project, "second")
    project.write("remint.toml", 'principal = "ana"\n[retention."*"]\nversions = 1\n')
    collected(project)
    assert "2 ran" in version(project, "first").out
    assert project.cli("query", "select count(*) as n from data/rows@1", "--json").json["rows"] == [{"n": 1000}]


def test_what_was_made_in_the_last_days_stays(project):
    version(project, "second")
    project.write("remint.toml", 'principal = "ana"\n[retention."*"]\nversions = 1\n')
    assert project.cli("gc", "--json").json["swept"]["blobs"] == 0


def test_a_hold_wins_over_retention_until_it_is_released(project):
    version(project, "second")
    project.write("remint.toml", 'principal = "ana"\n[retention."*"]\nversions = 1\n')
    held = project.cli("hold", "data/rows@1", "--reason", "a court asked", "--json").json
    collected(project)
    assert project.cli("query", "select count(*) as n from data/rows@1", "--json").json["rows"] == [{"n": 1000}]
    assert [one["named"] for one in project.cli("holds", "list", "--json").json["holds"]] == ["data/rows@1"]
    project.cli("holds", "release", str(held["number"]), "--reason", "the case is closed")
    assert project.cli("holds", "list", "--json").json["holds"] == []
    assert "the case is closed" in project.cli("holds", "list", "--all").out
    assert collected(project)["swept"]["blobs"] > 0
    project.cli("hold", "data/rows@1", "--reason", "too late", expect=8)
    project.cli("holds", "release", str(held["number"]), "--reason", "again", expect=5)


def test_results_that_no_ref_names_go_and_the_step_runs_again(project):
    project.cli("run", "data/rows", "-p", "count=7")
    version(project, "second")
    project.write("remint.toml", 'principal = "ana"\n[retention."*"]\nversions = 1\n')
    assert collected(project)["swept"]["blobs"] > 0
    answer = project.cli("run", "data/rows", "-p", "count=1200")
    assert "0 ran, 2 done before" in answer.out
    assert "2 ran" in project.cli("run", "data/rows", "-p", "count=7").out


def test_what_a_sandbox_sees_stays(project):
    project.cli("sandboxes", "create", "old")
    version(project, "second")
    project.write("remint.toml", 'principal = "ana"\n[retention."*"]\nversions = 1\n')
    collected(project)
    counted = project.cli("query", "select max(of) as was from data/rows", "-w", "old", "--json")
    assert counted.json["rows"] == [{"was": "first"}]


def test_who_is_no_owner_gives_nothing_up(project):
    project.cli("principals", "create", "bo", "--role", "member")
    answer = project.cli("gc", "--as", "bo", expect=3)
    assert "owners-only" in answer.err
    project.cli("hold", "data/rows", "--reason", "mine", "--as", "bo")
    project.cli("holds", "release", "1", "--reason", "mine", "--as", "bo", expect=3)


def test_it_is_written_down_and_said(project):
    version(project, "second")
    project.write("remint.toml", 'principal = "ana"\n[retention."*"]\nversions = 1\n')
    text = project.cli("gc", "--unused-days", "0", "-n").out
    assert "would go:" in text
    assert "main:data/rows@1" in text
    assert "gone:" in project.cli("gc", "--unused-days", "0").out
    assert "nothing to give up" in project.cli("gc", "--unused-days", "0").out
    exported = project.cli("audit", "export").out
    assert any("store:collect" in line for line in exported.splitlines())


@pytest.mark.parametrize("rule", ["versions = 0", "versions = true", "keep = 3", 'days = "7"', ""])
def test_a_rule_that_is_not_understood_is_refused(project, rule):
    project.write("remint.toml", f'principal = "ana"\n[retention."data/*"]\n{rule}\n')
    answer = project.cli("gc", expect=2)
    assert 'the setting retention."data/*" is not understood' in answer.err


def test_a_damaged_list_of_files_stops_it_before_anything_is_removed(project):
    for number in range(3):
        project.write(f"many/{number}.txt", f"number {number}")
    project.cli("add", "many", "--as", "data/many")
    shown = json.loads(project.cli("show", "data/many", "--json").out)
    segment = (
        shown["artifact"]["parts"][0][1]
        if isinstance(shown["artifact"]["parts"][0], list)
        else shown["artifact"]["parts"][0]["blob"]
    )
    raw = bytes.fromhex(segment.removeprefix("b3:"))
    for pack in (project.root / ".remint" / "store" / "packs").iterdir():
        content = pack.read_bytes()
        place = content.find(raw)
        while place >= 0:
            at = place + 80
            content = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
            place = content.find(raw, place + 1)
        pack.chmod(0o644)
        pack.write_bytes(content)
    version(project, "second")
    project.write("remint.toml", 'principal = "ana"\n[retention."*"]\nversions = 1\n')
    answer = project.cli("gc", "--unused-days", "0", expect=8)
    assert "nothing was given up" in answer.err
