"""A start or an end of a charged run that is killed leaves all of it or nothing, and the balances agree with the records."""

import shutil

import pytest

from tests.fault.budgets.dying import WORKS, kill_everywhere, opened
from tests.support.paid import SECOND_MICRO, end, standing, start

STEPS = {
    "reserve": [(0, 0, 0), (10 * SECOND_MICRO, 0, 1)],
    "settle": [(0, 0, 0), (10 * SECOND_MICRO, 0, 1), (0, 3 * SECOND_MICRO, 1)],
}
"""What is reserved and spent, and how many runs there are, in the order in which it comes about."""


@pytest.fixture(scope="module", params=WORKS)
def work(request):
    return request.param


@pytest.fixture(scope="module")
def killed(work, tmp_path_factory):
    return kill_everywhere(work, tmp_path_factory.mktemp(work))


def look(project):
    """Return how the budgets stand after all records agreed with the log."""
    app = opened(project)
    found = standing(app)
    assert standing(app, "team") == found
    with app.catalog.read() as tx:
        runs = len(tx.runs.newest())
    app.close()
    return (*found, runs)


def test_all_of_a_start_or_an_end_or_nothing_is_there(killed, work):
    found = [look(project) for project in killed]
    assert len(killed) > 12
    assert found == sorted(found, key=STEPS[work].index)
    assert sorted(set(found), key=STEPS[work].index) == STEPS[work]


def test_the_next_run_is_charged_as_if_nothing_had_happened(killed, tmp_path):
    project = shutil.copytree(killed[len(killed) // 2], tmp_path / "project")
    reserved, spent, runs = look(project)
    app = opened(project)
    end(app, start(app), cpu_s=2)
    app.close()
    assert look(project) == (reserved, spent + 2 * SECOND_MICRO, runs + 1)
