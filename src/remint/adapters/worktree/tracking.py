"""Tracked paths and their indexes, as files of the project's state (see ports.worktree.Tracking).

`tracked/KEY.json` says what was added; `index/KEY` holds what was known of it: a head, then for each folder its path, and the
names, stats and digests of its files, then the digest of all that. KEY is made of the ref, so the last path added under a ref
is the tracked one.
"""

import contextlib
import errno
import json
import os
import struct
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from remint.core.artifact import Kind, Part
from remint.core.digest import Digest, FileHasher, digest_bytes, from_raw
from remint.core.ref import RefName
from remint.core.worktree import STAT_BYTES, Known, Tracked
from remint.errors import Corrupt, Invalid, Unavailable

MAGIC = b"index\0\0\1"
"""The last byte is the number of the format."""
_HEAD = struct.Struct("<8s32s32s")
_FOLDER = struct.Struct("<QQQ")
LEFT_BEHIND_S = 24 * 3600
"""A temporary file this old belongs to no living process."""
_DIGEST_BYTES = 32
_FORMAT = 1
_FULL = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the disk quota is used up", errno.EROFS: "the disk is read-only"}


class IndexFile:
    """An index read from disk; folders are cut out of it when they are asked for.

    Args:
        content: all bytes of the file.
        key: what it must have been written for.

    Raises:
        ValueError: the bytes are not a whole index.
    """

    def __init__(self, content: bytes, key: bytes) -> None:
        end = len(content) - _DIGEST_BYTES
        if end < _HEAD.size or digest_bytes(memoryview(content)[:end]).raw != content[end:]:
            raise ValueError("the index is damaged")
        magic, written_for, artifact = _HEAD.unpack_from(content)
        if magic != MAGIC or written_for != key:
            raise ValueError("the index is another one")
        self.artifact = from_raw(artifact)
        self._content = content
        self._places: dict[str, tuple[int, int, int]] = {}
        place = _HEAD.size
        while place < end:
            path_bytes, names_bytes, files = _FOLDER.unpack_from(content, place)
            start = place + _FOLDER.size + path_bytes
            self._places[content[start - path_bytes : start].decode()] = (start, names_bytes, files)
            place = start + names_bytes + files * (STAT_BYTES + _DIGEST_BYTES)

    def get(self, path: str) -> Known | None:
        """Return what is known of one folder."""
        found = self._places.get(path)
        if found is None:
            return None
        start, names_bytes, files = found
        stats = start + names_bytes
        digests = stats + files * STAT_BYTES
        content = self._content
        names = content[start:stats].decode()
        return Known(path, names, content[stats:digests], content[digests : digests + files * _DIGEST_BYTES])

    def paths(self) -> Iterable[str]:
        """Return the folders that hold files."""
        return self._places.keys()


class FileTracking:
    """Tracked paths of one project.

    Args:
        state: the project's folder of state.
    """

    def __init__(self, state: Path) -> None:
        self._tracked = state / "tracked"
        self._indexes = state / "index"

    def moment_ns(self) -> int:
        """Return the time by the clock of the file system: that of a file just written."""
        try:
            self._indexes.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._indexes) as file:
                file.write(b".")
                file.flush()
                return os.fstat(file.fileno()).st_mtime_ns
        except OSError as error:
            raise _unavailable(error) from error

    def tracked(self, workspace: str) -> Sequence[Tracked]:
        """Return what is tracked in a workspace, in order of refs."""
        found = [_read(place) for place in self._tracked.glob("*.json")]
        return sorted((one for one in found if one.ref.workspace == workspace), key=lambda one: one.ref)

    def get(self, ref: RefName) -> Tracked | None:
        """Return what is tracked under a ref."""
        try:
            return _read(self._tracked / f"{_key(ref)}.json")
        except Corrupt:  # as the port says: what cannot be read is replaced by the next add
            return None
        except FileNotFoundError:
            return None

    def track(self, tracked: Tracked) -> None:
        """Remember a path in place of what was tracked under its ref."""
        ref = tracked.ref
        record = {
            "format": _FORMAT,
            "ref": [ref.workspace, ref.kind, ref.name],
            "path": tracked.path,
            "kind": str(tracked.kind),
            "artifact": tracked.artifact,
            "parts": [[part.path, part.blob, part.size_bytes] for part in tracked.parts],
        }
        try:
            with _replacing(self._tracked / f"{_key(ref)}.json") as file:
                os.write(file, json.dumps(record).encode())
                os.fsync(file)
        except OSError as error:
            raise _unavailable(error) from error

    def index(self, tracked: Tracked) -> IndexFile | None:
        """Return the index of a tracked path."""
        try:
            return IndexFile((self._indexes / _key(tracked.ref)).read_bytes(), _identity(tracked))
        except (OSError, ValueError):  # none, an empty one, or a damaged one: every file is read again
            return None

    def save(self, tracked: Tracked, folders: Iterable[Known]) -> None:
        """Write the index of a tracked path."""
        try:
            self._sweep()
            with _replacing(self._indexes / _key(tracked.ref)) as file, os.fdopen(file, "wb", closefd=False) as out:
                hasher = FileHasher()
                for piece in _pieces(tracked, folders):
                    hasher.update(piece)
                    out.write(piece)
                out.write(hasher.digest().raw)
        except OSError as error:
            if error.errno not in _FULL:
                raise _unavailable(error) from error

    def _sweep(self) -> None:
        """Remove what writers that were killed left behind."""
        for left in self._indexes.glob("tmp*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - left.stat().st_mtime > LEFT_BEHIND_S:
                    left.unlink()


def _pieces(tracked: Tracked, folders: Iterable[Known]) -> Iterator[bytes]:
    yield _HEAD.pack(MAGIC, _identity(tracked), tracked.artifact.raw)
    for folder in folders:
        if folder.names:
            path, names = folder.path.encode(), folder.names.encode()
            head = _FOLDER.pack(len(path), len(names), len(folder.stats) // STAT_BYTES)
            yield b"".join([head, path, names, folder.stats, folder.digests])


def _key(ref: RefName) -> str:
    return digest_bytes(str(ref).encode()).hex[:32]


def _identity(tracked: Tracked) -> bytes:
    return digest_bytes(f"{tracked.ref}\0{tracked.path}".encode("utf-8", "surrogateescape")).raw


def _read(place: Path) -> Tracked:
    try:
        found = json.loads(place.read_bytes())
        parts = tuple(Part(path, Digest.parse(blob), int(size)) for path, blob, size in found["parts"])
        ref = RefName(*found["ref"])
        if found["format"] != _FORMAT:
            raise ValueError(f"its format is {found['format']}")
        return Tracked(ref, found["path"], Kind(found["kind"]), Digest.parse(found["artifact"]), parts)
    except (ValueError, TypeError, KeyError, AttributeError, Invalid) as error:
        raise Corrupt(
            "a tracked path cannot be read",
            why=f".remint/tracked/{place.name} is damaged: {error}",
            next_step="delete that file, then add the path again with `remint add`",
        ) from error


@contextlib.contextmanager
def _replacing(place: Path) -> Iterator[int]:
    """Give an open file that takes the place of another one in one step, unless an error comes in between."""
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=place.parent)
    try:
        try:
            yield handle
        finally:
            os.close(handle)
        Path(temporary).replace(place)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _unavailable(error: OSError) -> Unavailable:
    return Unavailable(
        "what is tracked was not written",
        why=_FULL.get(error.errno or 0, error.strerror or "the disk refused"),
        next_step="make room or mend the permissions, then run the same command again",
    )
