"""A server that is killed while it merges leaves all of the merge or nothing; the same request completes it, once."""

import shutil

import pytest

from tests.fault.api.dying import kill_everywhere, merge, opened
from tests.fault.changes.test_kills import look


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    return kill_everywhere(tmp_path_factory.mktemp("merge"))


def test_all_of_it_or_nothing_is_there(killed):
    found = [look(project) for project in killed]
    assert len(killed) > 12
    assert found == sorted(found, key=lambda one: one == found[-1])
    assert len(set(found)) == 2


def test_the_same_request_sent_again_completes_it_once(killed, tmp_path):
    everything, answers = look(killed[-1]), set()
    for project in killed:
        again = shutil.copytree(project, tmp_path / project.name)
        was_merged = look(again) == everything
        app = opened(again)
        answer = merge(app, again)
        app.close()
        replayed = "idempotency-replayed" in answer.headers
        answers.add((was_merged, answer.status_code, replayed))
        assert look(again) == everything
    assert answers == {(False, 200, False), (True, 409, False), (True, 200, True)}
