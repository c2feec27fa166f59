"""What every store of bytes promises of many files at once (remint.ports.blobs)."""

import os
import random
import threading
from pathlib import Path

import pytest

from remint.adapters.blobs.chunks import CUT_FROM
from remint.core.digest import digest_bytes, from_raw, raw_digest
from remint.errors import BlobMissing, Conflict, Invalid

SIZES = [0, 1, 300, 10_240, CUT_FROM - 1, CUT_FROM, 700_000]
HARD = ["\u202e.txt", "a\nb", "\x1b[2J"]


def bytes_of(size):
    return random.Random(size).randbytes(size)


@pytest.fixture
def folder(tmp_path):
    """A folder with a file of each size, named by it."""
    made = tmp_path / "folder"
    made.mkdir()
    for size in SIZES:
        (made / str(size)).write_bytes(bytes_of(size))
    return made


@pytest.fixture
def paths(folder):
    return [f"{folder}/{size}" for size in SIZES]


@pytest.fixture
def target(tmp_path):
    made = tmp_path / "target"
    made.mkdir()
    return made


def test_many_files_are_kept_in_order_and_their_stat_is_told(blobs, paths):
    put = list(blobs.put_files(paths))
    assert [raw for raw, _ in put] == [raw_digest(bytes_of(size)) for size in SIZES]
    assert [(found.st_size, found.st_ino) for _, found in put] == [
        (size, Path(path).stat().st_ino) for size, path in zip(SIZES, paths, strict=True)
    ]
    assert [blobs.get(from_raw(raw)) for raw, _ in put] == [bytes_of(size) for size in SIZES]


def test_no_files_are_no_blobs(blobs):
    assert list(blobs.put_files([])) == []
    assert blobs.write_files([]) == 0
    assert list(blobs.digests()) == []


def test_files_kept_twice_are_kept_once(blobs, paths):
    once = [raw for raw, _ in blobs.put_files(paths)]
    held = sorted(blobs.digests())
    assert [raw for raw, _ in blobs.put_files(paths * 2)] == once * 2
    assert sorted(blobs.digests()) == held


def test_what_was_yielded_before_the_iterator_was_closed_is_kept(blobs, paths):
    files = blobs.put_files(paths)
    raw, _ = next(files)
    files.close()
    assert blobs.get(from_raw(raw)) == bytes_of(SIZES[0])


@pytest.mark.parametrize("name", HARD)
def test_a_file_that_is_not_there_is_refused_and_its_name_escaped(blobs, folder, paths, name):
    with pytest.raises(Invalid) as refused:
        list(blobs.put_files([*paths, f"{folder}/{name}"]))
    assert str(refused.value).isprintable()
    assert str(refused.value).isascii()
    assert blobs.get(digest_bytes(bytes_of(300))) == bytes_of(300)


def test_a_folder_is_no_file(blobs, folder):
    with pytest.raises(Invalid, match="it is not a file"):
        list(blobs.put_files([str(folder)]))


def test_a_pipe_is_no_file_and_nobody_waits_for_it(blobs, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Invalid, match="it is not a file"):
        list(blobs.put_files([f"{tmp_path}/pipe"]))


def test_a_name_with_a_null_byte_is_refused(blobs):
    with pytest.raises(Invalid):
        list(blobs.put_files(["a\0b"]))


@pytest.mark.parametrize("size", [300, 700_000])
def test_a_file_that_changes_while_it_is_read_is_a_conflict(blobs, folder, size, monkeypatch):
    path, read = folder / str(size), os.read

    def read_and_change(handle, most):
        content = read(handle, most)
        if content and os.fstat(handle).st_ino == path.stat().st_ino:
            with path.open("ab") as file:
                file.write(b"more")
        return content

    monkeypatch.setattr(os, "read", read_and_change)
    files = blobs.put_files([f"{folder}/1", str(path)])
    first, _ = next(files)
    with pytest.raises(Conflict, match="changed while it was being added"):
        next(files)
    assert blobs.get(from_raw(first)) == bytes_of(1)


def test_a_file_rewritten_with_its_size_kept_is_a_conflict_too(blobs, folder, monkeypatch):
    path, read = folder / "300", os.read

    def read_and_rewrite(handle, most):
        content = read(handle, most)
        with path.open("r+b") as file:
            file.write(b"x")
        os.utime(path, ns=(1, 1))
        return content

    monkeypatch.setattr(os, "read", read_and_rewrite)
    with pytest.raises(Conflict):
        list(blobs.put_files([str(path)]))


def test_files_are_written_as_they_were_put(blobs, paths, target):
    put = [raw for raw, _ in blobs.put_files(paths)]
    wanted = [(raw, f"{target}/{n}") for n, raw in enumerate(put)]
    random.Random(0).shuffle(wanted)
    assert blobs.write_files(iter(wanted)) == len(SIZES)
    assert [(target / str(n)).read_bytes() for n in range(len(SIZES))] == [bytes_of(size) for size in SIZES]


def test_one_blob_is_written_to_many_files(blobs, target):
    raw = blobs.put(b"same").raw
    assert blobs.write_files((raw, f"{target}/{n}") for n in range(9)) == 9
    assert {path.read_bytes() for path in target.iterdir()} == {b"same"}


def test_a_whole_file_is_written_too(blobs, folder, target):
    digest, _ = blobs.put_file(folder / "700000", whole=True)
    blobs.write_files([(digest.raw, f"{target}/file")])
    assert (target / "file").read_bytes() == bytes_of(700_000)


@pytest.mark.parametrize("size", SIZES)
def test_what_is_at_a_path_already_is_left_as_it_is(blobs, target, size):
    (target / "mine").write_bytes(b"mine")
    with pytest.raises(Conflict, match="something is there already"):
        blobs.write_files([(blobs.put(bytes_of(size)).raw, f"{target}/mine")])
    assert (target / "mine").read_bytes() == b"mine"


def test_a_link_at_a_path_is_not_followed(blobs, target, tmp_path):
    (target / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Conflict):
        blobs.write_files([(blobs.put(b"x").raw, f"{target}/link")])
    assert not (tmp_path / "elsewhere").exists()


def test_a_blob_that_is_missing_leaves_no_file(blobs, target):
    with pytest.raises(BlobMissing):
        blobs.write_files([(raw_digest(b"never put"), f"{target}/file")])
    assert list(target.iterdir()) == []


def test_threads_may_put_and_write_files_at_once(blobs, tmp_path):
    def work(own):
        folder, out = tmp_path / f"in{own}", tmp_path / f"out{own}"
        folder.mkdir()
        out.mkdir()
        for n in range(60):
            (folder / str(n)).write_bytes(b"%d" % (n if n % 2 else 1000 * own + n))
        put = [raw for raw, _ in blobs.put_files(f"{folder}/{n}" for n in range(60))]
        blobs.flush()
        blobs.write_files((raw, f"{out}/{n}") for n, raw in enumerate(put))
        done.append([(folder / str(n)).read_bytes() == (out / str(n)).read_bytes() for n in range(60)])

    done = []
    threads = [threading.Thread(target=work, args=(own,)) for own in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [[True] * 60] * 4
