"""Files being written, under names of no meaning; what killed writers left is removed a day later."""

import contextlib
import os
import secrets
from pathlib import Path

from remint.adapters.blobs.handle import Handle

LEFT_BEHIND_S = 24 * 3600
"""A file this much older than a new one belongs to no living writer."""


class Incoming:
    """The folder of files that are not complete.

    Args:
        root: the folder of the store; made if it does not exist.
    """

    def __init__(self, root: Path) -> None:
        self.folder = root / "incoming"
        self._swept = False

    def file(self) -> tuple[Path, Handle]:
        """Return a new file, open for reading and writing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / secrets.token_hex(16)
        handle = Handle(str(path), os.O_RDWR | os.O_CREAT | os.O_EXCL)
        if not self._swept:
            self._swept = True
            self._sweep(os.fstat(handle.number).st_mtime)
        return path, handle

    def _sweep(self, now_s: float) -> None:
        for left in self.folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if now_s - left.stat().st_mtime > LEFT_BEHIND_S:
                    left.unlink()
