"""How tracked paths stand to the versions that were added from them."""

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from remint.core.artifact import Kind
from remint.core.digest import Digest
from remint.core.manifest import Rows
from remint.core.worktree import (
    MARGIN_NS,
    STAT_BYTES,
    Folder,
    Known,
    Look,
    PathStatus,
    Refused,
    Tracked,
    is_as_known,
    known_of,
    look,
    settled,
    shown,
)
from remint.errors import Invalid, NotFound, Unavailable
from remint.ports.worktree import Index
from remint.services.manifests import Manifests
from remint.services.worktree import Worktree


@dataclass(frozen=True)
class TrackingService:
    """See ports.usecases.tracking.Trackings."""

    worktree: Worktree
    manifests: Manifests

    def status(self, workspace: str, path: Path | None = None) -> Sequence[PathStatus]:
        """Return how every tracked path stands, or those at or around one path."""
        found = self.worktree.tracking.tracked(workspace)
        if path is not None:
            asked = self.worktree.located(path)
            found = [one for one in found if asked.is_relative_to(self.worktree.place(one))]
            if not found:
                raise NotFound(
                    f"{shown(path.name)} is not tracked in {workspace}",
                    why="neither it nor a folder around it was added",
                    next_step="add it with `remint add`, or see what is tracked with `remint status`",
                )
        return [self._status(tracked) for tracked in found]

    def _status(self, tracked: Tracked) -> PathStatus:
        found = PathStatus(tracked.ref, tracked.path, tracked.artifact)
        index: Index | None = self.worktree.tracking.index(tracked)
        if index is None or index.artifact != tracked.artifact:
            index = _FromManifest(tracked.artifact, known_of(self._rows(tracked)))
        try:
            walk = self.worktree.folders.walk(self.worktree.place(tracked))
        except NotFound:  # that nothing is there is the answer
            found.state = "missing"
            found.removed = sorted(path + name for path, known in _all(index) for name in known.files())
            return found
        except Invalid as error:  # likewise: what is there now cannot be added
            found.state, found.refused = "changed", [Refused(tracked.path, error.why)]
            return found
        comparison = _Comparison(found, index, walk.root, self._before_ns(), self.worktree.folders.digest)
        for folder in walk:
            comparison.take(folder)
        comparison.end()
        found.refused += walk.refused
        if comparison.learned:
            self.worktree.tracking.save(tracked, comparison.known())
        return found

    def _rows(self, tracked: Tracked) -> Iterator[Rows]:
        if tracked.kind is Kind.FILES:
            yield from self.manifests.rows(tracked.parts)
            return
        for part in tracked.parts:
            yield Rows([part.path], part.blob.raw, array("Q", [part.size_bytes]))

    def _before_ns(self) -> int:
        try:
            return self.worktree.tracking.moment_ns() - MARGIN_NS
        except Unavailable:  # a disk that may only be read: every file counts as changed just now, so nothing is kept of it
            return -(1 << 62)


class _FromManifest:
    """What a manifest alone says: sizes and digests."""

    def __init__(self, artifact: Digest, folders: dict[str, Known]) -> None:
        self.artifact = artifact
        self._folders = folders

    def get(self, path: str) -> Known | None:
        """Return what is known of one folder."""
        return self._folders.get(path)

    def paths(self) -> Sequence[str]:
        """Return the folders that hold files, in order."""
        return sorted(self._folders)


class _Comparison:
    """The files there are, compared with those that were.

    Args:
        found: filled in.
        index: what was known.
        root: stands before every path.
        before_ns: files changed later are looked at again next time.
        digest: reads a file.
    """

    def __init__(
        self,
        found: PathStatus,
        index: Index,
        root: str,
        before_ns: int,
        digest: Callable[[str], bytes | Refused],
    ) -> None:
        self._found = found
        self._index = index
        self._root = root
        self._before_ns = before_ns
        self._digest = digest
        self._fresh: dict[str, Known] = {}
        self._walked: set[str] = set()

    @property
    def learned(self) -> bool:
        """Whether something is known now that was not known before."""
        return bool(self._fresh)

    def take(self, folder: Folder) -> None:
        """Compare one folder."""
        self._found.files += len(folder.stats) // STAT_BYTES
        known = self._index.get(folder.path)
        if known is not None:
            self._walked.add(folder.path)
        if is_as_known(folder, known):
            return
        seen = look(folder, known)
        self._found.removed += [folder.path + name for name in seen.removed]
        same = [place for place, before in seen.before.items() if self._is_same(folder, seen, place, before)]
        if known is not None and same:
            self._learn(folder, known, seen, same)

    def _is_same(self, folder: Folder, seen: Look, place: int, before: bytes | None) -> bool:
        path = folder.path + seen.names[place]
        if before is None:
            self._found.new.append(path)
            return False
        digest = b"" if place in seen.resized else self._digest(self._root + path)
        if isinstance(digest, Refused):
            self._found.refused.append(Refused(path, digest.why))
        elif digest == before:
            return True
        else:
            self._found.changed.append(path)
        return False

    def _learn(self, folder: Folder, known: Known, seen: Look, same: Sequence[int]) -> None:
        places = {name: place for place, name in enumerate(known.files())}
        stats = bytearray(known.stats)
        for place in same:
            then = places[seen.names[place]]
            stat = settled(folder.stats[place * STAT_BYTES : (place + 1) * STAT_BYTES], before_ns=self._before_ns)
            stats[then * STAT_BYTES : (then + 1) * STAT_BYTES] = stat
        if stats != known.stats:
            self._fresh[folder.path] = Known(known.path, known.names, bytes(stats), known.digests)

    def end(self) -> None:
        """Count the files of folders that are gone, and bring everything in order."""
        found = self._found
        for path, known in _all(self._index):
            if path not in self._walked:
                found.removed += [path + name for name in known.files()]
        for names in (found.changed, found.new, found.removed):
            names.sort()
        if found.changed or found.new or found.removed or found.refused:
            found.state = "changed"

    def known(self) -> Iterator[Known]:
        """Yield what is known of every folder now."""
        return (self._fresh.get(path, known) for path, known in _all(self._index))


def _all(index: Index) -> Iterator[tuple[str, Known]]:
    for path in index.paths():
        known = index.get(path)
        if known is not None:
            yield path, known
