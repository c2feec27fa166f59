"""Tracked paths and their indexes (ports.worktree.Tracking)."""

import os
from dataclasses import replace

import pytest

from remint.adapters.worktree.tracking import FileTracking
from remint.core.artifact import Kind, Part
from remint.core.digest import digest_bytes
from remint.core.ref import RefName
from remint.core.worktree import Known, Tracked, packed
from remint.errors import Corrupt

A, B = digest_bytes(b"a"), digest_bytes(b"b")
X = Tracked(RefName("main", "data", "x"), "land\udcff", Kind.FILES, A, (Part("a", B, 3),))
FOLDERS = [
    Known("", "a\0é", packed([1, 2, 3, 4, 5, 6, 7, 8]), A.raw + B.raw),
    Known("empty/", "", b"", b""),
    Known("s/", "z", packed([9, 9, 9, 9]), B.raw),
]


@pytest.fixture
def tracking(tmp_path):
    return FileTracking(tmp_path / "state")


def file_of(tmp_path):
    return next(place for place in (tmp_path / "state" / "index").iterdir())


def test_nothing_is_tracked_at_first(tracking):
    assert (tracking.tracked("main"), tracking.get(X.ref), tracking.index(X)) == ([], None, None)


def test_what_is_tracked_is_found_again(tracking):
    tracking.track(X)
    assert (tracking.get(X.ref), tracking.tracked("main"), tracking.tracked("ana")) == (X, [X], [])


def test_the_last_path_added_under_a_ref_is_tracked(tracking):
    tracking.track(X)
    tracking.track(replace(X, path="other"))
    assert [one.path for one in tracking.tracked("main")] == ["other"]


def test_tracked_paths_come_in_order_of_refs(tracking):
    for name in ("b", "a/c", "a"):
        tracking.track(replace(X, ref=RefName("main", "data", name)))
    assert [one.ref.name for one in tracking.tracked("main")] == ["a", "a/c", "b"]


def test_a_damaged_record_is_said_and_replaced(tracking, tmp_path):
    tracking.track(X)
    place = next((tmp_path / "state" / "tracked").iterdir())
    place.write_text("{")
    with pytest.raises(Corrupt, match="a tracked path cannot be read"):
        tracking.tracked("main")
    assert tracking.get(X.ref) is None
    tracking.track(X)
    assert tracking.tracked("main") == [X]


def test_an_index_gives_back_what_was_known(tracking):
    tracking.save(X, FOLDERS)
    index = tracking.index(X)
    assert (index.artifact, list(index.paths())) == (A, ["", "s/"])
    assert (index.get(""), index.get("s/"), index.get("empty/")) == (FOLDERS[0], FOLDERS[2], None)


def test_an_index_of_nothing_is_one(tracking):
    tracking.save(X, [])
    assert list(tracking.index(X).paths()) == []


def test_the_index_of_another_path_is_none(tracking):
    tracking.save(X, FOLDERS)
    assert tracking.index(replace(X, path="other")) is None


def test_a_damaged_index_is_the_same_as_none(tracking, tmp_path):
    tracking.save(X, FOLDERS)
    place = file_of(tmp_path)
    whole = place.read_bytes()
    damaged = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(len(whole))]
    cut = [whole[:length] for length in range(len(whole))]
    found = []
    for content in [*damaged, *cut]:
        place.write_bytes(content)
        found.append(tracking.index(X))
    assert found == [None] * (2 * len(whole))


def test_a_save_that_fails_half_way_leaves_the_index_before(tracking, tmp_path):
    tracking.save(X, FOLDERS)

    def failing():
        yield FOLDERS[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tracking.save(X, failing())
    assert list(tracking.index(X).paths()) == ["", "s/"]
    assert len(list((tmp_path / "state" / "index").iterdir())) == 1


def test_what_killed_writers_left_is_removed_after_a_day(tracking, tmp_path):
    tracking.save(X, FOLDERS)
    old, fresh = (tmp_path / "state" / "index" / name for name in ("tmpold", "tmpfresh"))
    old.touch()
    fresh.touch()
    os.utime(old, (0, 0))
    tracking.save(X, FOLDERS)
    assert (old.exists(), fresh.exists()) == (False, True)


def test_the_moment_is_that_of_the_disk(tracking, tmp_path):
    before = tracking.moment_ns()
    (tmp_path / "file").touch()
    assert before <= (tmp_path / "file").stat().st_mtime_ns <= tracking.moment_ns()
