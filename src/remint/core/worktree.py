"""Folders outside the store: what was seen of them, what was known, and which files must be looked at again."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from remint.core.artifact import Kind, Part
from remint.core.digest import Digest
from remint.core.manifest import DIGEST_BYTES, Rows
from remint.core.ref import RefName

NEVER_ADDED = frozenset({".git", ".remint"})
"""Folders of these names are left out of every set of files."""
UNFINISHED = ".remint-checkout"
"""How the name of a folder begins that a stopped checkout left."""
STAT_BYTES = 32
MARGIN_NS = 2_100_000_000
"""A file changed so shortly before it was read may change again without a new time, on the coarsest file systems."""
SHOWN_REFUSALS = 5


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder as it was seen.

    Attributes:
        path: below the folder that was walked: empty, or ending with `/`.
        names: of its files, in order, joined by NUL; empty if it has none.
        stats: size, mtime, ctime (ns) and inode of each file, as four signed 64-bit integers in the machine's order.
    """

    path: str
    names: str
    stats: bytes

    def files(self) -> list[str]:
        """Return the names of its files, in order."""
        return self.names.split("\0") if self.names else []


@dataclass(frozen=True, slots=True)
class Known(Folder):
    """One folder as it was when its files were read.

    Attributes:
        digests: of its files, 32 bytes each. A file whose inode stands as 0 must always be looked at.
    """

    digests: bytes


@dataclass(frozen=True, slots=True)
class Look:
    """What is to be done about a folder that is not as it was known.

    Attributes:
        names: of its files.
        digests: of each file; empty bytes where it must be read.
        before: the digest known of each file that must be read, by place; None for a new file.
        resized: places of files known with another size, whose content is another for sure.
        removed: names of files that are gone.
    """

    names: list[str]
    digests: list[bytes]
    before: dict[int, bytes | None]
    resized: set[int]
    removed: list[str]


@dataclass(frozen=True, slots=True)
class Refused:
    """Something that cannot be part of a set of files, and why."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class Tracked:
    """A file or folder that was added, and the version it was then.

    Attributes:
        ref: what points at that version.
        path: where it is, relative to the project's folder if it is inside, else absolute.
        parts: of that version's artifact; of a table, the files it was added from.
    """

    ref: RefName
    path: str
    kind: Kind
    artifact: Digest
    parts: tuple[Part, ...]


@dataclass(slots=True)
class PathStatus:
    """How a tracked path stands to the version that was added from it. Paths are relative to it, in order.

    Attributes:
        state: `unchanged`, `changed`, or `missing` if nothing is there.
        files: how many there are now.
        refused: what is there now and cannot be added.
    """

    ref: RefName
    path: str
    artifact: Digest
    state: str = "unchanged"
    files: int = 0
    changed: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def packed(numbers: Iterable[int]) -> bytes:
    """Return size, mtime, ctime and inode of each of some files as stats."""
    numbers = list(numbers)
    try:
        return array("q", numbers).tobytes()
    except OverflowError:  # inode numbers of some network file systems use the highest bit
        return array("Q", [number & (1 << 64) - 1 for number in numbers]).tobytes()


def is_as_known(folder: Folder, known: Known | None) -> bool:
    """Return whether no file of a folder was added, removed, or touched."""
    return known is not None and known.stats == folder.stats and known.names == folder.names


def look(folder: Folder, known: Known | None) -> Look:
    """Return which files of a folder must be read."""
    names = folder.files()
    held = {name: place for place, name in enumerate(known.files())} if known is not None else {}
    digests, before, resized = [b""] * len(names), dict[int, bytes | None](), set[int]()
    for place, name in enumerate(names):
        then = held.pop(name, None)
        if known is None or then is None:
            before[place] = None
            continue
        digest = known.digests[then * DIGEST_BYTES : (then + 1) * DIGEST_BYTES]
        if _stat(folder, place) == _stat(known, then):
            digests[place] = digest
        else:
            before[place] = digest
            if _stat(folder, place)[:8] != _stat(known, then)[:8]:
                resized.add(place)
    return Look(names, digests, before, resized, list(held))


def settled(stats: bytes, *, before_ns: int) -> bytes:
    """Return stats in which each file changed after a moment stands with inode 0: it may have changed again unseen.

    Args:
        stats: of files whose content was read after the moment `before_ns` plus MARGIN_NS.
        before_ns: the moment, by the clock of the file system.
    """
    numbers = array("q", stats)
    times = numbers[1::4] + numbers[2::4]
    if not times or max(times) < before_ns:
        return stats
    for place in range(0, len(numbers), 4):
        if numbers[place + 1] >= before_ns or numbers[place + 2] >= before_ns:
            numbers[place + 3] = 0
    return numbers.tobytes()


def known_of(segments: Iterable[Rows]) -> dict[str, Known]:
    """Return the folders of a manifest by path, with nothing known of their files but sizes and digests."""
    held: dict[str, tuple[list[str], list[bytes], list[int]]] = {}
    for rows in segments:
        for path, raw, size in zip(rows.paths, rows.raws(), rows.sizes, strict=True):
            folder, slash, name = path.rpartition("/")
            names, digests, stats = held.setdefault(folder + slash, ([], [], []))
            names.append(name)
            digests.append(raw)
            stats += (size, 0, 0, 0)
    return {
        path: Known(path, "\0".join(names), array("q", stats).tobytes(), b"".join(digests))
        for path, (names, digests, stats) in held.items()
    }


def in_order(folders: Iterable[Known]) -> Iterator[Rows]:
    """Yield the files of folders in order of their whole paths.

    Args:
        folders: each before those inside it, and those beside each other in order of `name/`.
    """
    around: list[_Pending] = []
    for folder in folders:
        while around and not folder.path.startswith(around[-1].path):
            yield from around.pop().rest()
        if around:
            yield from around[-1].until(folder.path)
        around.append(_Pending(folder))
    while around:
        yield from around.pop().rest()


class _Pending:
    """The files of a folder that were not yielded yet."""

    def __init__(self, folder: Known) -> None:
        self.path = folder.path
        self._rows = Rows(
            [folder.path + name for name in folder.files()], folder.digests, array("Q", array("q", folder.stats)[::4])
        )
        self._place = 0

    def until(self, path: str) -> Iterator[Rows]:
        """Yield those before a path."""
        end = bisect_left(self._rows.paths, path, self._place)
        if self._place < end:
            yield self._rows.part(self._place, end)
        self._place = end

    def rest(self) -> Iterator[Rows]:
        """Yield those left."""
        if self._place < len(self._rows):
            yield self._rows.part(self._place, len(self._rows))


def _stat(folder: Folder, place: int) -> bytes:
    return folder.stats[place * STAT_BYTES : (place + 1) * STAT_BYTES]


def shown(name: str) -> str:
    r"""Return a file's name as it may be printed: on one line, in one direction, with no control of the terminal.

    Example:
        >>> shown("a\nb"), shown("\u202etxt.exe"), shown("\udcff")
        ('a\\nb', '\\u202etxt.exe', '\\xff')
    """
    if name.isprintable():
        return name
    return "".join(letter if letter.isprintable() else _escaped(letter) for letter in name)


def _escaped(letter: str) -> str:
    if "\udc80" <= letter <= "\udcff":
        return f"\\x{ord(letter) - 0xDC00:02x}"
    return letter.encode("unicode_escape").decode()


def some(refused: Sequence[Refused]) -> str:
    """Return the first of what was refused, in words, and how many more there are."""
    words = ", ".join(f"{shown(one.path)} ({one.why})" for one in refused[:SHOWN_REFUSALS])
    more = len(refused) - SHOWN_REFUSALS
    return f"{words}, and {more} more" if more > 0 else words
