"""What every remote promises (remint.ports.remotes.Remote)."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from remint.adapters.remotes import object_store

CONTENT = random.Random(0).randbytes(300_000)
NAME = "packs/one.pack"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def empty(tmp_path):
    path = tmp_path / "empty"
    path.touch()
    return path


def nothing(_count):
    pass


@pytest.mark.parametrize("content", [b"", b"1", CONTENT], ids=len)
def test_what_is_put_is_got(remote, content):
    assert remote.put(NAME, content)
    assert remote.get(NAME)[0] == content


def test_a_file_is_never_put_over_another(remote):
    remote.put(NAME, b"first")
    assert not remote.put(NAME, b"second")
    assert remote.get(NAME)[0] == b"first"


def test_what_is_not_there_is_none(remote, empty):
    assert remote.get(NAME) is None
    assert remote.ranges(NAME, [(0, 1)]) is None
    assert not remote.download(NAME, empty, nothing)
    assert remote.names("packs/") == {}


def test_names_are_those_below_a_folder_with_their_sizes(remote):
    for name in ("packs/a.pack", "packs/b.pack", "objects/00/11", "packsother/c"):
        remote.put(name, name.encode())
    assert remote.names("packs/") == {"packs/a.pack": 12, "packs/b.pack": 12}
    assert set(remote.names("objects/")) == {"objects/00/11"}


def test_many_names_come_all(remote):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: remote.put(f"index/{number}", b"x"), range(1_100)))
    assert len(remote.names("index/")) == 1_100


def test_ranges_are_pieces_of_a_file_in_the_order_asked(remote):
    remote.put(NAME, CONTENT)
    places = [(0, 10), (200_000, 200_100), (5, 7), (299_990, 300_000)]
    assert remote.ranges(NAME, places) == [CONTENT[begin:end] for begin, end in places]


def test_a_range_beyond_the_end_is_shorter(remote):
    remote.put(NAME, CONTENT)
    assert remote.ranges(NAME, [(299_990, 300_010)]) == [CONTENT[-10:]]


def test_a_file_is_uploaded_and_downloaded_and_every_byte_is_counted(remote, file, empty):
    counted = []
    remote.upload(NAME, file, counted.append)
    assert remote.download(NAME, empty, counted.append)
    assert empty.read_bytes() == CONTENT
    assert sum(counted) == 2 * len(CONTENT)


def test_a_large_file_is_uploaded_in_parts(remote, tmp_path, empty, monkeypatch):
    monkeypatch.setattr(object_store, "WHOLE_BYTES", 1 << 20)
    monkeypatch.setattr(object_store, "PART_BYTES", 5 << 20)
    large = tmp_path / "large"
    large.write_bytes(random.Random(1).randbytes(11 << 20))
    remote.upload(NAME, large, nothing)
    remote.download(NAME, empty, nothing)
    assert empty.read_bytes() == large.read_bytes()


def test_an_empty_file_is_uploaded(remote, tmp_path, empty):
    remote.upload(NAME, empty, nothing)
    assert remote.get(NAME)[0] == b""


def test_uploading_again_changes_nothing(remote, file):
    remote.upload(NAME, file, nothing)
    remote.upload(NAME, file, nothing)
    assert remote.get(NAME)[0] == CONTENT


def test_a_swap_writes_only_what_still_has_the_tag(remote):
    assert remote.swap(NAME, b"one", None)
    assert not remote.swap(NAME, b"other", None)
    tag = remote.get(NAME)[1]
    assert remote.swap(NAME, b"two", tag)
    assert not remote.swap(NAME, b"three", tag)
    assert remote.get(NAME)[0] == b"two"


def test_a_swap_of_what_is_gone_writes_nothing(remote):
    remote.swap("refs/other", b"one", None)
    tag = remote.get("refs/other")[1]
    assert not remote.swap(NAME, b"two", tag)
    assert remote.get(NAME) is None


@pytest.mark.parametrize("is_new", [True, False])
def test_of_many_swaps_at_once_one_wins(remote, is_new):
    if not is_new:
        remote.swap(NAME, b"before", None)
    tag = None if is_new else remote.get(NAME)[1]
    together = threading.Barrier(8)

    def swap(number):
        together.wait()
        return remote.swap(NAME, str(number).encode(), tag)

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(swap, range(8)))
    assert sum(won) == 1
    assert remote.get(NAME)[0] == str(won.index(True)).encode()
