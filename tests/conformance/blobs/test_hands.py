"""Processes that help with very many files: the same results and errors as without them."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from remint.adapters.blobs import hands, laying, local
from remint.adapters.blobs.appending import Limits
from remint.adapters.blobs.chunks import CUT_FROM
from remint.adapters.blobs.hands import Hand, Hands
from remint.adapters.blobs.local import LocalBlobs
from remint.core.digest import from_raw, raw_digest
from remint.errors import BlobAltered, Conflict, Invalid, Unavailable

SHARE = 8
LIMITS = Limits(pack_bytes=1 << 20, records=64, batch_bytes=1 << 16, spill_bytes=1 << 14)


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch):
    """Let processes help with a few files, in small shares, whatever processors there are."""
    for module in (local, laying):
        monkeypatch.setattr(module, "WORTH", 2 * SHARE)
    monkeypatch.setattr(local, "SHARE", SHARE)
    monkeypatch.setattr(laying, "_SHARE", SHARE)
    for module in (local, hands):
        monkeypatch.setattr(module, "at_hand", lambda: 2)


@pytest.fixture
def started(monkeypatch):
    """The processes that were started, in order."""
    found = []
    begin = Hand.__init__

    def note(self, *words):
        begin(self, *words)
        found.append(self)

    monkeypatch.setattr(Hand, "__init__", note)
    return found


@pytest.fixture
def root(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def blobs(root):
    return LocalBlobs(root, limits=LIMITS)


def contents(count=200):
    draw = random.Random(7)
    sizes = [0, 1, CUT_FROM - 1, CUT_FROM, 700_000, *(draw.randrange(9_000) for _ in range(count - 5))]
    found = [draw.randbytes(size) for size in sizes]
    draw.shuffle(found)
    return found


@pytest.fixture
def files(tmp_path):
    """Two hundred files, and what is in each."""
    folder = tmp_path / "files"
    folder.mkdir()
    made = {}
    for number, content in enumerate(contents()):
        place = folder / f"{number}\udcff\n" if number == 50 else folder / str(number)
        place.write_bytes(content)
        made[str(place)] = content
    return made


def target_of(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def test_files_are_kept_and_written_as_without_help(root, blobs, files, started, tmp_path):
    put = list(blobs.put_files(files))
    blobs.flush()
    assert [raw for raw, _ in put] == [raw_digest(content) for content in files.values()]
    for (_, told), path in zip(put, files, strict=True):
        stat = Path(path).stat()
        assert (told.st_size, told.st_mtime_ns, told.st_ctime_ns, told.st_ino) == (
            stat.st_size,
            stat.st_mtime_ns,
            stat.st_ctime_ns,
            stat.st_ino,
        )
    again = LocalBlobs(root)
    assert [again.get(from_raw(raw)) for raw, _ in put] == list(files.values())
    out = target_of(tmp_path)
    assert blobs.write_files((raw, f"{out}/{number}") for number, (raw, _) in enumerate(put)) == len(files)
    assert [(out / str(number)).read_bytes() for number in range(len(files))] == list(files.values())
    assert len(started) == 4
    assert all(hand._process.poll() is not None for hand in started)


def test_what_is_kept_is_kept_once_by_the_same_process(blobs, files):
    first = [raw for raw, _ in blobs.put_files(files)]
    held = sorted(blobs.digests())
    assert [raw for raw, _ in blobs.put_files([*files, *files])] == first * 2
    assert sorted(blobs.digests()) == held


def test_what_was_yielded_before_the_iterator_was_closed_is_kept(root, blobs, files):
    put = blobs.put_files(files)
    some = [next(put)[0] for _ in range(5 * SHARE)]
    put.close()
    blobs.flush()
    again = LocalBlobs(root)
    assert [again.get(from_raw(raw)) for raw in some] == list(files.values())[: len(some)]


@pytest.mark.parametrize("place", [0, 3 * SHARE, 199])
def test_a_file_that_is_not_there_is_refused_wherever_it_is(blobs, files, place):
    paths = list(files)
    Path(paths[place]).unlink()
    with pytest.raises(Invalid) as refused:
        list(blobs.put_files(paths))
    assert str(refused.value).isascii()
    assert "No such file" in refused.value.why


def test_a_process_that_is_killed_while_it_keeps_files_is_an_error_and_doing_it_again_works(blobs, files, started):
    put = blobs.put_files(files)
    next(put)
    os.kill(started[0].pid, signal.SIGKILL)
    with pytest.raises(Unavailable, match="ended from outside"):
        list(put)
    assert [raw for raw, _ in blobs.put_files(files)] == [raw_digest(content) for content in files.values()]


def test_a_path_that_is_taken_is_a_conflict_and_stays(blobs, files, tmp_path):
    put = [raw for raw, _ in blobs.put_files(files)]
    out = target_of(tmp_path)
    for number in range(0, 200, 10):
        (out / str(number)).write_text("mine")
    with pytest.raises(Conflict, match="something is there already"):
        blobs.write_files((raw, f"{out}/{number}") for number, raw in enumerate(put))
    assert [(out / str(number)).read_text() for number in range(0, 200, 10)] == ["mine"] * 20
    written = [place for place in out.iterdir() if int(place.name) % 10]
    assert all(place.read_bytes() == list(files.values())[int(place.name)] for place in written)


def test_a_damaged_record_is_found(root, blobs, files, tmp_path):
    put = list(blobs.put_files(files))
    blobs.flush()
    for pack in (root / "packs").iterdir():
        content = bytearray(pack.read_bytes())
        for raw, _ in put[20:40]:
            place = content.find(raw)
            if place > 0:
                content[place + 60] ^= 1
        pack.chmod(0o644)
        pack.write_bytes(content)
    out = target_of(tmp_path)
    with pytest.raises(BlobAltered):
        LocalBlobs(root).write_files((raw, f"{out}/{number}") for number, (raw, _) in enumerate(put))
    for found in out.iterdir():
        assert found.read_bytes() == list(files.values())[int(found.name)]


def test_a_folder_that_takes_no_files_is_an_error(blobs, files, tmp_path):
    put = [raw for raw, _ in blobs.put_files(files)]
    with pytest.raises(Unavailable, match="was not written"):
        blobs.write_files((raw, f"{tmp_path}/absent/{number}") for number, raw in enumerate(put))


def test_without_another_processor_nobody_helps(blobs, files, started, monkeypatch):
    monkeypatch.setattr(local, "at_hand", lambda: 0)
    assert [raw for raw, _ in blobs.put_files(files)] == [raw_digest(content) for content in files.values()]
    assert started == []


def test_a_process_ends_when_the_one_it_helps_is_gone(root):
    code = (
        "import sys, time; sys.path[:] = eval(sys.argv[1]); from pathlib import Path\n"
        "from remint.adapters.blobs.hands import Hand, Limits\n"
        "print(Hand('put', Path(sys.argv[2]), Limits()).pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, repr(sys.path), str(root)], stdout=subprocess.PIPE) as asking:
        pid = int(asking.stdout.readline())
        asking.kill()
    until = time.monotonic() + 10
    while Path(f"/proc/{pid}/stat").exists() and Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z":
        assert time.monotonic() < until
        time.sleep(0.01)


def test_results_come_in_order_whoever_is_faster(root):
    with Hands("lay", root, LIMITS) as held:
        slow = threading.Event()

        def there(_hand, share):
            slow.wait(0.02)
            return share

        assert list(held.each(range(40), lambda share: share, there)) == list(range(40))
