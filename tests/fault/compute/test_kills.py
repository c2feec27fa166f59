"""Somebody kills the child, the zygote, the parent; or the step leaves things running."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from remint.adapters.compute import zygote as zygote_module
from remint.adapters.compute.process import ProcessExecutor
from remint.errors import Unavailable
from tests.conformance.compute.bench import Bench

PARENT = """
import sys
from pathlib import Path
from remint.adapters.compute import zygote as zygote_module
from remint.adapters.compute.process import ProcessExecutor
from tests.conformance.compute.bench import Bench
bench = Bench(Path(sys.argv[1]), ProcessExecutor())
try:
    bench.run("sleep_with_grandchild", pids=60, on_line=lambda line: print(line, flush=True))
except KeyboardInterrupt:
    print("interrupted", flush=True)
    sys.exit(3)
"""


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def gone_within(seconds, pids):
    until = time.monotonic() + seconds
    while any(map(is_running, pids)) and time.monotonic() < until:
        time.sleep(0.01)
    return not any(map(is_running, pids))


def children_of(pid):
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if int((place / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(place.name))
        except OSError:
            continue
    return found


@pytest.fixture
def busy(bench):
    """Run a step that sleeps and has a grandchild; give the ids of all three, and a way to wait for its result."""
    started = threading.Event()
    found = []

    def note(line):
        found.extend(map(int, line.split()))
        started.set()

    results = []
    thread = threading.Thread(target=lambda: results.append(bench.run("sleep_with_grandchild", pids=60, on_line=note)))
    thread.start()
    assert started.wait(30)
    (zygote,) = bench.executor._busy

    def ended():
        thread.join(30)
        return results[0]

    yield zygote.pid, *found, ended
    thread.join(30)


def test_a_killed_child_is_a_stopped_step(bench, busy):
    zygote, child, grandchild, ended = busy
    os.kill(child, signal.SIGKILL)
    result = ended()
    assert (result.state, result.guarded) == ("stopped", True)
    assert "killed by SIGKILL" in result.error["why"]
    assert gone_within(5, [grandchild])
    assert bench.value("nothing") == 0
    assert is_running(zygote)


def test_a_killed_zygote_takes_its_step_with_it_and_is_replaced(bench, busy):
    zygote, child, _, ended = busy
    os.kill(zygote, signal.SIGKILL)
    result = ended()
    assert (result.state, result.error["next_step"]) == ("stopped", "run it again")
    assert gone_within(5, [child])
    assert bench.value("nothing") == 0


def test_an_idle_zygote_that_was_killed_is_replaced(bench):
    bench.run("nothing")
    ((zygote,),) = bench.executor._idle.values()
    os.kill(zygote.pid, signal.SIGKILL)
    assert bench.value("nothing") == 0


@pytest.fixture
def deadly(tmp_path, monkeypatch):
    """Install a library that ends whatever process imports it."""
    place = tmp_path / "site-packages"
    place.mkdir()
    (place / "deadly.py").write_text("import os\nos._exit(9)\n")
    found = zygote_module._path_of_packages()
    monkeypatch.setattr(zygote_module, "_path_of_packages", lambda: [*found, str(place)])


def test_a_library_that_kills_the_zygote_does_not_stop_a_step_without_it(bench, deadly):
    assert bench.run("nothing", modules=("deadly",)).state == "done"


def test_a_library_that_kills_the_zygote_kills_the_step_that_imports_it(bench, deadly):
    (bench.code / "dies.py").write_text("import deadly\ndef f(): return 1\n")
    result = bench.run("f", module="dies", modules=("deadly",))
    assert (result.state, result.error["why"]) == ("failed", "the process ended with exit code 9")


def start_parent(folder):
    path = os.pathsep.join(place or str(Path.cwd()) for place in sys.path)
    command = [sys.executable, "-c", PARENT, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": path})


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_parent_leaves_nothing_running(tmp_path, number):
    with start_parent(tmp_path) as parent:
        pids = [*map(int, parent.stdout.readline().split()), *children_of(parent.pid)]
        assert len(pids) == 3
        os.kill(parent.pid, number)
        assert gone_within(10, pids)


def test_an_interrupt_kills_the_step_and_is_passed_on(tmp_path):
    with start_parent(tmp_path) as parent:
        pids = [*map(int, parent.stdout.readline().split()), *children_of(parent.pid)]
        os.kill(parent.pid, signal.SIGINT)
        assert parent.stdout.readline() == "interrupted\n"
        assert parent.wait(10) == 3
    assert gone_within(5, pids)


def test_an_error_of_the_listener_kills_the_step_and_is_passed_on(bench):
    def refuse(line):
        raise ZeroDivisionError(line)

    with pytest.raises(ZeroDivisionError) as raised:
        bench.run("sleep_with_grandchild", pids=60, on_line=refuse)
    assert gone_within(5, list(map(int, str(raised.value).split())))
    assert bench.value("nothing") == 0


def test_closing_ends_what_runs(bench, busy):
    zygote, child, _, ended = busy
    bench.executor.close()
    assert ended().state == "stopped"
    assert gone_within(5, [zygote, child])


def test_a_closed_executor_says_so(bench):
    bench.executor.close()
    with pytest.raises(Unavailable, match="closed"):
        bench.run("nothing")


def test_closing_ends_idle_zygotes(bench):
    bench.run("nothing")
    ((zygote,),) = bench.executor._idle.values()
    bench.executor.close()
    assert gone_within(0, [zygote.pid])


def test_steps_of_several_threads_run_at_once(bench):
    """None of the three goes on before each has printed."""
    meeting = threading.Barrier(3, timeout=60)
    results = []

    def run():
        results.append(bench.run("sleep_with_grandchild", pids=0.1, on_line=lambda line: meeting.wait()).state)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == ["done"] * 3


def test_a_zygote_that_cannot_start_is_the_retryable_error(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "absent"))
    with ProcessExecutor() as executor, pytest.raises(Unavailable, match="could not be started"):
        Bench(tmp_path, executor).run("nothing")


@pytest.mark.parametrize(("step", "name"), [("die", "SIGTERM"), ("crash", "SIGSEGV")])
def test_a_signal_is_named(bench, step, name):
    arguments = {"number": int(signal.SIGTERM)} if step == "die" else {}
    result = bench.run(step, **arguments)
    assert result.state == "stopped"
    assert f"killed by {name}" in result.error["why"]


def test_a_crash_in_c_leaves_the_python_frames_in_the_log(bench):
    assert "in crash" in bench.run("crash").log.read_text()


@pytest.mark.parametrize("code", [0, 5])
def test_a_process_that_ends_early_is_a_failure(bench, code):
    result = bench.run("exit_at_once", code=code)
    assert (result.state, result.error["why"]) == ("failed", f"the process ended with exit code {code}")


@pytest.mark.parametrize("how", ["child", "daemon", "deaf"])
def test_what_a_step_leaves_running_is_ended(bench, how):
    began = time.monotonic()
    assert bench.value("leave_running", how=how) == 0
    assert time.monotonic() - began < 10
    ((zygote,),) = bench.executor._idle.values()
    assert children_of(zygote.pid) == []


def test_a_thread_left_running_does_not_hold_the_step(bench):
    began = time.monotonic()
    assert bench.value("leave_thread") == 0
    assert time.monotonic() - began < 10
