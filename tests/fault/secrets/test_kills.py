"""A secret that is set or removed while the process is killed has the earlier value or the later one, and its record agrees."""

import shutil

import pytest

from remint.core.pipeline import StepSpec
from remint.errors import NotFound
from tests.fault.secrets.dying import NEW, OLD, WORKS, kill_everywhere, opened
from tests.fault.worktree.dying import ANA

STEP = StepSpec("work", "step", {}, {}, network=True, secrets={"SHOP": "shop"})
LAST = {"set_again": NEW, "remove": None}


@pytest.fixture(scope="module", params=WORKS)
def work(request):
    return request.param


@pytest.fixture(scope="module")
def killed(work, tmp_path_factory):
    return kill_everywhere(work, tmp_path_factory.mktemp(work))


def value_in(app):
    try:
        return app.secrets.values(STEP)[0].value
    except NotFound:
        assert app.secrets.list() == (), "a secret that is listed has its value"
        return None


def test_the_earlier_value_or_the_later_one_is_there_and_the_log_agrees(killed, work):
    found = []
    for project in killed:
        app = opened(project)
        found.append(value_in(app))
        assert app.audit.verify().problems == ()
        app.close()
    assert len(killed) > 5
    assert found == sorted(found, key=lambda one: one == LAST[work])
    assert set(found) == {OLD, LAST[work]}


def test_setting_it_again_completes_it_and_leaves_one_value(killed, tmp_path):
    for place in killed:
        project = shutil.copytree(place, tmp_path / place.name)
        app = opened(project)
        app.secrets.set(ANA, "shop", b"the third value")
        assert value_in(app) == b"the third value"
        app.close()
        assert len(list((project / ".remint" / "secrets").iterdir())) == 1
