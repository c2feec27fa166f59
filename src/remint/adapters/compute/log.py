"""What a step prints: kept in a file, with a limit, and passed on line by line."""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from remint.core.secret import Hiding

LIMIT_BYTES = 16 << 20
LINE_BYTES = 64 << 10


class Log:
    """The log of one run.

    Args:
        place: the file; it must not exist.
        on_line: called with each line, without its line break; a very long line comes in pieces.
        hiding: takes out what must not be kept or shown.
        limit_bytes: how much is kept; what is printed beyond is counted and thrown away.
    """

    def __init__(
        self,
        place: Path,
        on_line: Callable[[str], None] | None,
        *,
        hiding: Hiding | None = None,
        limit_bytes: int = LIMIT_BYTES,
    ) -> None:
        self._file = place.open("xb", buffering=0)
        self._on_line = on_line
        self._hiding = hiding or Hiding({})
        self._left_bytes = limit_bytes
        self._limit_bytes = limit_bytes
        self._cut_bytes = 0
        self._line = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def write(self, content: bytes) -> None:
        """Take what was printed."""
        self._keep(self._hiding.take(content))

    def _keep(self, content: bytes) -> None:
        kept = content[: self._left_bytes]
        self._left_bytes -= len(kept)
        self._cut_bytes += len(content) - len(kept)
        if kept:
            self._file.write(kept)
            self._pass_on(kept)

    def finish(self) -> None:
        """Pass on the last line, and say in the log how much of it was cut."""
        self._keep(self._hiding.end())
        if self._line and self._on_line is not None:
            self._on_line(self._line.decode(errors="replace"))
        self._line = b""
        if self._cut_bytes:
            limit = f"{self._limit_bytes >> 20} MiB" if self._limit_bytes >= 1 << 20 else f"{self._limit_bytes} bytes"
            words = f"[the log is cut here: {self._cut_bytes:,} bytes more than {limit} were printed]"
            self._file.write(b"\n" + words.encode() + b"\n")
            if self._on_line is not None:
                self._on_line(words)

    def _pass_on(self, content: bytes) -> None:
        if self._on_line is None:
            return
        *lines, rest = (self._line + content).split(b"\n")
        self._line = b""
        for line in lines:
            self._on_line(line.decode(errors="replace"))
        while len(rest) > LINE_BYTES:
            self._on_line(rest[:LINE_BYTES].decode(errors="replace"))
            rest = rest[LINE_BYTES:]
        self._line = rest
