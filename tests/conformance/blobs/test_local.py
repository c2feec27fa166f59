"""What the local store promises beyond the port: what is where on the disk, how often it syncs, and its repairs."""

import os
import random
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from remint.adapters.blobs import extracted
from remint.adapters.blobs.appending import Limits
from remint.adapters.blobs.incoming import LEFT_BEHIND_S
from remint.adapters.blobs.local import LocalBlobs
from remint.core.digest import digest_bytes
from remint.errors import BlobMissing

CONTENT = b"content"
DIGEST = digest_bytes(CONTENT)
SMALL_PACKS = Limits(pack_bytes=20_000, records=50, batch_bytes=10_000, spill_bytes=3_000)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def blobs(root):
    return LocalBlobs(root)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    return path


def object_of(root, digest):
    return root / "objects" / digest.hex[:2] / digest.hex[2:]


def files_under(root):
    return sorted(
        str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() and path.name not in {"fence", "sweep"}
    )


def packs_of(root, ending):
    return sorted((root / "packs").glob(f"*{ending}"))


def random_files(folder, count, size=2_000):
    folder.mkdir()
    source = random.Random(count)
    paths = [folder / f"{n:05}" for n in range(count)]
    for path in paths:
        path.write_bytes(source.randbytes(size))
    return [str(path) for path in paths]


def calls_of(monkeypatch, *names):
    """Return a list that grows by the name of each of these calls."""
    made = []

    def recorded(name, real):
        def call(*arguments):
            made.append(name)
            return real(*arguments)

        return call

    for name in names:
        monkeypatch.setattr(os, name, recorded(name, getattr(os, name)))
    return made


def test_a_whole_file_is_one_read_only_object_named_by_its_digest(blobs, root, file):
    blobs.put_file(file, whole=True)
    place = object_of(root, DIGEST)
    assert place.read_bytes() == CONTENT
    assert stat.S_IMODE(place.stat().st_mode) == 0o444
    assert blobs.path(DIGEST) == place


def test_ten_thousand_small_blobs_are_a_handful_of_files(blobs, root):
    put = {blobs.put(b"%d" % n) for n in range(10_000)}
    blobs.flush()
    assert len(files_under(root)) == 3
    assert set(LocalBlobs(root).digests()) == put


def test_a_step_that_keeps_three_blobs_syncs_once(blobs, monkeypatch):
    blobs.put(b"first of this process")
    blobs.flush()
    made = calls_of(monkeypatch, "fsync", "fdatasync")
    for content in (b"a", b"b", b"c"):
        blobs.put(content)
    blobs.flush()
    blobs.flush()
    assert made == ["fdatasync"]


def test_what_another_process_has_not_synced_is_synced_by_who_relies_on_it(root, monkeypatch):
    first, second = LocalBlobs(root), LocalBlobs(root)
    first.put(CONTENT)
    made = calls_of(monkeypatch, "fsync", "fdatasync")
    second.put(CONTENT)
    second.flush()
    assert made.count("fdatasync") == 1
    assert made.count("fsync") >= 1
    assert len(packs_of(root, ".open")) == 1


def test_bytes_that_are_here_are_not_written_again(blobs, root, tmp_path):
    paths = random_files(tmp_path / "files", 30)
    list(blobs.put_files(paths))
    blobs.put(CONTENT)
    before = [(path, path.stat().st_size) for path in packs_of(root, ".open")]
    blobs.put(CONTENT)
    list(blobs.put_files(paths))
    list(LocalBlobs(root).put_files(paths))
    assert [(path, path.stat().st_size) for path in packs_of(root, ".open")] == before


def test_a_full_pack_is_sealed_read_only_and_named_by_its_index(root):
    blobs = LocalBlobs(root, limits=SMALL_PACKS)
    put = {blobs.put(b"%d" % n) for n in range(101)}
    sealed = packs_of(root, ".pack")
    assert len(sealed) == 2
    assert {stat.S_IMODE(path.stat().st_mode) for path in sealed} == {0o444}
    assert set(LocalBlobs(root).digests()) == put


def test_much_at_once_goes_to_packs_of_its_own_and_little_to_the_open_one(root, tmp_path):
    blobs = LocalBlobs(root, limits=SMALL_PACKS)
    paths = random_files(tmp_path / "files", 40)
    list(blobs.put_files(paths[:3]))
    assert (len(packs_of(root, ".pack")), len(packs_of(root, ".open"))) == (0, 1)
    list(blobs.put_files(paths))
    assert (len(packs_of(root, ".pack")), len(packs_of(root, ".open"))) == (4, 1)
    assert files_under(root / "incoming") == []


def test_many_sealed_packs_get_a_merged_index_and_it_may_be_deleted(root, tmp_path):
    blobs = LocalBlobs(root, limits=SMALL_PACKS)
    paths = random_files(tmp_path / "files", 200)
    put = [raw for raw, _ in blobs.put_files(paths)]
    assert len(packs_of(root, ".pack")) > 10
    merged = list((root / "index").glob("*.idx"))
    assert merged
    (tmp_path / "out").mkdir()
    assert LocalBlobs(root).write_files((raw, f"{tmp_path}/out/{n}") for n, raw in enumerate(put)) == 200
    for path in merged:
        path.unlink()
    assert [LocalBlobs(root).has(digest_bytes(Path(path).read_bytes())) for path in paths] == [True] * 200


def test_merged_indexes_stay_few_as_packs_grow_many(root, tmp_path):
    blobs = LocalBlobs(root, limits=Limits(pack_bytes=400, records=50, batch_bytes=300, spill_bytes=300))
    paths = random_files(tmp_path / "files", 400, size=300)
    list(blobs.put_files(paths))
    assert len(packs_of(root, ".pack")) == 200
    assert len(list((root / "index").glob("*.idx"))) < 8


def test_a_large_file_is_cut_and_a_small_change_stores_little(blobs, root, tmp_path):
    content = random.Random(1).randbytes(16 << 20)
    path = tmp_path / "large"
    path.write_bytes(content)
    blobs.put_file(path)
    before = sum(pack.stat().st_size for pack in (root / "packs").iterdir())
    changed = content[: 8 << 20] + b"inserted" + content[8 << 20 :]
    path.write_bytes(changed)
    digest, size = blobs.put_file(path)
    grown = sum(pack.stat().st_size for pack in (root / "packs").iterdir()) - before
    assert grown < 600_000
    assert (blobs.get(digest), size) == (changed, len(changed))


def test_a_chunker_in_pure_python_cuts_where_the_compiled_one_does():
    from pyfastcdc.cy import FastCDC as Compiled
    from pyfastcdc.py import FastCDC as Plain

    content = random.Random(2).randbytes(1_500_000)
    sizes = {"min_size": 16 << 10, "max_size": 256 << 10}
    cuts = [[chunk.length for chunk in kind(64 << 10, **sizes).cut_buf(content)] for kind in (Compiled, Plain)]
    assert cuts[0] == cuts[1]
    assert cuts[0][:4] == [81516, 88208, 81059, 71188]


def test_a_taken_file_is_moved_and_not_copied(blobs, root, file):
    inode = file.stat().st_ino
    blobs.take(file, whole=True)
    assert object_of(root, DIGEST).stat().st_ino == inode


def test_a_file_of_another_disk_is_taken_by_copying(blobs, tmp_path):
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("never: this machine shows no second disk")
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        file = Path(folder) / "file"
        file.write_bytes(CONTENT)
        assert blobs.take(file, whole=True) == (DIGEST, len(CONTENT))
        assert not file.exists()
    assert blobs.get(DIGEST) == CONTENT


def test_two_stores_over_one_folder_see_the_same(blobs, root):
    other = LocalBlobs(root)
    assert not other.has(DIGEST)
    blobs.put(CONTENT)
    assert other.get(DIGEST) == CONTENT
    later = other.put(b"later")
    assert blobs.get(later) == b"later"


def test_a_store_of_whole_objects_only_is_read_and_goes_on(root, file):
    place = object_of(root, DIGEST)
    place.parent.mkdir(parents=True)
    place.write_bytes(CONTENT)
    blobs = LocalBlobs(root)
    assert (blobs.get(DIGEST), blobs.path(DIGEST), blobs.size(DIGEST)) == (CONTENT, place, len(CONTENT))
    assert list(blobs.digests()) == [DIGEST]
    new = blobs.put(b"new")
    assert set(LocalBlobs(root).digests()) == {DIGEST, new}


def test_strange_files_beside_the_objects_and_packs_are_no_digests(blobs, root, file):
    blobs.put_file(file, whole=True)
    blobs.put(CONTENT)
    (root / "objects" / "aa").mkdir(exist_ok=True)
    (root / "objects" / "aa" / "notes.txt").write_text("mine")
    (root / "objects" / "aa" / ("z" * 62)).write_text("mine")
    (root / "packs" / "notes.txt").write_text("mine")
    (root / "packs" / "mine.pack").write_text("mine")
    assert list(blobs.digests()) == [DIGEST]
    assert LocalBlobs(root).get(DIGEST) == CONTENT


def test_flushing_an_object_that_someone_deleted_says_so(blobs, root, file):
    blobs.put_file(file, whole=True)
    object_of(root, DIGEST).unlink()
    with pytest.raises(BlobMissing):
        blobs.flush()


def test_a_flush_that_failed_has_flushed_nothing_for_good(blobs, root, file):
    blobs.put_file(file, whole=True)
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


def test_an_open_pack_is_continued_by_the_next_process_and_not_by_another_writer(root):
    first, second = LocalBlobs(root), LocalBlobs(root)
    first.put(b"1")
    second.put(b"2")
    assert len(packs_of(root, ".open")) == 2
    del first, second
    LocalBlobs(root).put(b"3")
    assert len(packs_of(root, ".open")) == 2


def test_a_forked_child_neither_holds_nor_writes_its_parents_pack(blobs, root, tmp_path):
    blobs.put(b"parents")
    child = os.fork()
    if child == 0:
        blobs.put(b"childs")
        blobs.flush()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(packs_of(root, ".open")) == 2
    blobs.put(b"more of the parents")
    assert {blobs.get(digest) for digest in LocalBlobs(root).digests()} == {b"parents", b"childs", b"more of the parents"}


def test_a_child_that_lives_on_does_not_keep_its_parents_pack_locked(root, tmp_path):
    program = "import os,sys,time; from pathlib import Path; from remint.adapters.blobs.local import LocalBlobs\n"
    program += "blobs = LocalBlobs(Path(sys.argv[1])); blobs.put(b'1')\n"
    program += "if os.fork() == 0: print(os.getpid(), flush=True); time.sleep(60)\nos._exit(0)"
    source = str(Path(__file__).parents[3] / "src")
    command = [sys.executable, "-c", program, str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": source}) as parent:
        child = int(parent.stdout.readline())
    LocalBlobs(root).put(b"2")
    os.kill(child, 9)
    assert len(packs_of(root, ".open")) == 1


def test_files_being_put_when_a_process_forks_are_written_by_the_parent_only(root, tmp_path):
    blobs = LocalBlobs(root, limits=SMALL_PACKS)
    paths = random_files(tmp_path / "files", 30)
    files = blobs.put_files(paths)
    first = [next(files) for _ in range(9)]
    child = os.fork()
    if child == 0:
        files.close()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    put = [raw for raw, _ in [*first, *files]]
    assert [LocalBlobs(root).get(digest_bytes(Path(path).read_bytes())) for path in paths] == [
        Path(p).read_bytes() for p in paths
    ]
    assert len(put) == 30


def test_a_path_of_a_packed_blob_is_extracted_once_and_verified_again(blobs, root):
    blobs.put(CONTENT)
    place = blobs.path(DIGEST)
    assert place == root / "extracted" / DIGEST.hex
    inode = place.stat().st_ino
    assert LocalBlobs(root).path(DIGEST).stat().st_ino == inode
    place.chmod(0o644)
    place.write_bytes(b"altered")
    assert blobs.path(DIGEST).read_bytes() == CONTENT


def test_extracted_files_unused_for_long_are_removed_and_others_stay(blobs, root):
    ages_s = {b"new": 0, b"good": extracted.GOOD_FOR_S - 60, b"unused": extracted.UNUSED_S + 60}
    for content, age_s in ages_s.items():
        path = blobs.path(blobs.put(content))
        os.utime(path, (time.time() - age_s,) * 2)
    blobs = LocalBlobs(root)
    blobs.path(blobs.put(b"last"))
    left = {path.read_bytes() for path in (root / "extracted").iterdir() if path.name != "lock"}
    assert left == {b"new", b"good", b"last"}


def test_beyond_its_size_the_cache_drops_what_is_no_longer_good_the_oldest_first(root, tmp_path):
    blobs = LocalBlobs(root)
    cache = extracted.Extracted(root, blobs._incoming, blobs._reader, kept_bytes=1500)
    hours = [1, 30, 40, 50]
    for hour in hours:
        path = blobs.path(blobs.put(b"%d" % hour * 300))
        os.utime(path, (time.time() - 3600 * hour,) * 2)
    cache.path(blobs.put(b"last"))
    left = {path.read_bytes()[:2] for path in (root / "extracted").iterdir() if path.name != "lock"}
    assert left == {b"11", b"30", b"la"}


def test_a_lookup_loads_no_chunker_and_no_numpy(root):
    LocalBlobs(root).put(CONTENT)
    program = "import sys; from pathlib import Path; from remint.adapters.blobs.local import LocalBlobs\n"
    program += "blobs = LocalBlobs(Path(sys.argv[1])); blobs.put(b'x'); blobs.flush(); blobs.get(next(blobs.digests()))\n"
    program += "print(sorted({'numpy', 'pyfastcdc'} & set(sys.modules)))"
    source = str(Path(__file__).parents[3] / "src")
    command = [sys.executable, "-c", program, str(root)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": source})
    assert done.stdout == "[]\n"
