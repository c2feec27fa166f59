"""Filling a folder so that it is empty or whole, also when the process is killed (see ports.worktree.Folders.receive).

Files are written under a hidden name in the folder itself, so that this works at the root of a disk too. When all are
written, the hidden folder gets the name of its version, and its entries move up one by one.
"""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from remint.core.worktree import UNFINISHED, shown
from remint.errors import Conflict, Invalid, Unavailable


@contextlib.contextmanager
def received(folder: Path, version: str) -> Iterator[Path | None]:
    """Give a hidden folder whose content becomes that of `folder`; None if only the moving was left to do."""
    is_new = not os.path.lexists(folder)
    with _writing(folder), _locked(folder):
        unfinished, whole = folder / UNFINISHED, folder / f"{UNFINISHED}.{version}"
        if whole.is_dir():
            _move_up(whole, folder)
            yield None
            return
        _require_empty(folder)
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir()
        with contextlib.ExitStack() as undo:
            undo.callback(_forget, unfinished, folder if is_new else None)
            yield unfinished
            unfinished.rename(whole)
            undo.pop_all()
        _move_up(whole, folder)


def _forget(unfinished: Path, folder: Path | None) -> None:
    shutil.rmtree(unfinished, ignore_errors=True)
    if folder is not None:
        with contextlib.suppress(OSError):  # something else is in it by now
            folder.rmdir()


def _require_empty(folder: Path) -> None:
    for name in (found.name for found in folder.iterdir()):
        if name == UNFINISHED:
            continue
        if name.startswith(UNFINISHED):
            raise Conflict(
                f"nothing was written to {shown(folder.name)}",
                why=f"a checkout of {name.removeprefix(UNFINISHED)[1:13]} was stopped there when it was nearly done",
                next_step="complete it with `remint checkout` of that version, or choose another folder",
            )
        raise Invalid(f"{shown(folder.name)} is not empty", why="checkout never overwrites", next_step="choose another folder")


def _move_up(whole: Path, folder: Path) -> None:
    for found in list(whole.iterdir()):
        if os.path.lexists(folder / found.name):
            raise Conflict(
                f"{shown(found.name)} was not moved to its place",
                why="something was put there since the checkout was stopped",
                next_step="move it away, then run the same command again",
            )
        found.rename(folder / found.name)
    whole.rmdir()


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise Conflict(
            f"nothing was written to {shown(folder.name)}",
            why="another checkout writes there",
            next_step="wait for it, or choose another folder",
        ) from error
    finally:
        os.close(handle)


@contextlib.contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except (FileExistsError, NotADirectoryError) as error:
        raise Invalid(f"{shown(folder.name)} is no folder", why="a file is there", next_step="choose another folder") from error
    except OSError as error:
        raise Unavailable(
            f"nothing was written to {shown(folder.name)}",
            why=error.strerror or "the disk refused",
            next_step="make room or mend the permissions, then run the same command again",
        ) from error
