"""Reading many blobs at once: the same bytes as one by one, in the order asked for."""

import os
import random

import pytest

from remint.adapters.blobs.appending import Limits
from remint.adapters.blobs.local import LocalBlobs
from remint.adapters.blobs.sampling import unfold
from remint.core.digest import digest_bytes
from remint.errors import BlobAltered, BlobMissing
from tests.support.projects import alter

LARGE = 5 << 20


@pytest.fixture
def contents():
    draw = random.Random(3)
    return [draw.randbytes(size) for size in (0, 1, 9_000, 127 << 10, 129 << 10, LARGE, *range(100, 400))]


@pytest.fixture
def store(tmp_path, contents):
    """A store with small and large blobs in many packs, and one whole file."""
    made = LocalBlobs(tmp_path / "store", limits=Limits(pack_bytes=1 << 20))
    for content in contents:
        made.put(content)
    whole = tmp_path / "whole"
    whole.write_bytes(b"whole" * 9)
    made.put_file(whole, whole=True)
    made.flush()
    return made


def raw(content):
    return digest_bytes(content).raw


def test_many_are_read_in_the_order_asked_for(store, contents):
    wanted = [*contents, b"whole" * 9, contents[2], contents[5]]
    random.Random(1).shuffle(wanted)
    assert store.get_many([raw(content) for content in wanted]) == wanted


def test_what_is_not_here_is_none(store, contents):
    assert store.get_many([raw(b"nowhere"), raw(contents[3]), raw(b"gone")]) == [None, contents[3], None]


def test_what_another_process_added_is_found(store, tmp_path):
    assert store.get_many([raw(b"later")]) == [None]
    LocalBlobs(tmp_path / "store").put(b"later")
    assert store.get_many([raw(b"later")]) == [b"later"]


def test_altered_bytes_are_never_handed_out(store, contents, tmp_path):
    packs = sorted((tmp_path / "store" / "packs").iterdir())
    place = next(path for path in packs if contents[2] in path.read_bytes())
    alter(place, place.read_bytes().index(contents[2]) + 5)
    with pytest.raises(BlobAltered):
        LocalBlobs(tmp_path / "store").get_many([raw(contents[2])])


def test_a_large_blob_of_which_a_part_is_gone_is_not_here(store, contents, tmp_path):
    """As after a lazy pull that was killed."""
    other = LocalBlobs(tmp_path / "other")
    records = records_of(store)
    with other.adding():
        other.exchange().receive_records("of a test", [(raw(contents[5]), records[raw(contents[5])])])
    assert other.get_many([raw(contents[5])]) == [None]


def test_a_forked_process_reads_on(store, contents):
    store.get_many([raw(contents[2])])
    child = os.fork()
    if child == 0:
        os._exit(0 if store.get_many([raw(contents[5])]) == [contents[5]] else 1)
    assert os.waitpid(child, 0)[1] == 0


def records_of(store):
    return {digest: store._packs.read(location) for digest, location in store._packs.all_entries()}


def test_records_from_elsewhere_are_unfolded(store, contents):
    records = records_of(store)

    def fetch(raws):
        return {one: records[one] for one in raws}

    for content in (contents[0], contents[2], contents[4], contents[5]):
        assert unfold(raw(content), records[raw(content)], fetch) == content


@pytest.mark.parametrize("at", [3, 40, 60, 70])
def test_a_record_from_elsewhere_that_was_altered_is_refused(store, contents, at):
    records = records_of(store)
    record = bytearray(records[raw(contents[5])])
    record[at] ^= 1
    with pytest.raises(BlobAltered):
        unfold(raw(contents[5]), bytes(record), lambda raws: {one: records[one] for one in raws})


def test_a_part_from_elsewhere_that_was_altered_is_refused(store, contents):
    records = records_of(store)

    def fetch(raws):
        return {one: records[one][:-1] + bytes([records[one][-1] ^ 1]) for one in raws}

    with pytest.raises(BlobAltered):
        unfold(raw(contents[5]), records[raw(contents[5])], fetch)


def test_what_is_missing_elsewhere_is_said(store, contents):
    def fetch(raws):
        raise BlobMissing("a part", why="gone", next_step="push it", digest=digest_bytes(b""))

    with pytest.raises(BlobMissing):
        unfold(raw(contents[5]), records_of(store)[raw(contents[5])], fetch)
