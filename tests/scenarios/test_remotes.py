"""Two projects share data through a remote, by the command line alone."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.remint_cli import make_project

PIPELINE = "from remint import pipeline\n"


@pytest.fixture
def pair(tmp_path):
    settings = f'remote = "team"\n[remotes.team]\nurl = "file://{tmp_path}/remote"\n'
    one = make_project(tmp_path / "one", PIPELINE, settings=settings)
    one.write("landing/a.txt", "first")
    one.write("landing/deep/b.txt", "second")
    pq.write_table(pa.table({"x": [1, 2, 3]}), one.root / "rows.parquet")
    one.cli("add", "landing", "--as", "data/landing")
    one.cli("add", "rows.parquet", "--as", "data/rows")
    return one, make_project(tmp_path / "other", PIPELINE, owner="bo", settings=settings)


def digest_of(project, name):
    return project.cli("show", name, "--json").json["artifact"]["digest"]


@pytest.mark.parametrize("how", [[], ["--lazy"]])
def test_what_one_project_pushes_another_has(pair, how):
    one, other = pair
    one.cli("push", "--all")
    other.cli("pull", *how)
    for name in ("data/landing", "data/rows"):
        assert digest_of(other, name) == digest_of(one, name)
    assert "2" in other.cli("show", "data/landing").out
    assert "6" in other.cli("query", "select sum(x) from data/rows").out
    other.cli("checkout", "data/landing", "out")
    assert (other.root / "out" / "deep" / "b.txt").read_text() == "second"
    assert other.cli("audit", "verify").code == 0


def test_a_dry_run_prints_what_would_be_carried(pair):
    one, other = pair
    told = one.cli("push", "--all", "--dry-run", "--json").json
    assert (told["schema"], told["remote"], told["dry_run"], told["packs"]) == ("remint/push/1", "team", True, 1)
    assert [one["ref"] for one in told["artifacts"]] == ["main:data/landing", "main:data/rows"]
    assert other.cli("pull", expect=4).code == 4


def test_a_protected_ref_is_brought_and_its_change_is_named(pair):
    one, other = pair
    one.cli("push", "--all")
    text = (other.root / "remint.toml").read_text()
    other.write("remint.toml", 'protected = ["data/rows"]\n' + text)
    answer = other.cli("pull", "data/rows")
    assert "was not moved here" in answer.out
    assert "remint propose data/rows=b3:" in answer.err
    command = answer.err.strip().rpartition("remint ")[2].split()
    other.cli(*command)


def test_without_a_remote_the_setting_is_named(tmp_path):
    project = make_project(tmp_path / "alone", PIPELINE)
    answer = project.cli("push", "--all", "--json", expect=2)
    assert "remote" in json.loads(answer.out)["error"]["next_step"]


@pytest.mark.parametrize("words", [["push"], ["push", "--all", "data/rows"]])
def test_a_push_names_refs_or_all(pair, words):
    assert "not both" in pair[0].cli(*words, expect=2).err


def test_a_secret_in_the_settings_is_refused(tmp_path):
    settings = 'remote = "team"\n[remotes.team]\nurl = "s3://b"\nsecret_access_key = "x"\n'
    project = make_project(tmp_path / "open", PIPELINE, settings=settings)
    assert "secret" in project.cli("push", "--all", expect=2).err
