"""A killed add leaves the version before, or the new one; a killed checkout is completed by the next call."""

import shutil
from pathlib import Path

import pytest

from remint.core.worktree import UNFINISHED
from tests.fault.worktree.dying import ANA, NEW, OLD, add, checkout, held, kill_everywhere, opened


@pytest.fixture(scope="module")
def added(tmp_path_factory):
    """Projects whose process was killed while it added a folder."""
    return kill_everywhere("add", tmp_path_factory.mktemp("added"))


@pytest.fixture(scope="module")
def checked_out(tmp_path_factory):
    """Projects whose process was killed while it wrote a version."""
    return kill_everywhere("checkout", tmp_path_factory.mktemp("checked_out"))


def look(project):
    """Return how far an add came, with every byte behind the ref verified, and how the folder stands."""
    app = opened(project)
    moves = app.refs.log(ANA, "data/landing")
    app.artifacts.verify(moves[0].new)
    status = app.tracking.status("main")[0]
    app.close()
    return moves[0].serial, status.state, (status.changed, status.new, status.removed)


def copied(projects, folder):
    return [Path(shutil.copytree(project, folder / project.name)) for project in projects]


def names(project):
    return sorted(place.name for place in (project / "out").iterdir()) if (project / "out").is_dir() else []


def test_a_killed_add_is_done_or_not_done(added):
    serials = [look(project)[0] for project in added]
    assert len(added) > 20
    assert serials == sorted(serials)
    assert (serials[0], serials[-1]) == (1, 2)


def test_after_a_killed_add_status_tells_the_truth_about_what_is_tracked(added):
    found = {(state, tuple(map(tuple, lists))) for _, state, lists in map(look, added)}
    differences = (("a",), ("b/e", "h"), ("b/d", "e/f/g"))
    assert found == {("changed", differences), ("unchanged", ((), (), ()))}


def test_a_killed_add_is_completed_by_the_next_one(added, tmp_path):
    states = set()
    for project in copied(added, tmp_path):
        app = opened(project)
        add(app, project)
        artifact = app.refs.artifact(ANA, "data/landing")
        app.artifacts.verify(artifact.digest)
        serial = app.refs.log(ANA, "data/landing")[0].serial
        states.add((serial, artifact.facts["files"], app.tracking.status("main")[0].state))
        app.close()
    assert states == {(2, len(NEW), "unchanged")}


def test_a_killed_checkout_shows_nothing_before_all_is_written(checked_out):
    seen = [{name for name in held(project / "out") if not name.startswith(UNFINISHED)} for project in checked_out]
    whole = [
        {name.split("/", 1)[-1] if name.startswith(UNFINISHED) else name for name in held(project / "out")}
        for project in checked_out
    ]
    assert len(checked_out) > 10
    assert (seen[0], seen[-1]) == (set(), set(OLD))
    assert [names for names, shown in zip(whole, seen, strict=True) if shown and names != set(OLD)] == []


def test_a_killed_checkout_is_completed_by_the_next_one(checked_out, tmp_path):
    found = []
    for project in copied(checked_out, tmp_path):
        if names(project) != ["a", "b", "e"]:
            app = opened(project)
            checkout(app, project)
            app.close()
        found.append((held(project / "out"), names(project)))
    assert found == [(OLD, ["a", "b", "e"])] * len(checked_out)
