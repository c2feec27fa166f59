"""An append or an upsert that is killed, or that finds the disk full, leaves the version before or the new one."""

import contextlib
import os
import shutil
import subprocess

import pyarrow as pa
import pytest

from remint.adapters.tables.logical import digest_table
from remint.core.log import first_bad
from remint.core.ref import parse_ref
from remint.errors import Unavailable
from tests.fault.tables.ending import APPENDED, BEFORE, MORE, UPSERTED, WORKS, kill_everywhere, opened, prepare
from tests.fault.worktree.dying import ANA

WANTED = {
    "append": (pa.concat_tables([BEFORE, *[MORE] * 7]), APPENDED),
    "upsert": (BEFORE, UPSERTED),
}


@pytest.fixture(scope="module", params=WORKS)
def work(request):
    return request.param


@pytest.fixture(scope="module")
def killed(work, tmp_path_factory):
    return kill_everywhere(work, tmp_path_factory.mktemp(work))


def look(project, work):
    """Return which table the ref points at, every byte behind it verified, with the log of entries whole."""
    app = opened(project)
    found = app.refs.artifact(ANA, f"data/{work}")
    app.artifacts.verify(found.digest)
    with app.catalog.read() as tx:
        leaves, frontier = tx.entries.leaves(), tx.entries.frontier()
    app.close()
    assert first_bad(leaves) is None
    assert frontier.size == len(leaves)
    return found.digest


def test_the_ref_is_where_it_was_or_where_it_goes(killed, work):
    before, after = (digest_table(table).digest for table in WANTED[work])
    found = [look(project, work) for project in killed]
    assert len(killed) > 12
    assert found == sorted(found, key=lambda digest: digest == after)
    assert (found[0], found[-1]) == (before, after)


def test_doing_it_again_completes_it(killed, work, tmp_path):
    before, after = (digest_table(table).digest for table in WANTED[work])
    for project in killed:
        again = shutil.copytree(project, tmp_path / project.name)
        if look(again, work) == before:
            app = opened(again)
            WORKS[work](app, again)
            app.close()
        assert look(again, work) == after


def test_scratch_files_of_a_killed_process_hold_nothing_up_and_others_leave_none(killed):
    assert not list((killed[-1] / ".remint" / "scratch").glob("table-*"))


@pytest.fixture
def disk(tmp_path):
    """A disk of three mebibytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    if not (shutil.which("mount") and subprocess.run(command, check=False, capture_output=True).returncode == 0):
        pytest.skip("never: this machine lets nobody mount a disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(ballast, *, leave):
    """Make a disk full but for some bytes."""
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    os.truncate(ballast, ballast.stat().st_size - leave)


@pytest.mark.parametrize("leave", [0, 4096, 8192])
@pytest.mark.parametrize("name", WORKS)
def test_a_full_disk_changes_nothing_and_says_so(disk, name, leave):
    prepare(disk / "project")
    app = opened(disk / "project")
    app.table_versions.table(parse_ref(f"data/{name}")[0])
    fill(disk / "ballast", leave=leave)
    before, after = (digest_table(table).digest for table in WANTED[name])
    with pytest.raises(Unavailable):
        WORKS[name](app, disk / "project")
    (disk / "ballast").unlink()
    assert look(disk / "project", name) == before
    WORKS[name](app, disk / "project")
    app.close()
    assert look(disk / "project", name) == after
