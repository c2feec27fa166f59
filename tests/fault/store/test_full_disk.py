"""A disk that takes no more gives Unavailable, keeps nothing by halves, and goes on once there is room."""

import contextlib
import errno
import os
import random
import resource
import shutil
import subprocess

import pytest

from remint.adapters.blobs import pack
from remint.adapters.blobs.appending import Limits
from remint.adapters.blobs.local import LocalBlobs
from remint.adapters.catalog.engine import SqlCatalog
from remint.core.digest import digest_bytes
from remint.core.entry import Entry
from remint.core.ids import PrincipalId
from remint.core.log import first_bad
from remint.errors import Unavailable

ANA = PrincipalId("ana")
LARGE = random.Random(0).randbytes(2 << 20)
LIMIT = 1 << 20
SMALL_PACKS = Limits(pack_bytes=6_000_000, records=50, batch_bytes=200_000, spill_bytes=50_000)
KEEPING = {
    "put": lambda blobs, file: blobs.put(file.read_bytes()),
    "put_file": lambda blobs, file: blobs.put_file(file),
    "put_files": lambda blobs, file: list(blobs.put_files([str(file)])),
    "put_file-whole": lambda blobs, file: blobs.put_file(file, whole=True),
    "take": lambda blobs, file: blobs.take(file),
    "take-whole": lambda blobs, file: blobs.take(file, whole=True),
}
WAYS = pytest.mark.parametrize("way", KEEPING)


@contextlib.contextmanager
def files_no_larger_than(size_bytes):
    """Let no file of this process grow beyond a size: writing then fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def fill(ballast, *, leave=0):
    """Make a disk full but for some bytes."""
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    os.truncate(ballast, ballast.stat().st_size - leave)
    return ballast


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
    return [path for path in root.rglob("*") if path.is_file() and path.name not in {"fence", "sweep"}]


def require_nothing_but_whole_records(root):
    """Require that a store does not hold LARGE, and that all it holds is complete."""
    blobs = LocalBlobs(root)
    assert not blobs.has(digest_bytes(LARGE))
    assert [digest_bytes(blobs.get(digest)) == digest for digest in blobs.digests()].count(False) == 0
    assert [path for path in left_in(root) if path.parent.name in {"incoming", "objects"} or path.suffix == ".pack"] == []
    assert all(scan(path) == path.stat().st_size for path in left_in(root) if path.suffix == ".open")


def scan(path):
    with path.open("rb") as file:
        return pack.scan(file.fileno(), len(pack.FILE_HEADER), path.stat().st_size).end


@pytest.mark.parametrize("way", sorted(KEEPING.keys() - {"take-whole"}))
@pytest.mark.parametrize("limits", [Limits(), SMALL_PACKS], ids=["one-pack", "small-packs"])
def test_a_file_too_large_for_the_disk_is_kept_not_at_all(tmp_path, file, way, limits):
    blobs = LocalBlobs(tmp_path / "store", limits=limits)
    with files_no_larger_than(limits.pack_bytes // 64), pytest.raises(Unavailable, match="nothing was written"):
        KEEPING[way](blobs, file)
    require_nothing_but_whole_records(tmp_path / "store")
    assert file.read_bytes() == LARGE


def test_there_is_room_again_and_the_same_call_succeeds(tmp_path):
    blobs = LocalBlobs(tmp_path / "store")
    with files_no_larger_than(LIMIT), pytest.raises(Unavailable):
        blobs.put(LARGE)
    assert blobs.get(blobs.put(LARGE)) == LARGE


@WAYS
def test_a_full_disk_keeps_no_half_of_it_and_says_so(disk, file, way):
    blobs = LocalBlobs(disk / "store")
    with pytest.raises(Unavailable, match="the disk is full"):
        KEEPING[way](blobs, file)
    require_nothing_but_whole_records(disk / "store")
    assert file.read_bytes() == LARGE


@pytest.mark.parametrize("way", ["put", "put_files", "take"])
def test_a_small_file_on_a_full_disk_leaves_no_file(disk, file, way):
    file.write_bytes(LARGE[:11_000])
    (disk / "store" / "packs").mkdir(parents=True)
    fill(disk / "ballast", leave=8192)
    with pytest.raises(Unavailable, match="the disk is full"):
        KEEPING[way](LocalBlobs(disk / "store"), file)
    assert left_in(disk / "store") == []


def test_a_pack_that_cannot_be_sealed_stays_open_and_goes_on_once_there_is_room(disk):
    blobs = LocalBlobs(disk / "store", limits=Limits(records=300))
    put = [blobs.put(b"%d" % n) for n in range(300)]
    ballast = fill(disk / "ballast")
    with pytest.raises(Unavailable, match="the disk is full"):
        blobs.put(b"one more")
    assert {blobs.get(digest) for digest in put} == {b"%d" % n for n in range(300)}
    ballast.unlink()
    blobs.put(b"one more")
    assert len(list((disk / "store" / "packs").glob("*.pack"))) == 1
    assert set(LocalBlobs(disk / "store").digests()) == {*put, digest_bytes(b"one more")}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_dropped_iterator_that_could_not_write_its_last_file_fails_the_next_flush(disk, file):
    blobs = LocalBlobs(disk / "store")
    file.write_bytes(LARGE[:100_000])
    fill(disk / "ballast", leave=50_000)
    next(blobs.put_files([str(file)]))
    with pytest.raises(Unavailable, match="some files were not written"):
        blobs.flush()
    blobs.flush()


def test_a_disk_that_fails_to_sync_is_never_said_to_have_synced_later(tmp_path, monkeypatch):
    blobs = LocalBlobs(tmp_path / "store")
    blobs.put(b"a")

    real, fails = os.fdatasync, [True]

    def sync(handle):
        real(handle)
        if fails:
            fails.clear()
            raise OSError(errno.EIO, "the disk failed")

    monkeypatch.setattr(os, "fdatasync", sync)
    with pytest.raises(Unavailable, match="the disk failed"):
        blobs.flush()
    with pytest.raises(Unavailable, match="the disk failed"):
        blobs.flush()


def test_a_file_for_which_there_is_no_room_is_not_written(disk, tmp_path):
    blobs = LocalBlobs(tmp_path / "store")
    large, small = blobs.put(LARGE), blobs.put(b"small")
    with pytest.raises(Unavailable, match="the disk is full"):
        blobs.write_files([(small.raw, f"{disk}/small"), (large.raw, f"{disk}/large")])
    assert [path.name for path in left_in(disk)] == ["small"]


def test_a_path_is_made_beside_a_store_that_has_no_room(disk):
    blobs = LocalBlobs(disk / "store")
    digest = blobs.put(LARGE[: 600 << 10])
    path = blobs.path(digest)
    assert path.read_bytes() == LARGE[: 600 << 10]
    assert disk not in path.parents
    assert blobs.path(digest) == path


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
    digest = LocalBlobs(disk / "store").put(b"kept")
    assert mount("-o", "remount,ro", str(disk))
    blobs = LocalBlobs(disk / "store")
    with pytest.raises(Unavailable, match="the disk is read-only"):
        blobs.put(b"new")
    assert blobs.get(digest) == blobs.path(digest).read_bytes() == b"kept"
    assert mount("-o", "remount,rw", str(disk))


@pytest.mark.parametrize("whole", [True, False])
def test_a_file_of_a_read_only_store_is_not_taken(disk, file, whole):
    file.write_bytes(b"small")
    LocalBlobs(disk / "store").put(b"kept")
    assert mount("-o", "remount,ro", str(disk))
    with pytest.raises(Unavailable):
        LocalBlobs(disk / "store").take(file, whole=whole)
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
