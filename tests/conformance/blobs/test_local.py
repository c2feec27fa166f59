"""What the local store promises beyond the port: its layout on disk and its repairs."""

import os
import stat
import tempfile
from pathlib import Path

import pytest

from remint.adapters.blobs.local import LEFT_BEHIND_S, LocalBlobs
from remint.core.digest import digest_bytes
from remint.errors import BlobMissing

CONTENT = b"content"
DIGEST = digest_bytes(CONTENT)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def blobs(root):
    return LocalBlobs(root)


def object_of(root, digest):
    return root / "objects" / digest.hex[:2] / digest.hex[2:]


def files_under(root):
    return sorted(path for path in root.rglob("*") if path.is_file())


def test_an_object_is_one_whole_read_only_file_named_by_its_digest(blobs, root):
    blobs.put(CONTENT)
    place = object_of(root, DIGEST)
    assert place.read_bytes() == CONTENT
    assert stat.S_IMODE(place.stat().st_mode) == 0o444


def test_nothing_but_objects_is_left_behind(blobs, root, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"other")
    put = [blobs.put(CONTENT), blobs.put(CONTENT), blobs.put_file(file)[0], blobs.put_file(file)[0], blobs.take(file)[0]]
    assert files_under(root) == sorted({object_of(root, digest) for digest in put})


def test_a_taken_file_is_moved_and_not_copied(blobs, root, tmp_path):
    file = tmp_path / "file"
    file.write_bytes(CONTENT)
    inode = file.stat().st_ino
    blobs.take(file)
    assert object_of(root, DIGEST).stat().st_ino == inode


def test_a_file_of_another_disk_is_taken_by_copying(blobs, tmp_path):
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("never: this machine shows no second disk")
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        file = Path(folder) / "file"
        file.write_bytes(CONTENT)
        assert blobs.take(file) == (DIGEST, len(CONTENT))
        assert not file.exists()
    assert blobs.get(DIGEST) == CONTENT


def test_two_stores_over_one_folder_see_the_same(blobs, root):
    blobs.put(CONTENT)
    assert LocalBlobs(root).get(DIGEST) == CONTENT


def test_strange_files_beside_the_objects_are_no_digests(blobs, root):
    blobs.put(CONTENT)
    (root / "objects" / "aa").mkdir(exist_ok=True)
    (root / "objects" / "aa" / "notes.txt").write_text("mine")
    (root / "objects" / "aa" / ("z" * 62)).write_text("mine")
    assert list(blobs.digests()) == [DIGEST]


def test_flushing_an_object_that_someone_deleted_says_so(blobs, root):
    blobs.put(CONTENT)
    object_of(root, DIGEST).unlink()
    with pytest.raises(BlobMissing):
        blobs.flush()


def test_a_flush_that_failed_has_flushed_nothing_for_good(blobs, root):
    blobs.put(CONTENT)
    hidden = object_of(root, DIGEST).rename(root / "hidden")
    with pytest.raises(BlobMissing):
        blobs.flush()
    with pytest.raises(BlobMissing):
        blobs.flush()
    hidden.rename(object_of(root, DIGEST))
    blobs.flush()


def test_what_a_killed_writer_left_is_removed_a_day_later(blobs, root):
    blobs.put(b"first")
    old, young = root / "incoming" / "old", root / "incoming" / "young"
    old.write_bytes(b"half")
    young.write_bytes(b"half")
    long_ago = old.stat().st_mtime - LEFT_BEHIND_S - 1
    os.utime(old, (long_ago, long_ago))
    LocalBlobs(root).put(b"second")
    assert (old.exists(), young.exists()) == (False, True)
