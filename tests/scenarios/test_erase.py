"""Stories of a person who asks that their rows go, told through the command line."""

import shutil

import pytest

from tests.support.leaks import places_of
from tests.support.remint_cli import Project, make_project

PIPELINE = """
from remint import Metrics, Model, Table, pipeline, ref, step


@step(exact="content")
def features(passengers: Table) -> Table:
    print("the first by name is", passengers.sql("select id from this order by name limit 1").column("id")[0])
    return passengers.sql("select name, fare, survived from this")


@step(exact="content")
def cheap(passengers: Table) -> Table:
    return passengers.sql("select id, fare from this where fare < 10")


@step(seed=7, exact="content")
def train(data: Table) -> Model:
    from sklearn.linear_model import LogisticRegression

    x, y = data.sql("select fare, survived from this").xy("survived")
    return LogisticRegression().fit(x, y)


@step(exact="metrics")
def score(model: Model, data: Table) -> Metrics:
    from sklearn.metrics import roc_auc_score

    x = data.sql("select fare, survived from this")
    return Metrics(auc=float(roc_auc_score(x.xy("survived")[1], model.scores(x))))


@pipeline("features/passengers")
def make_features(passengers=ref("data/passengers")):
    return features(passengers), cheap(passengers)


@pipeline("model/survival")
def make_model(data=ref("features/passengers")):
    model = train(data)
    return model, score(model, data)
"""
HIM, NAME = "Q7W-0491", "Zebulon Quux the Third"
REST = ["--column", "id", "--reason", "request 2026-81"]


def passengers(first, last):
    rows = [
        f"Q7W-{n:04},{'Zebulon Quux the Third' if n == 491 else f'name {n}'},{n % 97 / 4},{n * 7919 % 97 // 50}"
        for n in range(first, last)
    ]
    return "id,name,fare,survived\n" + "\n".join(rows) + "\n"


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    project = make_project(tmp_path_factory.mktemp("erase") / "project", PIPELINE)
    project.cli("principals", "create", "bo", "--role", "approver", "--role", "member")
    project.write("passengers.csv", passengers(0, 400))
    project.cli("add", "passengers.csv", "--as", "data/passengers", "--table")
    project.write("more.csv", passengers(400, 500))
    project.cli("add", "more.csv", "--as", "data/passengers", "--append")
    (project.root / "more.csv").unlink()
    project.cli("run", "features/passengers")
    project.cli("sandboxes", "create", "ana")
    project.cli("run", "model/survival", "-w", "ana")
    project.cli("propose", "ana:model/survival")
    project.cli("changes", "approve", "1", "--as", "bo")
    project.cli("changes", "merge", "1")
    project.cli("regenerate", "model/survival")
    return project


@pytest.fixture
def project(made, tmp_path):
    shutil.copytree(made.root, tmp_path / "project")
    return Project(tmp_path / "project")


@pytest.fixture(scope="session")
def made_erased(made, tmp_path_factory):
    root = tmp_path_factory.mktemp("erased") / "project"
    shutil.copytree(made.root, root)
    project = Project(root)
    assert len(places_of(root / ".remint", HIM, NAME)) > 3
    project.answer = project.cli("erase", "--subject", HIM, *REST, "--json").json
    return project


@pytest.fixture
def erased(made_erased, tmp_path):
    shutil.copytree(made_erased.root, tmp_path / "project")
    copy = Project(tmp_path / "project")
    copy.answer = made_erased.answer
    return copy


def counted(project, version="", workspace="main"):
    sql = f"select count(*) as n, count(*) filter (id = '{HIM}') as his from data/passengers{version}"
    return tuple(project.cli("query", sql, "-w", workspace, "--json").json["rows"][0].values())


def versions(project, name="data/passengers"):
    return [move["new"] for move in reversed(project.cli("log", name, "--json").json["moves"])]


def entries(project):
    return len(project.cli("audit", "export").out.splitlines())


def test_no_byte_of_the_person_is_left(erased):
    assert places_of(erased.root / ".remint", HIM, NAME) == []


def test_the_refs_of_every_workspace_point_at_the_rows_of_the_others(erased):
    assert counted(erased) == (499, 0)
    assert counted(erased, workspace="ana") == (499, 0)
    moves = erased.cli("log", "data/passengers", "--json").json["moves"]
    assert (moves[0]["serial"], moves[0]["reason"]) == (3, "erasure 1")
    erased.cli("audit", "verify")


def test_a_version_without_the_person_stays_as_it_is(erased):
    assert counted(erased, "@1") == (400, 0)


def test_the_certificate_names_what_went_what_stands_for_it_and_what_was_made_of_it(erased):
    said = erased.answer["certificate"]
    before, after = versions(erased)[1:]
    assert {"table": before, "rows": 1, "refs": ["main:data/passengers@2"], "successor": after} in said["tables"]
    assert len(said["tables"]) == 2
    assert [(one["kind"], one["refs"]) for one in said["derived"]] == [("table", ["main:features/passengers@1"])]
    assert [(one["refs"], one["production"], one["trained"]) for one in said["models"]] == [
        (["ana:model/survival@1", "main:model/survival@1"], True, True)
    ]
    assert [(one["kind"], one["value_found"]) for one in said["kept"]] == [("metrics", False)]
    assert (len(said["logs"]), len(said["runs"])) == (1, 5)
    assert said["moved"] == ["main:data/passengers", "ana:data/passengers"]
    assert said["examined"] == {"tables": 3, "unreadable": 0}
    assert (said["by"], said["reason"], said["columns"]) == ("ana", "request 2026-81", ["id"])


def test_the_certificate_is_kept_shown_and_verified(erased):
    shown = erased.cli("erasures", "show", "1", "--json").json
    assert shown["certificate"] == erased.answer["certificate"]
    listed = erased.cli("erasures", "list", "--json").json["erasures"]
    assert [(one["number"], one["reason"], one["removed_at_us"] is not None) for one in listed] == [
        (1, "request 2026-81", True)
    ]
    assert "signature verified" in erased.cli("erasures", "show", "1").out
    assert "complete" in erased.cli("erasures", "list").out
    erased.cli("erasures", "show", "2", expect=4)
    erased.cli("gc", "--unused-days", "0")
    assert erased.cli("erasures", "show", "1", "--json").json["certificate"] == erased.answer["certificate"]


def test_only_the_value_with_the_receipt_says_whom_it_was_about(erased):
    receipt = erased.answer["receipt"]
    words = ("erasures", "verify", "1", "--subject")
    assert "was about this person" in erased.cli(*words, HIM, "--receipt", receipt).out
    erased.cli(*words, "Q7W-0492", "--receipt", receipt, expect=7)
    erased.cli(*words, HIM, "--receipt", "0" * 64, expect=7)
    erased.cli(*words, HIM, "--receipt", "lost", expect=2)
    assert places_of(erased.root / ".remint", receipt, HIM) == []


def test_an_erased_version_cannot_be_read_and_names_its_successor(erased):
    before, after = versions(erased)[1:]
    for command in (["show", "data/passengers@2"], ["checkout", "data/passengers@2", "out"], ["show", before]):
        answer = erased.cli(*command, expect=5)
        assert "erasure 1 removed rows of it" in answer.err
        assert after in answer.err
    erased.cli("query", "select 1 from data/passengers@2", expect=5)
    erased.cli("diff", "data/passengers@2", "data/passengers@3", expect=5)
    erased.cli(
        "merge",
        "data/passengers",
        "data/passengers@2",
        "--base",
        "data/passengers@1",
        "--key",
        "id",
        "--as",
        "data/x",
        expect=5,
    )
    erased.cli("hold", "data/passengers@2", "--reason", "too late", expect=5)


def test_what_was_made_of_it_is_made_again_from_the_successor(erased):
    assert "erasure 1 gave it up" in erased.cli("show", "features/passengers", expect=5).err
    assert "2 ran" in erased.cli("run", "features/passengers").out
    answer = erased.cli("query", "select count(*) as n from features/passengers", "--json").json
    assert answer["rows"] == [{"n": 499}]
    erased.cli("gc", "--unused-days", "0")
    assert erased.cli("query", "select count(*) as n from features/passengers", "--json").json == answer
    assert places_of(erased.root / ".remint", HIM, NAME) == []


def test_what_was_given_up_is_not_pushed_before_it_is_made_again(erased, tmp_path):
    erased.write("remint.toml", f'principal = "ana"\n[remotes.team]\nurl = "file://{tmp_path}/remote"\n')
    words = ("push", "features/passengers", "--to", "team")
    assert "erasure 1 gave it up" in erased.cli(*words, expect=5).err
    erased.cli("run", "features/passengers")
    erased.cli(*words)


def test_what_rests_on_the_rows_is_marked_as_regenerable_up_to_the_erasure(erased):
    words = "erasure 1 removed rows of its inputs on "
    model = erased.cli("control", "--json").json["models"][0]
    assert model["control"] == "not regenerable"
    assert any(words in reason for reason in model["control_reasons"])
    assert words in erased.cli("regenerate", "model/survival", expect=7).err
    assert words in erased.cli("regenerate", "model/survival", "--check", expect=7).out
    lineage = erased.cli("why", "model/survival")
    assert lineage.out.count("ERASED: erasure 1") == 2
    runs = erased.cli("runs", "list", "--json").json["runs"]
    marked = [run["id"] for run in runs if "up to erasure 1" in erased.cli("runs", "show", run["id"]).out]
    assert sorted(marked) == sorted(erased.answer["certificate"]["runs"])


def test_a_hold_wins_and_nothing_changes(project):
    for name, number in (("data/passengers", "1"), ("model/survival", "2")):
        project.cli("hold", name, "--reason", "a court asked")
        before = entries(project)
        answer = project.cli("erase", "--subject", HIM, *REST, expect=5)
        assert f"hold {number} of {name} (a court asked)" in answer.err
        assert entries(project) == before
        assert counted(project) == (500, 1)
        project.cli("holds", "release", number, "--reason", "over")
    project.cli("hold", "data/passengers@1", "--reason", "it is not in there")
    project.cli("erase", "--subject", HIM, *REST)


def test_a_dry_run_says_what_would_go_and_changes_nothing(project):
    before, places = entries(project), places_of(project.root / ".remint", HIM)
    would = project.cli("erase", "--subject", HIM, *REST, "-n", "--json").json
    assert (entries(project), places_of(project.root / ".remint", HIM)) == (before, places)
    done = project.cli("erase", "--subject", HIM, *REST, "--json").json
    assert [one["table"] for one in would["certificate"]["tables"]] == [one["table"] for one in done["certificate"]["tables"]]
    assert (would["erasure"], would["receipt"], would["dry_run"]) == (None, None, True)


def test_only_owners_erase_with_a_reason_that_names_nobody(project):
    assert "owners-only" in project.cli("erase", "--subject", HIM, *REST, "--as", "bo", expect=3).err
    project.cli("erase", "--subject", HIM, "--column", "id", expect=2)
    project.cli("erase", "--subject", HIM, "--column", "id", "--reason", " ", expect=2)
    answer = project.cli("erase", "--subject", HIM, "--column", "id", "--reason", f"for {HIM}", expect=2)
    assert "a reason is kept for ever" in answer.err
    project.cli("erase", "--subject", "", *REST, expect=2)
    assert counted(project) == (500, 1)


def test_rows_that_went_are_not_taken_in_again(erased):
    erased.write("all.csv", passengers(0, 500))
    assert "was not taken in again" in erased.cli("add", "all.csv", "--as", "data/other", "--table", expect=5).err
    assert places_of(erased.root / ".remint", HIM) == []
    erased.write("all.csv", passengers(0, 491) + passengers(492, 500).split("\n", 1)[1])
    erased.cli("add", "all.csv", "--as", "data/other", "--table")
    assert versions(erased, "data/other") == versions(erased)[-1:]


def test_a_second_time_finds_nothing_and_another_person_goes_by_another_erasure(erased):
    before = entries(erased)
    assert "nothing was changed" in erased.cli("erase", "--subject", HIM, *REST).out
    assert entries(erased) == before
    said = erased.cli("erase", "--subject", "Q7W-0003", *REST, "--json").json["certificate"]
    assert (said["erasure"], len(said["tables"])) == (2, 3)
    assert places_of(erased.root / ".remint", "Q7W-0003") == []
    assert counted(erased) == (498, 0)
    assert "erasure 2 removed" in erased.cli("show", "data/passengers@3", expect=5).err


def test_successors_of_earlier_versions_are_kept_as_these_were(project):
    project.cli("erase", "--subject", "Q7W-0003", *REST)
    successor = project.cli("erasures", "show", "1", "--json").json["certificate"]["tables"]
    first = next(one["successor"] for one in successor if "main:data/passengers@1" in one["refs"])
    project.cli("gc", "--unused-days", "0")
    assert "rows    399" in project.cli("show", first).out
    project.write("remint.toml", 'principal = "ana"\n[retention."*"]\nversions = 1\n')
    gone = project.cli("gc", "--unused-days", "0", "--json").json["given"]
    assert first in [one["digest"] for one in gone]
    assert counted(project) == (499, 1)


def test_the_text_of_it_says_the_receipt_and_what_to_look_at(project):
    answer = project.cli("erase", "--subject", HIM, *REST)
    assert answer.out.startswith("receipt     ")
    assert "stored nowhere" in answer.err
    for words in (
        "main:data/passengers@2 → b3:",
        "model/survival@1, in production",
        "1 logs of runs",
        "5 are regenerable up to",
    ):
        assert words in answer.out


def small(tmp_path, settings="", pipeline="from remint import pipeline\n"):
    return make_project(tmp_path / "small", pipeline, settings=settings)


def test_the_setting_says_which_column_tells_whose_rows(tmp_path):
    project = small(tmp_path, '[subjects]\n"data/people*" = "id"\n"data/*" = "buyer"\n')
    for name, head in (("people-2013", "id,name"), ("orders", "id,buyer")):
        project.write(f"{name}.csv", f"{head}\n" + "".join(f"{n},{n % 7}\n" for n in range(50)))
        project.cli("add", f"{name}.csv", "--as", f"data/{name}", "--table")
    said = project.cli("erase", "--subject", "3", "--reason", "asked", "--json").json["certificate"]
    assert sorted((one["rows"], one["refs"][0]) for one in said["tables"]) == [
        (1, "main:data/people-2013@1"),
        (7, "main:data/orders@1"),
    ]
    left = project.cli("query", "select count(*) filter (id = 3) as n, count(*) as m from data/orders", "--json").json
    assert left["rows"] == [{"n": 0, "m": 43}]
    assert said["columns"] == ["buyer", "id"]


def test_a_table_that_no_pattern_names_is_left_alone(tmp_path):
    project = small(tmp_path, '[subjects]\n"data/people*" = "id"\n')
    for name in ("people", "flights"):
        project.write(f"{name}.csv", f"id,{name}\n" + "".join(f"{n},0\n" for n in range(50)))
        project.cli("add", f"{name}.csv", "--as", f"data/{name}", "--table")
    said = project.cli("erase", "--subject", "3", "--reason", "asked", "--json").json["certificate"]
    assert [one["refs"] for one in said["tables"]] == [["main:data/people@1"]]


def test_a_setting_that_is_not_understood_is_refused(tmp_path):
    project = small(tmp_path, '[subjects]\n"data/people*" = 3\n')
    assert "the subjects of 'data/people*' are not understood" in project.cli("erasures", "list", expect=2).err


def test_a_value_that_a_column_cannot_hold_matches_nothing_and_is_counted(tmp_path):
    project = small(tmp_path)
    for name, value in (("numbers", "{}"), ("words", "w{}")):
        project.write(f"{name}.csv", "id,x\n" + "".join(f"{value.format(n)},{n}\n" for n in range(50)))
        project.cli("add", f"{name}.csv", "--as", f"data/{name}", "--table")
    said = project.cli("erase", "--subject", "w7", *REST, "--json").json["certificate"]
    assert said["examined"] == {"tables": 2, "unreadable": 1}
    assert [one["refs"] for one in said["tables"]] == [["main:data/words@1"]]


def test_a_row_that_an_edit_removed_before_goes_from_the_files_too(tmp_path):
    project = small(tmp_path)
    project.write("people.csv", passengers(400, 500))
    project.cli("add", "people.csv", "--as", "data/people", "--table")
    project.write("gone.csv", f"id\n{HIM}\n")
    project.cli("add", "gone.csv", "--as", "data/people", "--delete", "id")
    before = project.cli("show", "data/people", "--json").json["artifact"]
    said = project.cli("erase", "--subject", HIM, *REST, "--json").json["certificate"]
    after = project.cli("show", "data/people", "--json").json["artifact"]
    assert (before["digest"], said["stored_anew"]) == (after["digest"], [after["digest"]])
    assert before["parts"] != after["parts"]
    assert [one["successor"] for one in said["tables"]] == [after["digest"]]
    assert places_of(project.root / ".remint", HIM, NAME) == []


def test_a_table_of_the_person_alone_becomes_one_without_rows(tmp_path):
    project = small(tmp_path)
    project.write("people.csv", passengers(491, 492))
    project.cli("add", "people.csv", "--as", "data/people", "--table")
    project.cli("erase", "--subject", HIM, *REST)
    assert project.cli("query", "select count(*) as n from data/people", "--json").json["rows"] == [{"n": 0}]
    assert places_of(project.root / ".remint", HIM, NAME) == []


LOADING = """
from remint import Files, Table, pipeline, ref, step


@step(exact="content")
def load(source: Files) -> Table:
    rows = [line.split(",") for line in source.read().decode().splitlines()[1:]]
    return Table({"id": [row[0] for row in rows], "name": [row[1] for row in rows]})


@pipeline("data/people")
def make():
    return load(ref("data/raw"))
"""


def test_a_step_that_makes_the_rows_again_fails_and_says_why(tmp_path):
    project = small(tmp_path, pipeline=LOADING)
    project.write("raw.csv", passengers(400, 500))
    project.cli("add", "raw.csv", "--as", "data/raw")
    project.cli("run", "data/people")
    raw = project.cli("show", "data/raw", "--json").json["artifact"]["digest"]
    said = project.cli("erase", "--subject", HIM, *REST, "--json").json["certificate"]
    assert said["not_examined"]["files"] == [raw[:15]]
    answer = project.cli("run", "data/people", expect=10)
    assert "erasure 1 removed rows of it" in answer.err
    assert project.cli("runs", "list", "--json").json["runs"][0]["state"] == "failed"
    assert project.cli("query", "select count(*) as n from data/people", "--json").json["rows"] == [{"n": 99}]
    project.write("raw.csv", passengers(400, 491))
    project.cli("add", "raw.csv", "--as", "data/raw")
    project.cli("run", "data/people")
    assert project.cli("query", "select count(*) as n from data/people", "--json").json["rows"] == [{"n": 91}]


def test_what_a_remote_still_holds_is_named_and_not_pulled_again(tmp_path):
    project = small(tmp_path, f'[remotes.team]\nurl = "file://{tmp_path}/remote"\n')
    project.write("people.csv", passengers(400, 500))
    project.cli("add", "people.csv", "--as", "data/people", "--table")
    project.cli("push", "data/people", "--to", "team")
    before = versions(project, "data/people")[0]
    said = project.cli("erase", "--subject", HIM, *REST, "--json").json["certificate"]
    assert (said["not_examined"]["remotes"], said["not_examined"]["copies"]) == (["team"], ["people.csv"])
    assert "erasure 1 removed rows of it" in project.cli("pull", before, "--from", "team", expect=5).err
    assert places_of(project.root / ".remint", HIM) == []
    project.cli("push", "data/people", "--to", "team")


def test_models_are_made_again_without_the_rows_and_proposed(project):
    answer = project.cli("erase", "--subject", HIM, *REST, "--remint", "--json").json
    made = answer["reminted"]
    assert (made["sandbox"], made["ran"], made["moved"]) == ("erasure-1", 3, ["main:features/passengers"])
    model = made["models"][0]
    assert (model["ref"], model["change"]) == ("main:model/survival", "2")
    assert model["old"] == answer["certificate"]["models"][0]["model"] != model["new"]
    before, after = model["metrics"]["auc"]
    assert 0 < abs(before - after) < 0.1
    project.cli("changes", "approve", "2", "--as", "bo")
    project.cli("changes", "merge", "2")
    project.cli("regenerate", "model/survival")
    status = project.cli("control", "--json").json["models"][0]
    assert (status["artifact"], status["control"], status["fitness"]) == (model["new"], "in control", "fit")
    assert "erasure 1 by ana" in project.cli("why", "model/survival").out
    assert places_of(project.root / ".remint", HIM, NAME) == []


def test_minting_again_goes_on_where_it_was_stopped(erased):
    text = erased.cli("erasures", "remint", "1").out
    for words in ("3 steps ran", "change 2 is open", "auc", "moved       main:features/passengers"):
        assert words in text
    again = erased.cli("erasures", "remint", "1", "--json").json
    assert (again["ran"], [model["change"] for model in again["models"]], again["moved"]) == (0, ["2"], [])
    assert len(erased.cli("changes", "list", "--json").json["changes"]) == 2
    erased.cli("erasures", "remint", "2", expect=4)


def test_in_another_environment_nothing_is_made_again(erased):
    lock = (erased.root / "requirements.lock").read_text()
    erased.write("requirements.lock", lock.replace("numpy==", "numpy==9."))
    assert "is not the one the lock here declares" in erased.cli("erasures", "remint", "1", expect=2).err
