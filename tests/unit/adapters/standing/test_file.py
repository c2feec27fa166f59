import os
import stat
import time
from dataclasses import replace

import pytest

from remint.adapters.standing.file import StandingFile
from remint.core.change import ChangeState
from remint.core.digest import digest_bytes
from remint.core.filestate import FileState
from remint.core.ids import ChangeId, PrincipalId
from remint.core.ref import Ref, RefName
from remint.core.standing import PipelineStanding, Standing, WaitingChange
from remint.ports.standing import CatalogState, Kept

STANDING = Standing(
    "main",
    PrincipalId("ana"),
    (Ref(RefName("main", "model", "late/é\ud800"), digest_bytes(b"model"), 3),),
    (PipelineStanding("model/late", {"hit": 2, "run": 0}),),
    (WaitingChange(ChangeId("1"), ChangeState.APPROVED, 'a "title"\nof two lines'),),
)
KEPT = Kept("who and where", digest_bytes(b"graphs"), STANDING)
CATALOG = CatalogState((FileState(1, 1, 4096, 5), None), "")


class Place:
    """A memory, a catalog whose state is set by hand, and one file that the answer rests on."""

    def __init__(self, root):
        self.catalog = CATALOG
        self.answer = root / "cache" / "status.json"
        self.memory = StandingFile(self.answer, lambda: self.catalog)
        self.file = root / "lock"
        self.file.write_text("1")
        time.sleep(0.07)

    def keep(self, looked_at=None):
        self.memory.keep(KEPT, self.memory.watch([self.file]), looked_at or {})

    def recalled(self):
        return self.memory.recall(KEPT.question)


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


@pytest.fixture
def kept(place):
    place.keep()
    assert place.recalled() == KEPT
    return place


def test_an_answer_is_recalled_as_it_was_kept_by_another_process_too(kept):
    assert StandingFile(kept.answer, lambda: CATALOG).recall(KEPT.question) == KEPT
    assert type(kept.recalled().standing.changes[0].state) is ChangeState


def test_nothing_is_recalled_before_anything_was_kept(place):
    assert place.recalled() is None


def test_another_question_has_no_answer(kept):
    assert kept.memory.recall("another") is None


def test_a_file_that_changed_ends_an_answer(kept):
    kept.file.write_text("2")
    assert kept.recalled() is None


def test_a_file_that_changed_with_its_size_and_time_set_back_ends_an_answer(kept):
    before = kept.file.stat()
    kept.file.write_text("2")
    os.utime(kept.file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert kept.file.stat().st_mtime_ns == before.st_mtime_ns
    assert kept.recalled() is None


def test_a_file_that_vanished_ends_an_answer(kept):
    kept.file.unlink()
    assert kept.recalled() is None


def test_a_file_that_appears_where_none_was_ends_an_answer(place, tmp_path):
    place.keep({str(tmp_path / "new"): None})
    assert place.recalled() == KEPT
    (tmp_path / "new").write_text("")
    assert place.recalled() is None


@pytest.mark.parametrize(
    "other",
    [replace(CATALOG, commits="00"), replace(CATALOG, files=(FileState(1, 2, 4096, 5), None)), None],
    ids=["commit", "file", "unknown"],
)
def test_a_catalog_that_changed_ends_an_answer(kept, other):
    kept.catalog = other
    assert kept.recalled() is None


def test_an_answer_from_the_future_is_not_recalled_as_after_a_clock_was_set_back(place):
    watch = place.memory.watch([place.file])
    place.memory.keep(KEPT, replace(watch, at_ns=time.time_ns() + 10_000_000_000), {})
    assert place.answer.exists()
    assert place.recalled() is None


def test_nothing_is_kept_of_a_file_that_changed_within_the_same_tick(place):
    place.file.write_text("2")
    place.keep()
    assert not place.answer.exists()


def test_nothing_is_kept_of_a_file_that_changed_after_it_was_looked_at(place):
    watch = place.memory.watch([place.file])
    time.sleep(0.07)
    place.file.write_text("2")
    place.memory.keep(KEPT, watch, {})
    assert not place.answer.exists()


def test_nothing_is_kept_of_a_catalog_that_changed_meanwhile(place):
    watch = place.memory.watch([])
    place.catalog = replace(CATALOG, commits="00")
    place.memory.keep(KEPT, watch, {})
    assert not place.answer.exists()


def test_nothing_is_kept_of_a_catalog_that_cannot_be_told(place):
    place.catalog = None
    place.keep()
    assert not place.answer.exists()


def test_nothing_is_kept_of_a_catalog_that_changed_within_the_same_tick(place):
    now_ns = time.time_ns()
    place.catalog = CatalogState((FileState(now_ns, now_ns, 4096, 5), None), "")
    place.keep()
    assert not place.answer.exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:40],
        lambda content: content[:-1],
        lambda content: content + b" ",
        lambda content: content.replace(b'"main"', b'"mine"'),
        lambda content: content.replace(b"remint status 1", b"remint status 2"),
        lambda content: content.partition(b"\n")[2],
        lambda content: b'{"question": "who and where"}',
        lambda content: b"\xff\xfe\x00",
        lambda content: bytes([content[0] ^ 1]) + content[1:],
    ],
)
def test_a_damaged_answer_is_none_and_is_replaced(kept, damage):
    content = kept.answer.read_bytes()
    assert damage(content) != content
    kept.answer.write_bytes(damage(content))
    assert kept.recalled() is None
    kept.keep()
    assert kept.recalled() == KEPT


def test_an_answer_that_cannot_be_read_or_written_is_none(place):
    place.answer.mkdir(parents=True)
    place.keep()
    assert place.recalled() is None
    assert list(place.answer.parent.iterdir()) == [place.answer]


def test_a_folder_that_cannot_be_made_is_no_failure(place):
    place.answer.parent.write_text("in the way")
    place.keep()
    assert place.recalled() is None


def test_what_a_killed_process_left_half_written_is_not_read(kept):
    content = kept.answer.read_bytes()
    kept.answer.with_suffix(f".{os.getpid()}.new").write_bytes(content[: len(content) // 2])
    assert kept.recalled() == KEPT
    kept.keep()
    assert kept.recalled() == KEPT
    assert list(kept.answer.parent.iterdir()) == [kept.answer]


def test_only_the_owner_may_read_an_answer(kept):
    assert stat.S_IMODE(kept.answer.stat().st_mode) == 0o600
