"""Filling a folder, whole or not at all (ports.worktree.Folders.receive)."""

import fcntl
import os

import pytest

from remint.adapters.worktree.walk import DiskFolders
from remint.core.worktree import UNFINISHED
from remint.errors import Conflict, Invalid, Unavailable

receive = DiskFolders().receive
V = "5" * 64


def fill(folder, *wanted, version=V):
    with receive(folder, version) as place:
        if place is not None:
            for name in wanted:
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                (place / name).write_text(name)


def stop_in(folder):
    with receive(folder, V) as place:
        (place / "x").touch()
        raise KeyboardInterrupt


def names(folder):
    return sorted(place.name for place in folder.iterdir())


def held(folder):
    return sorted(place.relative_to(folder).as_posix() for place in folder.rglob("*") if place.is_file())


@pytest.mark.parametrize("exists", [False, True])
def test_a_folder_is_filled(tmp_path, exists):
    folder = tmp_path / "a" / "b"
    if exists:
        folder.mkdir(parents=True)
    fill(folder, "x", "d/y")
    assert (held(folder), names(folder)) == (["d/y", "x"], ["d", "x"])


def test_nothing_is_seen_before_all_is_written(tmp_path):
    with receive(tmp_path, V) as place:
        (place / "x").touch()
        assert names(tmp_path) == [UNFINISHED]
    assert names(tmp_path) == ["x"]


@pytest.mark.parametrize("exists", [False, True])
def test_after_an_error_the_folder_is_as_it_was(tmp_path, exists):
    folder = tmp_path / "to"
    if exists:
        folder.mkdir()
    with pytest.raises(KeyboardInterrupt):
        stop_in(folder)
    assert folder.exists() == exists
    assert not exists or names(folder) == []


def test_a_folder_with_something_in_it_is_refused(tmp_path):
    (tmp_path / "mine").touch()
    with pytest.raises(Invalid, match="is not empty"):
        fill(tmp_path, "x")
    assert names(tmp_path) == ["mine"]


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(Invalid, match="is no folder"):
            fill(place, "x")


def test_a_stop_while_files_are_written_is_begun_again(tmp_path):
    (tmp_path / UNFINISHED).mkdir()
    (tmp_path / UNFINISHED / "half").touch()
    fill(tmp_path, "x", version="6" * 64)
    assert held(tmp_path) == ["x"]


def test_a_stop_while_entries_move_up_is_completed(tmp_path):
    (tmp_path / "x").touch()
    (tmp_path / f"{UNFINISHED}.{V}").mkdir()
    (tmp_path / f"{UNFINISHED}.{V}" / "y").touch()
    fill(tmp_path, "never")
    assert (held(tmp_path), names(tmp_path)) == (["x", "y"], ["x", "y"])


def test_another_version_is_refused_where_one_was_stopped_while_it_moved_up(tmp_path):
    (tmp_path / f"{UNFINISHED}.{V}").mkdir()
    with pytest.raises(Conflict, match=f"a checkout of {V[:12]} was stopped there"):
        fill(tmp_path, "x", version="6" * 64)


def test_what_was_put_there_since_the_stop_is_not_overwritten(tmp_path):
    (tmp_path / f"{UNFINISHED}.{V}").mkdir()
    (tmp_path / f"{UNFINISHED}.{V}" / "x").write_text("ours")
    (tmp_path / "x").write_text("theirs")
    with pytest.raises(Conflict, match="was put there since"):
        fill(tmp_path)
    assert (tmp_path / "x").read_text() == "theirs"


def test_two_do_not_write_into_one_folder(tmp_path):
    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(Conflict, match="another checkout writes there"):
        fill(tmp_path, "x")
    os.close(handle)
    fill(tmp_path, "x")
    assert held(tmp_path) == ["x"]


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    with pytest.raises(Unavailable, match="name too long"):
        fill(tmp_path / ("n" * 300), "x")
    with pytest.raises(Unavailable, match="name too long"):
        DiskFolders().make(f"{tmp_path}/{'n' * 300}")
