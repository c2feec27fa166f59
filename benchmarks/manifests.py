"""CPU of a manifest of ten million files: writing it, changing one file, comparing; and of `status` beside a bare walk.

Run: python -m benchmarks.manifests [rows]
The rows are made up (digests are counted up), as only their number and the length of their paths matter. The folder that is
walked has 200,000 real files in 200 folders; the bare walk is os.scandir with one stat a file, the least that Python can do.
"""

import os
import resource
import sys
import tempfile
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from remint.app import App, initialise
from remint.config import load
from remint.core.artifact import Part
from remint.core.digest import digest_bytes
from remint.core.ids import PrincipalId
from remint.core.manifest import Difference, Rows, cut, decode, difference, encode
from remint.ports.usecases.context import Context

T = TypeVar("T")
IN_A_FOLDER = 1000
FOLDERS, FILES = 200, 1000


def rows(count: int, changed: int | None = None) -> Iterator[Rows]:
    """Yield made-up rows, folder by folder; the digest of one file may differ."""
    for start in range(0, count, IN_A_FOLDER):
        places = range(start, min(start + IN_A_FOLDER, count))
        paths = [f"train/{start // IN_A_FOLDER:06}/image_{place:09}.jpeg" for place in places]
        numbers = [place if place != changed else -place for place in places]
        digests = b"".join([number.to_bytes(8, "little", signed=True) * 4 for number in numbers])
        yield Rows(paths, digests, array("Q", range(start, start + len(paths))))


class Stored:
    """A manifest written to a folder, as the store would hold it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.new_bytes = 0

    def write(self, chunks: Iterator[Rows]) -> list[Part]:
        parts = []
        self.new_bytes = 0
        for segment in cut(chunks):
            content = encode(segment)
            blob = digest_bytes(content)
            place = self._folder / blob.hex
            if not place.exists():
                place.write_bytes(content)
                self.new_bytes += len(content)
            parts.append(Part(segment.paths[0], blob, segment.size_bytes))
        return parts

    def read(self, part: Part) -> Rows:
        return decode((self._folder / part.blob.hex).read_bytes())


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def timed(name: str, work: Callable[[], T], count: int) -> T:
    before = cpu()
    made = work()
    spent = cpu() - before
    print(f"{name:<34} {spent:8.2f} CPU s  {spent / count * 1e6:6.3f} us a file")
    return made


def of_manifests(count: int, folder: Path) -> None:
    stored = Stored(folder)
    made = timed("making the rows (not ours)", lambda: sum(len(chunk) for chunk in rows(count)), count)
    old = timed("cut, encode, hash, write (with it)", lambda: stored.write(rows(count)), count)
    print(f"{made:,} files: {len(old):,} segments, {stored.new_bytes / 1e6:.1f} MB")
    new = timed("the same with one file changed", lambda: stored.write(rows(count, changed=count // 2)), count)
    print(f"rewritten: {stored.new_bytes:,} bytes in {len({part.blob for part in new} - {part.blob for part in old})} segment")
    found: Difference = timed("difference of the two", lambda: difference(old, new, stored.read), count)
    assert (len(found.changed), found.added, found.removed) == (1, [], [])
    assert timed("reading and checking all", lambda: sum(len(stored.read(part)) for part in old), count) == count


def of_folders(folder: Path) -> None:
    tree, count = folder / "tree", FOLDERS * FILES
    for number in range(FOLDERS):
        (tree / f"{number:03}").mkdir(parents=True)
        for name in range(FILES):
            (tree / f"{number:03}" / f"file{name:05}.txt").write_text(f"{number} {name}")
    (folder / "project").mkdir()
    initialise(folder / "project", owner="ana")
    app, context = App(load(folder / "project", environment={})), Context(PrincipalId("ana"), "main")
    timed("add of 200,000 small files", lambda: app.artifacts.add(context, "data/tree", tree), count)
    timed("status, which settles the index", lambda: app.tracking.status("main"), count)
    for _ in range(3):
        timed("bare os.scandir and stat", lambda: bare(tree), count)
        assert timed("status, nothing changed", lambda: app.tracking.status("main"), count)[0].state == "unchanged"
    timed("add again, nothing changed", lambda: app.artifacts.add(context, "data/tree", tree), count)
    (tree / "100" / "file00500.txt").write_text("changed")
    timed("add again, one file changed", lambda: app.artifacts.add(context, "data/tree", tree), count)
    digest = app.refs.artifact(context, "data/tree").digest
    timed("checkout", lambda: app.artifacts.checkout(digest, folder / "out"), count)
    app.close()


def bare(tree: Path) -> None:
    for folder in tree.iterdir():
        with os.scandir(folder) as found:
            for entry in found:
                entry.stat()


def main(count: int = 10_000_000) -> None:
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "segments").mkdir()
        of_manifests(count, Path(place) / "segments")
        of_folders(Path(place))


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
