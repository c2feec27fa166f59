"""Giving up in a remote, told through the command line."""

import pytest

from tests.support.remint_cli import make_project

RETENTION = '[retention."data/*"]\nversions = 1\n'


@pytest.fixture
def project(tmp_path):
    remote = f'remote = "team"\n[remotes.team]\nurl = "file://{tmp_path}/remote"\n'
    project = make_project(tmp_path / "kept", "", settings=remote + RETENTION)
    for number in range(3):
        project.write("landing/a.csv", f"x\n{number}\n")
        project.write(f"landing/{number}.bin", str(number) * 50_000)
        project.cli("add", "landing", "--as", "data/landing")
        project.cli("push", "data/landing")
        (project.root / f"landing/{number}.bin").unlink()
    return project


def names_of(project):
    folder = project.root.parent / "remote"
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_dry_run_says_what_would_go_and_the_command_gives_it_up(project):
    before = names_of(project)
    would = project.cli("gc", "--remote", "team", "--unused-days", "0", "--dry-run")
    assert names_of(project) == before
    told = project.cli("gc", "--remote", "team", "--unused-days", "0")
    assert "data/landing@1" in would.out
    assert "would go from team" in would.out
    assert told.out.replace("gone from", "would go from") == would.out
    assert len(names_of(project)) < len(before)
    assert "nothing to give up in team: 1 artifacts stay" in project.cli("gc", "--remote", "team", "--unused-days", "0").out


def test_the_same_as_json(project):
    said = project.cli("gc", "--remote", "team", "--unused-days", "0", "--json").json
    assert {one["refs"][0] for one in said["given"]} == {"main:data/landing@1", "main:data/landing@2"}
    assert (said["remote"], said["kept"], said["dry_run"]) == ("team", 1, False)
    assert said["size_bytes"] > 50_000
    assert said["packs"] + said["rewritten"] > 0


def test_what_was_made_lately_stays(project):
    assert project.cli("gc", "--remote", "team", "--json").json["given"] == []


def test_each_collection_is_in_the_audit_log(project):
    project.cli("gc", "--remote", "team", "--unused-days", "0")
    exported = project.cli("audit", "export").out
    assert exported.count("remote:collect") == 1


def test_members_are_refused_and_remotes_must_be_named(project):
    project.cli("principals", "create", "bo")
    refused = project.cli("--as", "bo", "gc", "--remote", "team", expect=None)
    assert refused.code != 0
    assert "owners-only" in refused.err
    unknown = project.cli("gc", "--remote", "else", expect=None)
    assert unknown.code != 0
    assert "there is no remote else" in unknown.err


def test_help_has_an_example(project):
    assert "remint gc --remote team" in project.cli("gc", "--help").out


def test_the_remote_of_the_settings_is_meant_by_an_empty_name(project):
    assert project.cli("gc", "--remote", "", "--json").json["remote"] == "team"
