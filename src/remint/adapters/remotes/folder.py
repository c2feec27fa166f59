"""A remote that is a folder: on a disk, or on a network share that knows locks and hard links."""

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from remint.core.digest import digest_bytes
from remint.errors import Denied, NotFound, Unavailable
from remint.ports.remotes import OnBytes

PIECE_BYTES = 4 << 20
LEFT_BEHIND_S = 24 * 3600
"""A file this much older than a new one belongs to no living writer."""


class FolderRemote:
    """Files of a folder by name (see ports.remotes.Remote).

    A file is written under `incoming/`, made durable, and linked to its name, which fails if the name is taken.

    Args:
        name: of the remote, for errors.
        root: the folder; the one above it must exist.
    """

    def __init__(self, name: str, root: Path) -> None:
        self._name = name
        self._root = root

    def names(self, folder: str) -> Mapping[str, int]:
        """Return name and size of every file below a folder."""
        with self._reading():
            found = {}
            for place, _, files in os.walk(self._root / folder, onerror=_unless_missing):
                for file in files:
                    path = Path(place, file)
                    with contextlib.suppress(FileNotFoundError):  # it was deleted a moment ago
                        found[path.relative_to(self._root).as_posix()] = path.stat().st_size
            return found

    def get(self, name: str) -> tuple[bytes, str] | None:
        """Return the content of a file and its tag."""
        with self._reading(), contextlib.suppress(FileNotFoundError):
            content = (self._root / name).read_bytes()
            return content, digest_bytes(content)
        return None

    def ranges(self, name: str, places: Sequence[tuple[int, int]]) -> list[bytes] | None:
        """Return pieces of a file."""
        with self._reading(), contextlib.suppress(FileNotFoundError), (self._root / name).open("rb") as file:
            return [os.pread(file.fileno(), end - begin, begin) for begin, end in places]
        return None

    def download(self, name: str, to: Path, on_bytes: OnBytes) -> bool:
        """Write a file to `to`."""
        with self._reading():
            try:
                source = (self._root / name).open("rb")
            except FileNotFoundError:
                return False
        with source, to.open("wb") as target:
            while piece := source.read(PIECE_BYTES):
                target.write(piece)
                on_bytes(len(piece))
        return True

    def put(self, name: str, content: bytes) -> bool:
        """Write a file unless there is one."""
        with self._writing():
            if (self._root / name).exists():
                return False
            with self._arriving() as path:
                path.write_bytes(content)
                return self._settle(path, name)

    def upload(self, name: str, path: Path, on_bytes: OnBytes) -> None:
        """Write the content of a local file."""
        with self._writing():
            if (self._root / name).exists():
                on_bytes(path.stat().st_size)
                return
            with self._arriving() as arriving:
                with path.open("rb") as source, arriving.open("wb") as target:
                    while piece := source.read(PIECE_BYTES):
                        target.write(piece)
                        on_bytes(len(piece))
                self._settle(arriving, name)

    def swap(self, name: str, content: bytes, tag: str | None) -> bool:
        """Write a file if its content still has this tag."""
        with self._writing():
            self._root.mkdir(exist_ok=True)
            with (self._root / "lock").open("a") as lock, self._arriving() as path:
                fcntl.flock(lock, fcntl.LOCK_EX)
                seen = self.get(name)
                if (seen[1] if seen else None) != tag:
                    return False
                path.write_bytes(content)
                _sync(path)
                place = self._place(name)
                path.replace(place)
                _sync(place.parent)
        return True

    def delete(self, names: Sequence[str]) -> None:
        """Remove files."""
        with self._reading():
            places = [self._root / name for name in names]
            for place in places:
                place.unlink(missing_ok=True)
            for folder in dict.fromkeys(place.parent for place in places):
                if folder.is_dir():
                    _sync(folder)

    @contextlib.contextmanager
    def _arriving(self) -> Iterator[Path]:
        self._root.mkdir(exist_ok=True)
        folder = self._root / "incoming"
        folder.mkdir(exist_ok=True)
        path = folder / secrets.token_hex(16)
        self._sweep(folder)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _sweep(self, folder: Path) -> None:
        """Remove what killed writers left, a day later by the clock of the disk."""
        now_s = folder.stat().st_mtime
        for left in folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if now_s - left.stat().st_mtime > LEFT_BEHIND_S:
                    left.unlink()

    def _settle(self, path: Path, name: str) -> bool:
        _sync(path)
        path.chmod(0o444)
        place = self._place(name)
        try:
            os.link(path, place)
        except FileExistsError:
            return False
        _sync(place.parent)
        return True

    def _place(self, name: str) -> Path:
        """Return where a file is to be; its folder exists then, and survives a loss of power."""
        place = self._root / name
        for folder in reversed(place.parents[: len(Path(name).parents)]):
            if not folder.is_dir():
                folder.mkdir(exist_ok=True)
                _sync(folder.parent)
        return place

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except PermissionError as error:
            raise self._denied() from error
        except OSError as error:
            if isinstance(error, FileNotFoundError):
                raise
            raise self._unavailable(error) from error

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise NotFound(
                f"nothing was written to the remote {self._name}",
                why=f"the folder {self._root.parent} does not exist",
                next_step=f"make it, or mend the url in [remotes.{self._name}]",
            ) from error
        except PermissionError as error:
            raise self._denied() from error
        except OSError as error:
            raise self._unavailable(error) from error

    def _denied(self) -> Denied:
        return Denied(
            f"the remote {self._name} does not let us",
            why=f"the permissions of {self._root} refuse it",
            next_step="ask its owner for access, then run the same command again",
        )

    def _unavailable(self, error: OSError) -> Unavailable:
        return Unavailable(
            f"the remote {self._name} does not answer",
            why=f"{error.strerror or error} in {self._root}",
            next_step="mend that, then run the same command again: it goes on from where it was",
        )


def _unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
