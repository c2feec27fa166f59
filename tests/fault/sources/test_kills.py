"""A snapshot, a pin, or a first read of a pinned table, killed, leaves the version before or the new one, and can be redone."""

import shutil
import subprocess

import numpy as np
import pyarrow as pa
import pytest

from remint.adapters.tables.logical import digest_table
from remint.core.log import first_bad
from remint.errors import Unavailable
from tests.fault.sources.dying import ANA, WORKS, kill_everywhere, opened
from tests.support.sources import BOTH, ROWS, make_app, read, write_delta, write_sqlite

WANTED = {"snapshot": (ROWS, BOTH), "pin": (ROWS, BOTH), "fetch": (ROWS, ROWS)}


@pytest.fixture(scope="module", params=WORKS)
def work(request):
    return request.param


@pytest.fixture(scope="module")
def killed(work, tmp_path_factory):
    return kill_everywhere(work, tmp_path_factory.mktemp(work))


def look(project, work):
    """Return which table the ref points at; it has an origin, and the log of entries is whole."""
    app = opened(project)
    found = app.refs.artifact(ANA, f"data/{work}")
    origins = app.sources.of(found.digest)
    with app.catalog.read() as tx:
        leaves, frontier = tx.entries.leaves(), tx.entries.frontier()
    app.close()
    assert first_bad(leaves) is None
    assert frontier.size == len(leaves)
    assert f"main:data/{work}" in {one.origin.ref for one in origins}
    return found.digest


def test_the_ref_is_where_it_was_or_where_it_goes_with_its_origin(killed, work):
    before, after = (digest_table(table).digest for table in WANTED[work])
    found = [look(project, work) for project in killed]
    assert len(killed) > 5
    assert found == sorted(found, key=lambda digest: digest == after)
    assert (found[0], found[-1]) == (before, after)


def test_doing_it_again_completes_it_and_every_byte_is_verified(killed, work, tmp_path):
    after = digest_table(WANTED[work][1]).digest
    for project in killed:
        again = shutil.copytree(project, tmp_path / project.name)
        app = opened(again)
        WORKS[work](app, again)
        app.artifacts.verify(after)
        app.close()
        assert look(again, work) == after


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


@pytest.mark.parametrize("kind", ["adbc", "delta"])
@pytest.mark.parametrize("pin", [False, True])
def test_a_disk_that_takes_no_more_is_told_and_moves_nothing(disk, tmp_path, kind, pin):
    if kind == "delta":
        draw = np.random.default_rng(3)
        write_delta(tmp_path / "lake", pa.table({"noise": draw.random(600_000)}))
        text, told = f"delta:{tmp_path}/lake", {}
    else:
        numbers = "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < 200000)"
        write_sqlite(tmp_path / "rows.db", f"CREATE TABLE t AS {numbers} SELECT hex(randomblob(32)) AS a FROM s")
        text, told, pin = f"adbc:adbc_driver_sqlite?uri={tmp_path}/rows.db", {"table": "t"}, False
    app = make_app(disk / "project")
    with pytest.raises(Unavailable, match=r"takes no more|the disk is full"):
        read(app, "data/x", text, pin=pin, **told)
    assert app.refs.list(ANA) == []
    assert not list((disk / "project" / ".remint" / "scratch").glob("table-*"))
    app.close()
