"""A process killed between any two writes loses nothing that was committed, and the work can be done again."""

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from remint.adapters.catalog.engine import SqlCatalog
from remint.core.log import first_bad
from tests.fault.store.killing import (
    AFTER,
    BEFORE,
    GIVEN,
    MADE,
    WHOLE,
    Project,
    State,
    keep,
    kill_everywhere,
    open_new,
    state_of,
)
from tests.support.killing import ROOT

ENTRIES_WITHOUT_END = """
import sys
from pathlib import Path
from remint.adapters.catalog.engine import SqlCatalog
from remint.core.entry import Entry
from remint.core.ids import PrincipalId

catalog = SqlCatalog(Path(sys.argv[1]))
while True:
    with catalog.begin() as tx:
        number = tx.entries.append(Entry("ref:move", "x" * 500, PrincipalId("ana"), 0))
    print(number, flush=True)
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """Projects whose process was killed while it kept files and recorded them."""
    return kill_everywhere("keep", tmp_path_factory.mktemp("killed"))


@pytest.fixture(scope="module")
def states(killed):
    """What is found in each of them."""
    return [state_of(project) for project in killed]


def test_the_work_was_killed_before_between_and_after_its_writes(killed):
    committed = [project.has_committed() for project in killed]
    assert len(killed) > 50
    assert committed == sorted(committed)
    assert (committed[0], committed[-1]) == (False, True)


def test_nothing_recorded_is_lost_and_nothing_stored_is_torn(states):
    assert {(state.lost, state.altered) for state in states} == {((), ())}


def test_the_log_is_whole_at_every_point(states):
    assert {(state.first_bad, state.frontier_fits) for state in states} == {(None, True)}


def test_ref_and_log_moved_together_or_not_at_all(states):
    assert {(state.ref, state.entries) for state in states} == {(BEFORE.digest, 1), (AFTER.digest, 2)}


def test_what_was_committed_stays(killed, states):
    kept = [state.ref for project, state in zip(killed, states, strict=True) if project.has_committed()]
    assert set(kept) == {AFTER.digest}


def test_a_file_that_was_put_is_where_it_was(killed):
    assert all((project.folder / "given").read_bytes() == GIVEN for project in killed)


@pytest.mark.parametrize(("name", "content", "part"), [("made", MADE, 2), ("whole", WHOLE, 3)])
def test_a_file_that_was_taken_is_there_or_here_in_full(killed, name, content, part):
    # It once went through a temporary name, and a kill in between lost it for its owner.
    taken = AFTER.parts[part].blob
    found = [project.blobs().has(taken) or (project.folder / name).read_bytes() == content for project in killed]
    assert all(found)


def test_the_work_was_killed_while_it_sealed_packs_of_both_kinds(killed):
    sealed = {len(list((project.folder / "store" / "packs").glob("*.pack"))) for project in killed}
    assert {0, 1, 2, 3} <= sealed


def test_doing_the_work_again_completes_it(killed, tmp_path):
    again = [Project(Path(shutil.copytree(project.folder, tmp_path / project.folder.name))) for project in killed]
    for project in again:
        project.make_files()
        keep(project)
    done = State(AFTER.digest, 2, None, frontier_fits=True, lost=(), altered=())
    assert {state_of(project) for project in again} == {done}


def test_a_catalog_killed_while_it_was_made_opens(tmp_path):
    projects = kill_everywhere("open", tmp_path)
    empty = State(None, 0, None, frontier_fits=True, lost=(), altered=())
    assert len(projects) > 50
    assert {state_of(project) for project in projects} == {empty}


def test_making_a_catalog_again_changes_nothing(tmp_path):
    project = Project(tmp_path)
    open_new(project)
    open_new(project)
    assert state_of(project).entries == 0


@pytest.mark.parametrize("seed", range(4))
def test_a_writer_killed_at_any_moment_loses_no_entry_it_was_told_of(tmp_path, seed):
    path = tmp_path / "catalog.db"
    SqlCatalog(path).close()
    command = [sys.executable, "-c", ENTRIES_WITHOUT_END, str(path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}
    ) as writer:
        told = [writer.stdout.readline() for _ in range(random.Random(seed).randint(1, 40))]
        writer.send_signal(signal.SIGKILL)
        told += writer.stdout.readlines()
    promised = int([line for line in told if line.endswith("\n")][-1])
    catalog = SqlCatalog(Path(path))
    with catalog.read() as tx:
        leaves, size = tx.entries.leaves(), tx.entries.frontier().size
    catalog.close()
    assert len(leaves) == size >= promised
    assert first_bad(leaves) is None
