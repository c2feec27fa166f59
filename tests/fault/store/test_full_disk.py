"""A disk that takes no more gives Unavailable, keeps nothing by halves, and goes on once there is room."""

import contextlib
import os
import resource
import shutil
import subprocess

import pytest

from remint.adapters.blobs.local import LocalBlobs
from remint.adapters.catalog.engine import SqlCatalog
from remint.core.entry import Entry, first_bad
from remint.core.ids import PrincipalId
from remint.errors import Unavailable

ANA = PrincipalId("ana")
LARGE = bytes(range(256)) * 8192
LIMIT = 1 << 20


@contextlib.contextmanager
def files_no_larger_than(size_bytes):
    """Let no file of this process grow beyond a size: writing then fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def mount(*arguments):
    return subprocess.run(["mount", *arguments], check=False, capture_output=True, text=True).returncode == 0


@pytest.fixture
def disk(tmp_path):
    """A disk of one mebibyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not (shutil.which("mount") and mount("-t", "tmpfs", "-o", f"size={LIMIT}", "tmpfs", str(folder))):
        pytest.skip("never: this machine lets nobody mount a disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "large"
    path.write_bytes(LARGE)
    return path


def entries(size):
    return [Entry("ref:move", "x" * 900, ANA, n) for n in range(size)]


def append_each(catalog, wanted):
    """Append entries, each in a transaction of its own; return how many were promised before the first failure, and that."""
    for promised, entry in enumerate(wanted):
        try:
            with catalog.begin() as tx:
                tx.entries.append(entry)
        except Unavailable as error:
            return promised, error
    raise AssertionError("the disk never became full")


def left_in(root):
    return [path for path in root.rglob("*") if path.is_file()]


@pytest.mark.parametrize("way", ["put", "put_file"])
def test_a_file_too_large_for_the_disk_is_kept_not_at_all(tmp_path, file, way):
    blobs = LocalBlobs(tmp_path / "store")
    with files_no_larger_than(LIMIT), pytest.raises(Unavailable, match="nothing was written to the store"):
        getattr(blobs, way)(LARGE if way == "put" else file)
    assert left_in(tmp_path / "store") == []


def test_there_is_room_again_and_the_same_call_succeeds(tmp_path):
    blobs = LocalBlobs(tmp_path / "store")
    with files_no_larger_than(LIMIT), pytest.raises(Unavailable):
        blobs.put(LARGE)
    assert blobs.get(blobs.put(LARGE)) == LARGE


@pytest.mark.parametrize("way", ["put", "put_file", "take"])
def test_a_full_disk_keeps_nothing_and_says_so(disk, file, way):
    blobs = LocalBlobs(disk / "store")
    with pytest.raises(Unavailable, match="the disk is full"):
        getattr(blobs, way)(LARGE if way == "put" else file)
    assert left_in(disk) == []


def test_a_file_that_could_not_be_taken_is_still_there(disk, file):
    with pytest.raises(Unavailable):
        LocalBlobs(disk / "store").take(file)
    assert file.read_bytes() == LARGE


def test_a_disk_with_room_again_takes_what_it_refused(disk, file):
    blobs = LocalBlobs(disk / "store")
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(LIMIT - (64 << 10)))
    content = LARGE[: 256 << 10]
    with pytest.raises(Unavailable):
        blobs.put(content)
    ballast.unlink()
    assert blobs.get(blobs.put(content)) == content


def test_a_disk_without_a_name_left_refuses_too(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    if not mount("-t", "tmpfs", "-o", "nr_inodes=4", "tmpfs", str(folder)):
        pytest.skip("never: this machine lets nobody mount a disk")
    try:
        with pytest.raises(Unavailable, match="the disk is full"):
            LocalBlobs(folder / "store").put(b"a")
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_read_only_store_still_reads_and_refuses_to_write(disk):
    blobs = LocalBlobs(disk / "store")
    digest = blobs.put(b"kept")
    assert mount("-o", "remount,ro", str(disk))
    with pytest.raises(Unavailable, match="the disk is read-only"):
        blobs.put(b"new")
    assert blobs.get(digest) == blobs.path(digest).read_bytes() == b"kept"
    assert mount("-o", "remount,rw", str(disk))


def test_a_file_of_a_read_only_store_is_not_taken(disk, file):
    file.write_bytes(b"small")
    blobs = LocalBlobs(disk / "store")
    blobs.put(b"kept")
    assert mount("-o", "remount,ro", str(disk))
    with pytest.raises(Unavailable):
        blobs.take(file)
    assert file.read_bytes() == b"small"
    assert mount("-o", "remount,rw", str(disk))


def test_a_folder_without_permission_refuses(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("never: root ignores permissions; the read-only disk stands for it")
    root = tmp_path / "store"
    root.mkdir(mode=0o555)
    with pytest.raises(Unavailable, match="permission denied"):
        LocalBlobs(root).put(b"a")


def test_a_catalog_that_may_not_grow_keeps_what_it_promised(tmp_path):
    catalog = SqlCatalog(tmp_path / "catalog.db")
    with files_no_larger_than(LIMIT):
        promised, error = append_each(catalog, entries(3000))
    assert "nothing was written" in str(error)
    with catalog.begin() as tx:
        leaves = tx.entries.leaves(limit=5000)
        tx.entries.append(entries(1)[0])
    catalog.close()
    assert len(leaves) == promised > 10
    assert first_bad(leaves) is None


def test_a_catalog_on_a_full_disk_keeps_what_it_promised(disk):
    catalog = SqlCatalog(disk / "catalog.db")
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(64 << 10))
    promised, error = append_each(catalog, entries(3000))
    assert error.why == "database or disk is full"
    ballast.unlink()
    with catalog.begin() as tx:
        leaves = tx.entries.leaves(limit=5000)
        tx.entries.append(entries(1)[0])
    catalog.close()
    assert len(leaves) == promised > 10
    assert first_bad(leaves) is None


def test_an_entry_too_large_for_the_disk_leaves_the_transaction_before_it(disk):
    catalog = SqlCatalog(disk / "catalog.db")
    with pytest.raises(Unavailable), catalog.begin() as tx:
        tx.entries.append(Entry("ref:move", "x" * (4 * LIMIT), ANA, 0))
    with catalog.begin() as tx:
        assert tx.entries.append(entries(1)[0]) == 1
    catalog.close()


def test_a_catalog_on_a_read_only_disk_refuses_to_write(disk):
    catalog = SqlCatalog(disk / "catalog.db")
    with catalog.begin() as tx:
        tx.entries.append(entries(1)[0])
    catalog.close()
    assert mount("-o", "remount,ro", str(disk))
    with pytest.raises(Unavailable):
        SqlCatalog(disk / "catalog.db").begin().__enter__()
    assert mount("-o", "remount,rw", str(disk))
