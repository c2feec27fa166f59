"""What the file system says of a file without reading it, and when that is enough to tell whether it changed."""

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from os import stat_result

_FINE_TICK_NS = 50_000_000
"""Longer than a tick of the kernel's coarse clock (4 to 10 ms)."""
_COARSE_TICK_NS = 2_100_000_000
"""Longer than the two seconds of the coarsest file systems; used where times have no fraction of a second."""


class FileState(NamedTuple):
    """The times, the size and the inode of a file or folder. None stands for nothing being there.

    Attributes:
        mtime_ns: when its content changed; programs can set it to anything.
        ctime_ns: when its content or its attributes changed; only the file system sets it.
    """

    mtime_ns: int
    ctime_ns: int
    size_bytes: int
    inode: int

    @classmethod
    def of(cls, found: "stat_result") -> "FileState":
        """Return the state in an answer of `os.stat`."""
        return cls(found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)


def is_settled(state: FileState, *, at_ns: int) -> bool:
    """Return whether every change from `at_ns` on gives another state.

    Two writes within one tick of the file system's clock can leave the same times, so a state says nothing until the tick of
    its times is over. Times in the future (a clock that was set back) are not over either.

    Args:
        state: as it was at `at_ns` or later.
        at_ns: UTC nanoseconds by the clock that the times are of.

    Example:
        >>> is_settled(FileState(mtime_ns=5, ctime_ns=5, size_bytes=1, inode=1), at_ns=100_000_000)
        True
        >>> is_settled(FileState(mtime_ns=5, ctime_ns=5, size_bytes=1, inode=1), at_ns=40_000_000)
        False
    """
    return at_ns - state.mtime_ns > _tick_ns(state.mtime_ns) and at_ns - state.ctime_ns > _tick_ns(state.ctime_ns)


def _tick_ns(time_ns: int) -> int:
    return _FINE_TICK_NS if time_ns % 1_000_000_000 else _COARSE_TICK_NS
