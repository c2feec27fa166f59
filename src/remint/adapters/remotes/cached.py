"""A remote whose indexes are read once: they never change under their names."""

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from remint.core.digest import raw_digest
from remint.core.remote import INDEXES, pack_of
from remint.ports.remotes import OnBytes, Remote


class CachedRemote:
    """A remote, with the indexes that were read from it in a folder that may be deleted at any time.

    Args:
        remote: what is asked.
        folder: made when it is needed.
    """

    def __init__(self, remote: Remote, folder: Path) -> None:
        self._remote = remote
        self._folder = folder

    def names(self, folder: str) -> Mapping[str, int]:
        """Return name and size of every file below a folder."""
        return self._remote.names(folder)

    def get(self, name: str) -> tuple[bytes, str] | None:
        """Return the content of a file and its tag; of an index that is known without asking, an empty tag."""
        digits = pack_of(name) if name.startswith(INDEXES) else None
        if digits is None:
            return self._remote.get(name)
        path = self._folder / f"{digits}.idx"
        with contextlib.suppress(FileNotFoundError):
            known = path.read_bytes()
            if raw_digest(known).hex() == digits:
                return known, ""
        found = self._remote.get(name)
        if found is not None and raw_digest(found[0]).hex() == digits:
            self._keep(path, found[0])
        return found

    def _keep(self, path: Path, content: bytes) -> None:
        with contextlib.suppress(OSError):  # without room for it nothing is lost: it only saves time
            self._folder.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)  # one that is cut short does not hash to its name

    def ranges(self, name: str, places: Sequence[tuple[int, int]]) -> list[bytes] | None:
        """Return pieces of a file."""
        return self._remote.ranges(name, places)

    def download(self, name: str, to: Path, on_bytes: OnBytes) -> bool:
        """Write a file to `to`."""
        return self._remote.download(name, to, on_bytes)

    def put(self, name: str, content: bytes) -> bool:
        """Write a file unless there is one."""
        return self._remote.put(name, content)

    def upload(self, name: str, path: Path, on_bytes: OnBytes) -> None:
        """Write the content of a local file."""
        self._remote.upload(name, path, on_bytes)

    def swap(self, name: str, content: bytes, tag: str | None) -> bool:
        """Write a file if its content still has this tag."""
        return self._remote.swap(name, content, tag)

    def delete(self, names: Sequence[str]) -> None:
        """Remove files, and what is known of them."""
        self._remote.delete(names)
        for name in names:
            digits = pack_of(name) if name.startswith(INDEXES) else None
            if digits is not None:
                (self._folder / f"{digits}.idx").unlink(missing_ok=True)
