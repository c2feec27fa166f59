"""What every remote promises (remint.ports.remotes.Remote)."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from remint.adapters.remotes import object_store
from remint.core.digest import raw_digest
from remint.core.remote import index_name

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


def test_what_is_deleted_is_gone_and_the_rest_stays(remote):
    for name in (NAME, "packs/two.pack", "refs/main/data/set.json"):
        remote.put(name, b"content")
    remote.delete([NAME, "refs/main/data/set.json"])
    assert remote.get(NAME) is None
    assert remote.get("refs/main/data/set.json") is None
    assert set(remote.names("packs/")) == {"packs/two.pack"}


def test_deleting_what_is_not_there_is_no_matter(remote):
    remote.put(NAME, b"content")
    remote.delete([])
    remote.delete(["packs/never", "nowhere/never", NAME, "packs/neither"])
    remote.delete([NAME])
    assert remote.names("packs/") == {}


def test_a_deleted_name_can_be_used_again(remote):
    remote.put(NAME, b"first")
    remote.delete([NAME])
    assert remote.put(NAME, b"second")
    assert remote.get(NAME)[0] == b"second"


def test_more_than_a_thousand_files_are_deleted_at_once(remote):
    names = [f"index/{number}" for number in range(1_100)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: remote.put(name, b"x"), names))
    remote.delete(names)
    assert remote.names("index/") == {}


def test_a_deleted_index_is_not_known_any_more(remote):
    index = b"payload of an index"
    name = index_name(raw_digest(index).hex())
    remote.put(name, index)
    remote.get(name)
    remote.delete([name])
    assert remote.get(name) is None


def test_names_can_be_listed_while_others_delete(remote):
    remote.put("pushing/kept", b"x")
    with ThreadPoolExecutor(1) as pool:
        deleting = pool.submit(lambda: [(remote.put("pushing/one", b"x"), remote.delete(["pushing/one"])) for _ in range(100)])
        seen = []
        while not deleting.done():
            seen.append("pushing/kept" in remote.names("pushing/"))
        deleting.result()
    assert seen
    assert all(seen)
