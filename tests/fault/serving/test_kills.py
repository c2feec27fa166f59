"""An acknowledged prediction is never lost, and none is sealed twice, wherever a process is killed."""

import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.support.load import Load

ROOT = Path(__file__).resolve().parents[3]


def logged(project):
    """Return every id in the live log and in the sealed one."""
    live = [one for piece in project.app.usage_logs.pieces("x") for held in piece.batches for one in held.ids]
    with project.app.catalog.read() as tx:
        segments = tx.log_segments.of("x")
    sealed = []
    for segment in segments:
        files = [path for _, path in project.app.artifacts.files(segment.artifact)]
        sealed += [row["prediction_id"] for row in project.app.tables.rows(files, limit=1_000_000)]
    return live, sealed


@pytest.mark.parametrize("durability", ["process", "disk"])
def test_every_acknowledged_prediction_survives_kill_9_under_load(project, serve, durability):
    acknowledged = {}
    for seconds in (0.5, 1.1, 1.7):
        # Sealing all the time, so that it is killed as well.
        server = serve("--durability", durability, "--seal-every", "0.1").ready()
        load = Load(server)
        time.sleep(seconds)
        server.kill()
        load.stop()
        acknowledged |= {one.id: one for one in load.answered}
    assert len(acknowledged) > 50
    project.app.usage.seal(project.ana, "x")
    live, sealed = logged(project)
    assert (live, acknowledged.keys() - set(sealed)) == ([], set())
    assert [one for one, count in Counter(sealed).items() if count > 1] == []
    some = list(acknowledged)[:: max(1, len(acknowledged) // 20)]
    for one in some:
        found = project.app.traces.trace(one).prediction
        assert (found.score, list(found.features.values())) == (acknowledged[one].score, acknowledged[one].row)


def test_a_restarted_server_seals_what_the_killed_one_left(project, serve):
    server = serve().ready()
    load = Load(server)
    time.sleep(0.5)
    server.kill()
    load.stop()
    assert serve("--seal-every", "0.1").ready().stop() == 0
    live, sealed = logged(project)
    assert live == []
    assert {one.id for one in load.answered} <= set(sealed)


ENDED_AT_ONCE = """
import os, sys
from pathlib import Path
from remint.app import App
from remint.config import load
from remint.server.serving import Place, ServingProcess

app = App(load(Path(sys.argv[1]), {"principal": "ana"}))
ServingProcess(app, [], Place(port=0)).run(announce=lambda url: os.kill(os.getpid(), int(sys.argv[2])))
print("ended")
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_asked_to_end_as_it_starts_ends(project, number):
    command = [sys.executable, "-c", ENDED_AT_ONCE, str(project.root), str(int(number))]
    done = subprocess.run(command, check=False, timeout=60, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "ended\n"), done.stderr


def test_a_server_that_is_asked_to_end_answers_what_it_took_and_seals(project, serve):
    server = serve().ready()
    load = Load(server)
    time.sleep(0.7)
    assert server.stop() == 0
    load.stop()
    live, sealed = logged(project)
    assert (live, {one.id for one in load.answered} - set(sealed)) == ([], set())
    assert [words for words in load.failed if words.startswith("5")] == []


def test_sealing_is_exactly_once_wherever_it_is_killed(project):
    """A child is killed before or after each call that sealing makes; afterwards everything is sealed once."""
    script = Path(__file__).parent / "seal_and_die.py"
    done = subprocess.run(
        [sys.executable, str(script), str(project.root)],
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    killed, batches = (int(word) for word in done.stdout.split())
    assert killed >= 10
    live, sealed = logged(project)
    assert live == []
    assert Counter(Counter(sealed).values()) == {1: 3 * batches}
    log = project.app.refs.artifact(project.ana, "log/x")
    assert log.facts["rows"] == 3 * batches
