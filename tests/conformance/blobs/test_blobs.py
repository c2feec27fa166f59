"""What every store of bytes promises (remint.ports.blobs)."""

import os
import random
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remint.adapters.blobs.chunks import CUT_FROM
from remint.adapters.blobs.local import LocalBlobs
from remint.adapters.blobs.memory import MemoryBlobs
from remint.core.digest import digest_bytes
from remint.errors import BlobMissing

CONTENT = b"content"
DIGEST = digest_bytes(CONTENT)
ABSENT = digest_bytes(b"never put")
SIZES = [0, 1, 1 << 16, CUT_FROM - 1, CUT_FROM, (1 << 20) + 1]


def bytes_of(size):
    return random.Random(size).randbytes(size)


@pytest.mark.parametrize("size", SIZES)
def test_bytes_come_back_as_they_were_put(blobs, size):
    digest = blobs.put(bytes_of(size))
    assert digest == digest_bytes(bytes_of(size))
    assert blobs.get(digest) == bytes_of(size)


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_a_file_is_kept_under_the_digest_of_its_bytes(blobs, file, size, whole):
    file.write_bytes(bytes_of(size))
    assert blobs.put_file(file, whole=whole) == (digest_bytes(bytes_of(size)), size)
    assert blobs.get(digest_bytes(bytes_of(size))) == bytes_of(size)


def test_a_file_that_was_put_stays_where_it_was(blobs, file):
    blobs.put_file(file)
    assert file.read_bytes() == CONTENT


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_a_file_that_was_taken_is_kept_and_gone(blobs, file, size, whole):
    file.write_bytes(bytes_of(size))
    assert blobs.take(file, whole=whole) == (digest_bytes(bytes_of(size)), size)
    assert blobs.get(digest_bytes(bytes_of(size))) == bytes_of(size)
    assert not file.exists()


def test_a_file_of_known_bytes_is_taken_too(blobs, file):
    blobs.put(CONTENT)
    assert blobs.take(file) == (DIGEST, len(CONTENT))
    assert not file.exists()


@pytest.mark.parametrize("whole", [False, True])
def test_a_link_that_is_taken_leaves_what_it_points_to(blobs, file, whole):
    link = file.with_name("link")
    link.symlink_to(file)
    assert blobs.take(link, whole=whole) == (DIGEST, len(CONTENT))
    assert not link.is_symlink()
    file.write_bytes(b"later")
    assert blobs.get(DIGEST) == CONTENT


@pytest.mark.parametrize("whole", [False, True])
def test_writing_to_the_second_name_of_a_taken_file_changes_nothing_kept(blobs, file, whole):
    second = file.with_name("second")
    os.link(file, second)
    blobs.take(file, whole=whole)
    second.write_bytes(b"altered")
    assert blobs.get(DIGEST) == CONTENT


@pytest.mark.parametrize("way", ["put_file", "take"])
def test_a_file_that_is_not_there_is_an_error_and_keeps_nothing(blobs, tmp_path, way):
    with pytest.raises(FileNotFoundError):
        getattr(blobs, way)(tmp_path / "nothing")
    assert list(blobs.digests()) == []


def test_putting_again_keeps_one(blobs, file):
    assert blobs.put(CONTENT) == blobs.put(CONTENT) == blobs.put_file(file)[0]
    assert list(blobs.digests()) == [DIGEST]


def test_an_open_file_reads_and_seeks(blobs):
    with blobs.open(blobs.put(CONTENT)) as opened:
        assert opened.read(3) == b"con"
        opened.seek(-2, os.SEEK_END)
        assert opened.read() == b"nt"


def test_a_path_holds_exactly_the_bytes(blobs):
    assert blobs.path(blobs.put(CONTENT)).read_bytes() == CONTENT


@pytest.mark.parametrize("size", SIZES)
def test_a_path_holds_a_blob_of_any_size(blobs, size):
    assert blobs.path(blobs.put(bytes_of(size))).read_bytes() == bytes_of(size)


def test_a_path_may_be_asked_for_twice(blobs):
    digest = blobs.put(CONTENT)
    assert blobs.path(digest) == blobs.path(digest)


def test_a_path_is_not_for_writing(blobs):
    assert blobs.path(blobs.put(CONTENT)).stat().st_mode & 0o222 == 0


@pytest.mark.parametrize("way", ["get", "open", "path", "size"])
def test_bytes_that_were_never_put_are_missing(blobs, way):
    with pytest.raises(BlobMissing) as missing:
        getattr(blobs, way)(ABSENT)
    assert missing.value.facts == {"digest": ABSENT}


@pytest.mark.parametrize("size", SIZES)
def test_a_size_is_that_of_the_bytes(blobs, size):
    assert blobs.size(blobs.put(bytes_of(size))) == size


def test_a_size_of_a_whole_file_is_that_of_its_bytes(blobs, file):
    assert blobs.size(blobs.put_file(file, whole=True)[0]) == len(CONTENT)


def test_a_store_says_what_it_has(blobs):
    blobs.put(CONTENT)
    assert (blobs.has(DIGEST), blobs.has(ABSENT)) == (True, False)


def test_a_store_lists_every_digest(blobs):
    assert set(blobs.digests()) == set()
    put = {blobs.put(bytes([n])) for n in range(40)}
    assert sorted(blobs.digests()) == sorted(put)


def test_flushing_keeps_everything_and_may_be_repeated(blobs):
    blobs.flush()
    digest = blobs.put(CONTENT)
    blobs.flush()
    blobs.flush()
    assert blobs.get(digest) == CONTENT


def test_threads_may_put_and_flush_at_once(blobs):
    def work(own):
        for n in range(30):
            blobs.put(b"%d" % n)
            blobs.put(b"%d-%d" % (own, n))
            blobs.flush()

    threads = [threading.Thread(target=work, args=(own,)) for own in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(blobs.digests())) == 30 + 4 * 30


@given(contents=st.lists(st.binary(max_size=40), max_size=6))
@settings(max_examples=20)
@pytest.mark.parametrize("make", [lambda _: MemoryBlobs(), LocalBlobs], ids=["memory", "local"])
def test_a_store_holds_what_was_put_and_nothing_else(tmp_path_factory, make, contents):
    blobs = make(tmp_path_factory.mktemp("store"))
    for content in contents:
        blobs.put(content)
    assert {blobs.get(digest) for digest in blobs.digests()} == set(contents)
