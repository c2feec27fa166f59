"""A merge or a roll-back that is killed leaves all of it or nothing: refs, moves, steps, entries."""

import shutil

import pytest

from remint.core.ref import parse_ref
from tests.fault.changes.dying import REFS, WORKS, kill_everywhere, opened
from tests.fault.worktree.dying import ANA

ENDS = {"merge": ("3", ["merge"]), "roll_back": ("4", ["open", "merge"])}


@pytest.fixture(scope="module", params=WORKS)
def work(request):
    return request.param


@pytest.fixture(scope="module")
def killed(work, tmp_path_factory):
    return kill_everywhere(work, tmp_path_factory.mktemp(work))


def look(project):
    """Return everything a merge writes: where the refs point, their moves, the steps of all changes, the actions of the log."""
    app = opened(project)
    for ref in REFS:
        app.artifacts.verify(app.refs.artifact(ANA, ref).digest)
    assert app.audit.verify().problems == ()
    with app.catalog.read() as tx:
        moves = [[(str(move.new), move.change) for move in tx.refs.log(parse_ref(ref)[0])] for ref in REFS]
        points = [str(ref.artifact) for ref in map(tx.refs.get, (parse_ref(ref)[0] for ref in REFS)) if ref]
        steps = [[step.action for step in change.steps] for change in tx.changes.newest()]
        size = tx.entries.frontier().size
    app.close()
    return repr((points, moves, steps, size))


def test_all_of_it_or_nothing_is_there(killed, work):
    found = [look(project) for project in killed]
    assert len(killed) > 12
    assert found == sorted(found, key=lambda one: one == found[-1])
    assert len(set(found)) == 2
    change_id, steps = ENDS[work]
    app = opened(killed[-1])
    assert [step.action for step in app.changes.review(change_id).change.steps][-len(steps) :] == steps
    app.close()


def test_doing_it_again_completes_it(killed, work, tmp_path):
    nothing, everything = look(killed[0]), look(killed[-1])
    for project in [one for one in killed if look(one) == nothing]:
        again = shutil.copytree(project, tmp_path / project.name)
        app = opened(again)
        WORKS[work](app, again)
        app.close()
        assert look(again) == everything
