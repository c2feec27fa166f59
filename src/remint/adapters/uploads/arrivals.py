"""Which blobs came from whom: a file a day and principal, 32 bytes a blob."""

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

from remint.core.digest import digest_bytes
from remint.errors import Unavailable
from remint.ports.clock import Clock

_RAW_BYTES = 32
_DAY_US = 86_400_000_000
_KEPT_DAYS = 2


class FileArrivals:
    """See ports.uploads.Arrivals.

    Args:
        folder: made when something arrives.
        clock: tells the day.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock

    def note(self, owner: str, raws: Sequence[bytes]) -> None:
        """Remember that blobs came from a principal."""
        if not raws:
            return
        place = self._place(owner, self._today())
        try:
            if not place.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                self._sweep()
            with place.open("ab") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                whole = os.fstat(file.fileno()).st_size // _RAW_BYTES * _RAW_BYTES
                file.truncate(whole)  # what a writer left that was killed half way
                file.write(b"".join(raws))
        except OSError as error:
            raise Unavailable(
                "it was not noted what arrived",
                why=str(error.strerror),
                next_step="free space on the server, then send it again",
            ) from error

    def of(self, owner: str) -> frozenset[bytes]:
        """Return the raw digests of what came from a principal."""
        found: set[bytes] = set()
        for day in range(self._today() - _KEPT_DAYS + 1, self._today() + 1):
            place = self._place(owner, day)
            content = place.read_bytes() if place.is_file() else b""
            found.update(content[at : at + _RAW_BYTES] for at in range(0, len(content), _RAW_BYTES))
        return frozenset(found)

    def _today(self) -> int:
        return self._clock.now_us() // _DAY_US

    def _place(self, owner: str, day: int) -> Path:
        return self._folder / f"{day}-{digest_bytes(owner.encode()).hex}"

    def _sweep(self) -> None:
        for place in self._folder.iterdir():
            day = place.name.partition("-")[0]
            if day.isdecimal() and int(day) <= self._today() - _KEPT_DAYS:
                place.unlink(missing_ok=True)
