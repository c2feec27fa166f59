"""Checkpoints in files (see ports.checkpoints)."""

import os
from collections.abc import Sequence
from pathlib import Path

from remint.errors import Unavailable

_LAST_BYTES = 1 << 16


class CheckpointFiles:
    """Files, each appended to with one write a line.

    Args:
        root: the folder that relative names start from.
        names: the files.
    """

    def __init__(self, root: Path, names: Sequence[str]) -> None:
        self._root = root
        self._names = tuple(names)

    def places(self) -> Sequence[str]:
        """Return the names of the files."""
        return self._names

    def append(self, place: str, line: bytes) -> None:
        """Append a line, durably."""
        try:
            handle = os.open(self._root / place, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                size = os.fstat(handle).st_size
                cut_off = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
                _write(handle, b"\n" + line if cut_off else line)
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise _unavailable(place, error) from error

    def lines(self, place: str, *, only_last: bool = False) -> Sequence[bytes]:
        """Return the whole lines of a file."""
        try:
            with (self._root / place).open("rb") as file:
                start = max(0, file.seek(0, os.SEEK_END) - _LAST_BYTES) if only_last else 0
                file.seek(max(0, start - 1))  # one byte more tells whether a line begins there
                content = file.read()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise _unavailable(place, error) from error
        return [line for line in content.split(b"\n")[1 if start else 0 : -1] if line]


def _write(handle: int, content: bytes) -> None:
    written = os.write(handle, content)
    while written < len(content):
        written += os.write(handle, content[written:])


def _unavailable(place: str, error: OSError) -> Unavailable:
    return Unavailable(
        f"checkpoints in {place} were not reached",
        why=error.strerror or str(error),
        next_step="mend the place, or change the setting `checkpoints`; the audit log itself is not harmed",
    )
