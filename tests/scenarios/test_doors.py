"""The same scripts through every door: the SDK and the command line, embedded and against a server, and HTTP itself."""

import pytest

from tests.support.doors import DOORS, STEPPING, World


@pytest.fixture(scope="module", params=DOORS)
def world(request, tmp_path_factory):
    world = World(tmp_path_factory.mktemp(request.param), request.param)
    yield world
    world.close()


@pytest.fixture
def ana(world):
    return world.person("ana")


@pytest.fixture
def bo(world):
    return world.person("bo")


@pytest.fixture
def file(tmp_path):
    def made(text, name="file.txt"):
        place = tmp_path / name
        place.write_text(text)
        return place

    return made


def proposed(person, file, name, text):
    """Add a file in a sandbox of its own and propose it; return the change and the digest."""
    sandbox = f"try-{name}"
    if sandbox not in person.world.sandboxes:
        person.do("fork", name=sandbox)
        person.world.sandboxes.add(sandbox)
    digest = person.do("add", workspace=sandbox, path=file(text, f"{name}.txt"), ref=f"data/{name}")
    return person.do("propose", refs=[f"{sandbox}:data/{name}"]), digest


def test_a_change_is_approved_by_another_person_and_merged(ana, bo, file):
    change, digest = proposed(ana, file, "whole", "one")
    own = ana.refused("approve", change=change)
    assert (own.code, own.rule, own.what) == ("denied", "four-eyes", f"ana cannot approve change {change}")
    early = bo.refused("merge", change=change)
    assert (early.code, early.what) == ("denied", f"change {change} was not merged")
    assert bo.do("approve", change=change) == "approved"
    assert bo.do("merge", change=change) == [digest]
    assert (bo.do("state", change=change), bo.do("log", ref="data/whole")) == ("merged", [[digest, "bo"]])


def test_what_was_approved_for_another_version_is_not_merged(ana, bo, file):
    first, _ = proposed(ana, file, "stale", "one")
    second, digest = proposed(ana, file, "stale", "two")
    for change in (first, second):
        bo.do("approve", change=change)
    assert bo.do("merge", change=second) == [digest]
    late = bo.refused("merge", change=first)
    assert (late.code, bo.do("state", change=first)) == ("ref-moved", "stale")


def test_changes_end_by_a_rejection_or_by_their_author(ana, bo, file):
    rejected, _ = proposed(ana, file, "rejected", "one")
    withdrawn, _ = proposed(ana, file, "withdrawn", "one")
    assert bo.refused("withdraw", change=withdrawn).code == "denied"
    assert (bo.do("reject", change=rejected, note="not yet"), ana.do("withdraw", change=withdrawn)) == ("rejected", "withdrawn")
    assert bo.refused("approve", change=rejected).code == "conflict"


def test_a_protected_ref_is_not_moved_by_adding(ana, file):
    refused = ana.refused("add", path=file("past the gate"), ref="data/direct")
    assert (refused.code, refused.rule, refused.what) == ("denied", "protected-ref", "main:data/direct was not moved")
    assert ana.refused("log", ref="data/direct").code == "ref-not-found"


def test_a_version_is_written_out_as_it_was_added(ana, file, tmp_path):
    ana.do("fork", name="try-out")
    ana.do("add", workspace="try-out", path=file("to be read", "read.txt"), ref="data/out")
    assert ana.do("checkout", workspace="try-out", ref="data/out", folder=tmp_path / "there") == 1
    written = tmp_path / "there" / "read.txt"
    assert ana.world.name == "http" or written.read_text() == "to be read"


def test_only_owners_give_roles_and_make_budgets(ana, bo):
    assert bo.refused("grant", name="cy", role="approver").rule == "owners-only"
    assert ana.do("grant", name="cy", role="approver") == ["approver", "member"]
    assert bo.refused("budget", name="team", limit="10.00").rule == "owners-only"
    assert ana.do("budget", name="team", limit="10.00") == 10_000_000
    assert ana.refused("budget", name="team", limit="10.00").code == "conflict"


@pytest.mark.parametrize(
    ("verb", "about", "code"),
    [
        ("state", {"change": "999"}, "not-found"),
        ("log", {"ref": "data/nowhere"}, "ref-not-found"),
        ("run", {"run": "0" * 32}, "not-found"),
        ("propose", {"refs": ["data/nowhere=b3:" + "0" * 64]}, "artifact-not-found"),
        ("fork", {"name": "main"}, "conflict"),
        ("budget", {"name": "odd", "limit": "much"}, "invalid"),
    ],
)
def test_what_cannot_be_is_refused_in_the_same_words(ana, verb, about, code):
    refused = ana.refused(verb, **about)
    assert refused.code == code
    said = (refused.what, refused.why)
    assert WORDS.setdefault((verb, code), said) == said


WORDS: dict[tuple[str, str], tuple[str, str]] = {}
"""What the first door said, by what was asked of it."""


STEPPING_ONLY = pytest.mark.parametrize("world", STEPPING, indirect=True, scope="module")
SAME: dict[str, object] = {}
"""What the first door made, by what it is."""


def same(what, value):
    return SAME.setdefault(what, value) == value


@STEPPING_ONLY
def test_a_pipeline_makes_the_same_at_every_door_and_is_not_run_again(ana):
    ana.do("fork", name="try-make")
    assert ana.do("plan", workspace="try-make", pipeline="data/squares") == [["run", "it never ran"]]
    made = ana.do("make", workspace="try-make", pipeline="data/squares")
    assert (made["ran"], made["held"]) == (1, [])
    assert same("squares", made["made"])
    again = ana.do("make", workspace="try-make", pipeline="data/squares")
    assert (again["ran"], again["made"]) == (0, made["made"])
    assert ana.do("plan", workspace="try-make", pipeline="data/squares", rows=41) == [["run", "argument rows changed"]]
    assert ana.do("log", workspace="try-make", ref="data/squares") == [[made["made"]["data/squares"], "ana"]]


@STEPPING_ONLY
def test_what_one_person_ran_another_takes_over(ana, bo):
    ana.do("fork", name="try-share")
    ana.do("make", workspace="try-share", pipeline="data/made", rows=50)
    taken = bo.do("make", workspace="try-share", pipeline="data/made", rows=50)
    assert taken["ran"] == 0
    assert bo.do("make", workspace="try-share", pipeline="report/count")["ran"] == 1
    assert ana.do("make", workspace="try-share", pipeline="report/count")["ran"] == 0
    assert ana.do("rows", workspace="try-share", ref="data/made") == 50


@STEPPING_ONLY
def test_a_step_that_fails_is_recorded_as_failed_and_moves_nothing(ana):
    ana.do("fork", name="try-fail")
    ana.do("make", workspace="try-fail", pipeline="data/made")
    failed = ana.refused("make", workspace="try-fail", pipeline="report/broken")
    assert failed.code == "step-failed"
    assert same("failure", (failed.what, failed.why))
    assert ana.do("failed") == ["failed"]
    assert ana.refused("log", workspace="try-fail", ref="report/broken").code == "ref-not-found"


@STEPPING_ONLY
def test_a_pipeline_does_not_move_what_is_protected(ana, bo):
    made = ana.do("make", pipeline="data/made", rows=60)
    assert made["held"] == ["main:data/made"]
    assert ana.refused("log", ref="data/made").code == "ref-not-found"
    change = ana.do("propose", refs=[f"data/made={made['made']['data/made']}"])
    bo.do("approve", change=change)
    assert bo.do("merge", change=change) == [made["made"]["data/made"]]
    assert ana.do("rows", ref="data/made") == 60


@STEPPING_ONLY
def test_rows_are_appended_to_the_version_that_is_there(ana, bo, file):
    ana.do("fork", name="try-append")
    ana.do("make", workspace="try-append", pipeline="data/made")
    ana.do("append", workspace="try-append", ref="data/made", path=file("x,late\n0.5,true\n", "more.csv"))
    digest = bo.do("append", workspace="try-append", ref="data/made", path=file("x,late\n0.7,false\n", "more.csv"))
    assert same("appended", digest)
    assert ana.do("rows", workspace="try-append", ref="data/made") == 42
