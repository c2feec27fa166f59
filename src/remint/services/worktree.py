"""Reading folders outside the store, with the help of what was known of them."""

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from remint.core.artifact import Kind
from remint.core.worktree import (
    MARGIN_NS,
    STAT_BYTES,
    Folder,
    Known,
    Look,
    Refused,
    Tracked,
    is_as_known,
    look,
    packed,
    settled,
    shown,
    some,
)
from remint.errors import Invalid
from remint.ports.blobs import Blobs, Stat
from remint.ports.usecases.artifacts import Progress
from remint.ports.worktree import Folders, Index, Tracking, Walk

Put: TypeAlias = Callable[[Iterable[str]], Iterator[tuple[bytes, Stat]]]
"""Puts files into the store; yields the digest of each and a stat taken no later than the read of its last byte was over."""
BETWEEN_CALLS = 64


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The files of a folder, all in the store.

    Attributes:
        folders: as they were read.
        files: how many there are.
        read: how many of them had to be read.
        left_out: folders that never belong to a set.
        is_known: whether nothing differs from the index it was read with.
    """

    folders: list[Known]
    files: int
    read: int
    left_out: tuple[str, ...]
    is_known: bool


@dataclass(frozen=True)
class Worktree:
    """Folders, the store, and what is remembered.

    Attributes:
        root: the project's folder.
        state: the project's folder of state, whose content is never added.
    """

    folders: Folders
    tracking: Tracking
    blobs: Blobs
    root: Path
    state: Path

    def place(self, tracked: Tracked) -> Path:
        """Return where a tracked path is."""
        return self.root / tracked.path

    def located(self, place: Path) -> Path:
        """Return the absolute path of a place without `..`; a link at its end stays one."""
        return place.resolve() if place.name in {"", ".."} else place.parent.resolve() / place.name

    def path(self, place: Path) -> str:
        """Return a located place as it is tracked.

        Raises:
            Invalid: it is Remint's own state.
        """
        if place.resolve().is_relative_to(self.state.resolve()):
            raise Invalid(
                f"{shown(place.name)} was not added",
                why="it is Remint's own state, with the keys of principals",
                next_step="choose another folder",
            )
        return str(place.relative_to(self.root)) if place.is_relative_to(self.root) else str(place)

    def index(self, tracked: Tracked) -> Index | None:
        """Return the index of a tracked path if the store still has all its files; of a table, whatever the store has.

        A segment of a manifest is in the store only together with the files it lists, so the segments are looked up alone.
        """
        index = self.tracking.index(tracked)
        if index is None or index.artifact != tracked.artifact:
            return None
        if tracked.kind is Kind.TABLE:
            return index
        return index if all(self.blobs.has(part.blob) for part in tracked.parts) else None

    def take(self, place: Path, index: Index | None, *, put: Put, on_progress: Progress | None = None) -> Snapshot:
        """Put every file of a folder into the store that the index does not vouch for.

        Args:
            place: a folder, or a file.
            index: of the version before, if there is one.
            put: keeps files.
            on_progress: called now and then.

        Raises:
            NotFound: nothing is there.
            Invalid: something cannot be part of a set of files, or there is nothing; nothing was read then.
            Conflict: a file changed while it was read.
        """
        walk = self.folders.walk(place)
        before_ns = self.tracking.moment_ns() - MARGIN_NS
        held = [_as_known(folder, index) for folder in walk]
        self._require(place, walk, held, index)
        is_known = _is_as_before(held, index)
        todo, done = sum(len(found.before) for _, found in _looks(held, index)), 0
        results = put(walk.root + path for path in _to_read(held, index))
        for number, found in _looks(held, index):
            folder = held[number]
            numbers = array("q", folder.stats).tolist()
            for at in found.before:
                found.digests[at], stat = next(results)
                numbers[4 * at : 4 * at + 4] = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
                done += 1
                if on_progress is not None and (done % BETWEEN_CALLS == 0 or done == todo):
                    on_progress(done, todo)
            stats = settled(packed(numbers), before_ns=before_ns)
            held[number] = Known(folder.path, folder.names, stats, b"".join(found.digests))
        next(results, None)  # the store is done with them only when they are asked to end
        taken = [folder for folder in held if isinstance(folder, Known)]
        files = sum(len(folder.stats) for folder in taken) // STAT_BYTES
        return Snapshot(taken, files, todo, tuple(walk.left_out), is_known)

    def _require(self, place: Path, walk: Walk, held: Sequence[Folder], index: Index | None) -> None:
        refused = walk.refused or self.folders.unreadable(walk.root, _to_read(held, index))
        if refused:
            raise refusal(place, refused)
        if not any(folder.names for folder in held):
            raise Invalid(
                f"{shown(place.name)} was not added",
                why="there is no file in it, which is more often a mistake than meant",
                next_step="check the path",
            )


def refusal(place: Path, refused: list[Refused]) -> Invalid:
    """Return the error for a folder with things in it that cannot be part of a set of files."""
    return Invalid(
        f"{shown(place.name)} was not added",
        why=f"it holds what cannot be kept: {some(refused)}",
        next_step="move these elsewhere, or put files in the place of links; then add it again",
        refused=[shown(one.path) for one in refused[:1000]],
        count=len(refused),
    )


def _as_known(folder: Folder, index: Index | None) -> Folder:
    """Return what is known of a folder if it is as it was then, else the folder."""
    known = index.get(folder.path) if index is not None else None
    return known if known is not None and is_as_known(folder, known) else folder


def _looks(held: Sequence[Folder], index: Index | None) -> Iterator[tuple[int, Look]]:
    """Yield what is to be done about each folder that is not as it was; made anew each time, because it is large."""
    for number, folder in enumerate(held):
        if not isinstance(folder, Known):
            yield number, look(folder, index.get(folder.path) if index is not None else None)


def _to_read(held: Sequence[Folder], index: Index | None) -> Iterator[str]:
    for number, found in _looks(held, index):
        path = held[number].path
        yield from (path + found.names[at] for at in found.before)


def _is_as_before(held: Sequence[Folder], index: Index | None) -> bool:
    with_files = [folder for folder in held if folder.names]
    if index is None or not all(isinstance(folder, Known) for folder in with_files):
        return False
    return len(with_files) == sum(1 for _ in index.paths())
