"""An open file that several may read, and the syncing of folders."""

import os
from pathlib import Path


class Handle:
    """An open file, closed when nobody holds it any more; never inherited by a program that is started.

    Hold it in a name while its number is in use.
    """

    __slots__ = ("number",)

    def __init__(self, path: str, flags: int = os.O_RDONLY) -> None:
        self.number = -1
        self.number = os.open(path, flags | os.O_CLOEXEC, 0o666)

    def close(self) -> None:
        """Close it now."""
        number, self.number = self.number, -1
        if number >= 0:
            os.close(number)

    def __del__(self) -> None:
        self.close()


def sync_data(number: int) -> None:
    """Make the content of an open file survive a loss of power."""
    if hasattr(os, "fdatasync"):
        os.fdatasync(number)
    else:  # macOS
        os.fsync(number)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a loss of power."""
    handle = Handle(str(folder))
    os.fsync(handle.number)
