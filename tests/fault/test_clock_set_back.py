"""A clock that is set back: the order of versions, the log, what is tracked and what is kept do not rest on it."""

import os
import time

import pytest

from remint.adapters.clock.system import SystemClock
from remint.app import App, initialise
from remint.config import load
from remint.core.ids import PrincipalId
from remint.ports.usecases.context import Context

ANA = Context(PrincipalId("ana"), "main")
DAY_US = 24 * 3600 * 1_000_000


class SetBack(SystemClock):
    """The system's clock, set back by some days."""

    def __init__(self, days):
        super().__init__()
        self._days = days

    def now_us(self):
        return super().now_us() - self._days * DAY_US


@pytest.fixture
def opened(tmp_path):
    """Opens the project at a clock that is so many days behind."""
    apps = []
    initialise(tmp_path, owner="ana")

    def at(days):
        app = App(load(tmp_path, environment={}))
        app.__dict__["clock"] = SetBack(days)
        apps.append(app)
        return app

    yield at
    for app in apps:
        app.close()


def add(app, folder, content):
    folder.mkdir(exist_ok=True)
    (folder / "file").write_bytes(content)
    return app.artifacts.add(ANA, "data/set", folder).artifact.digest


def test_the_last_version_added_is_the_newest_and_the_log_stands(opened, tmp_path):
    digests = [add(opened(days), tmp_path / "set", content) for days, content in ((0, b"one"), (3, b"two"), (9, b"three"))]
    app = opened(5)
    moves = app.refs.log(ANA, "data/set")
    assert [move.new for move in reversed(moves)] == digests
    assert [move.serial for move in reversed(moves)] == [1, 2, 3]
    assert app.refs.resolve(ANA, "data/set")[1].digest == digests[-1]
    assert app.audit.verify().entries >= 3


def test_what_was_added_before_it_was_set_back_is_not_given_up(opened, tmp_path):
    digests = [add(opened(0), tmp_path / "set", content) for content in (b"one", b"two")]
    app = opened(400)
    given = app.storage.collect(ANA, unused_days=30)
    assert not given.given
    assert all(app.artifacts.present(digest) for digest in digests)


def test_a_file_changed_while_the_clock_was_behind_is_seen(opened, tmp_path):
    app, file = opened(0), tmp_path / "set" / "file"
    first = add(app, tmp_path / "set", b"one")
    later_ns = time.time_ns() + DAY_US * 1000
    os.utime(file, ns=(later_ns, later_ns))  # as if the clock had been ahead
    assert app.artifacts.add(ANA, "data/set", tmp_path / "set").artifact.digest == first
    file.write_bytes(b"two")
    os.utime(file, ns=(later_ns, later_ns))
    assert app.artifacts.add(ANA, "data/set", tmp_path / "set").artifact.digest != first
