"""Writers in several processes take turns; a reader waits for nobody."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading

import pytest

from remint.adapters.blobs.local import LocalBlobs
from remint.adapters.catalog.engine import SqlCatalog
from remint.core import canonical
from remint.core.digest import digest_bytes
from remint.core.entry import Entry
from remint.core.ids import PrincipalId
from remint.core.log import first_bad
from remint.errors import Unavailable
from tests.support.killing import ROOT

ANA = PrincipalId("ana")
EACH = 200
WRITER = """
import sys
from pathlib import Path
from remint.adapters.blobs.local import LocalBlobs
from remint.adapters.catalog.engine import SqlCatalog
from remint.core.entry import Entry
from remint.core.ids import PrincipalId

path, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
catalog, blobs = SqlCatalog(path / "catalog.db"), LocalBlobs(path / "store")
print("ready", flush=True)
sys.stdin.readline()
for n in range(count):
    blobs.put(b"%d" % n)
    with catalog.begin() as tx:
        tx.entries.append(Entry("ref:move", name, PrincipalId(name), n))
blobs.flush()
catalog.close()
"""


PACKER = """
import random, sys
from pathlib import Path
from remint.adapters.blobs.appending import Limits
from remint.adapters.blobs.local import LocalBlobs

root, own = Path(sys.argv[1]), int(sys.argv[2])
blobs = LocalBlobs(root / "store", limits=Limits(pack_bytes=40_000, records=20, batch_bytes=9_000, spill_bytes=3_000))
source = random.Random(own)
folder = root / str(own)
folder.mkdir()
for n in range(60):
    blobs.put(source.randbytes(n * 20))
    blobs.put(b"%d" % n)
    if n % 10 == 0:
        paths = [folder / f"{n}-{k}" for k in range(8)]
        for path in paths:
            path.write_bytes(source.randbytes(2_000))
        list(blobs.put_files(map(str, paths)))
        blobs.flush()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "catalog.db"


@contextlib.contextmanager
def held_by_a_writer(path):
    """Hold the write lock of a database from outside, with something half written."""
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO facts VALUES ('half', 'written')")
    yield
    writer.execute("ROLLBACK")
    writer.close()


def test_two_processes_write_one_whole_log_and_one_store(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": environment}
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name, str(EACH)], **pipes) for name in ("ana", "bo")
    ]
    assert [writer.stdout.readline() for writer in writers] == ["ready\n"] * 2
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=100)
    assert [writer.returncode for writer in writers] == [0, 0]
    catalog = SqlCatalog(tmp_path / "catalog.db")
    with catalog.read() as tx:
        leaves, frontier = tx.entries.leaves(), tx.entries.frontier()
    catalog.close()
    assert first_bad(leaves) is None
    assert (len(leaves), frontier.size) == (2 * EACH, 2 * EACH)
    written = [(leaf["by"], leaf["at_us"]) for leaf in map(canonical.loads, leaves)]
    assert sorted(written) == sorted((name, n) for name in ("ana", "bo") for n in range(EACH))
    blobs = LocalBlobs(tmp_path / "store")
    assert {digest_bytes(blobs.get(digest)) for digest in blobs.digests()} == {digest_bytes(b"%d" % n) for n in range(EACH)}


def test_a_catalog_held_for_too_long_is_unavailable(path):
    catalog = SqlCatalog(path, busy_timeout_ms=100)
    with held_by_a_writer(path), pytest.raises(Unavailable, match=r"another process held it for more than 0.1 s"):
        catalog.begin().__enter__()
    catalog.close()


def test_a_catalog_that_was_released_takes_the_same_call(path):
    catalog = SqlCatalog(path, busy_timeout_ms=100)
    with held_by_a_writer(path), pytest.raises(Unavailable):
        catalog.begin().__enter__()
    with catalog.begin() as tx:
        assert tx.entries.append(Entry("ref:move", "x", ANA, 0)) == 1
    catalog.close()


def test_a_writer_waits_for_the_one_before(path):
    catalog, other = SqlCatalog(path), SqlCatalog(path)
    started, order = threading.Event(), []

    def write_second():
        started.set()
        with other.begin() as tx:
            order.append(tx.entries.append(Entry("ref:move", "second", ANA, 0)))

    with catalog.begin() as tx:
        second = threading.Thread(target=write_second)
        second.start()
        started.wait()
        order.append(tx.entries.append(Entry("ref:move", "first", ANA, 0)))
    second.join()
    catalog.close()
    other.close()
    assert order == [1, 2]


def test_a_reader_is_not_blocked_by_a_writer_of_another_process(path):
    catalog = SqlCatalog(path, busy_timeout_ms=100)
    with held_by_a_writer(path), catalog.read() as tx:
        assert tx.facts.get("half") is None
    catalog.close()


def test_a_new_catalog_object_opens_beside_a_writer(path):
    SqlCatalog(path).close()
    with held_by_a_writer(path):
        SqlCatalog(path, busy_timeout_ms=100).close()


def test_a_reader_sees_only_whole_blobs_while_two_processes_seal_packs(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    writers = [subprocess.Popen([sys.executable, "-c", PACKER, str(tmp_path), str(own)], env=environment) for own in (1, 2)]
    blobs, seen = LocalBlobs(tmp_path / "store"), set()
    while any(writer.poll() is None for writer in writers):
        for digest in set(blobs.digests()) - seen:
            assert digest_bytes(blobs.get(digest)) == digest
            seen.add(digest)
    assert [writer.wait() for writer in writers] == [0, 0]
    held = set(LocalBlobs(tmp_path / "store").digests())
    assert seen <= held
    assert len(held) == 1 + 60 + 2 * (59 + 6 * 8)
    assert {digest_bytes(blobs.get(digest)) for digest in held} == held
