"""Versions of a folder of small files, beside DVC: add, status, checkout, and what is stored.

Run: python -m benchmarks.folders [--files 100000] [--place /dev/shm]
Both get the same random files of 10 KB, in folders of 1,000, on the same disk; every command is a process of its own. `add
again` adds the unchanged folder; `status` is the first one after it; `add v2` adds it with one file in a hundred changed.
Ratios above 1 are in our favour.
"""

import argparse
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers import DVC, fsync_median_ms, ours, peer, run

BYTES = 10_000
PER_FOLDER = 1_000


class Timed:
    """What a command took: CPU seconds of itself and its children, and wall seconds."""

    def __init__(self, command: Sequence[str | Path], folder: Path) -> None:
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        run(command, folder)
        self.wall_s = time.perf_counter() - began
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def make_files(folder: Path, files: int) -> None:
    content = os.urandom(BYTES * 64)
    for number in range(files):
        place = folder / f"{number // PER_FOLDER:04d}" / f"{number:07d}.bin"
        if number % PER_FOLDER == 0:
            place.parent.mkdir(parents=True)
        start = number * 7 % (BYTES * 63)
        place.write_bytes(number.to_bytes(8, "little") + content[start : start + BYTES - 8])


def warm(place: Path, size: int) -> None:
    """Use as much of the disk or memory as both are going to, and give it back: the first who does pays the machine for it."""
    block, spare = bytes(1 << 20), place / "warm"
    with spare.open("wb") as file:
        for _ in range(size >> 20):
            file.write(block)
    spare.unlink()


def change(folder: Path, files: int) -> None:
    for number in range(0, files, 100):
        place = folder / f"{number // PER_FOLDER:04d}" / f"{number:07d}.bin"
        with place.open("r+b") as file:
            file.seek(5_000)
            file.write(os.urandom(8))


def held(folder: Path) -> tuple[int, int]:
    """Return bytes and number of the files and folders below a folder."""
    places = [place for place in folder.rglob("*") if not place.is_symlink()]
    return sum(place.stat().st_size for place in places if place.is_file()), len(places)


def measure(name: str, project: Path, files: int, commands: dict[str, list[str | Path]], store: Path) -> dict[str, Timed]:
    found: dict[str, Timed] = {}
    size = files * BYTES
    for act in ("add", "add again", "status", "status again"):
        found[act] = Timed(commands[act.partition(" ")[0]], project)
    before, inodes = held(store)
    if name != "remint":
        shutil.rmtree(project / "photos")
    found["checkout"] = Timed(commands["checkout"], project)
    change(project / "photos", files)
    found["add v2"] = Timed(commands["add"], project)
    after, _ = held(store)
    print(
        f"{name}: {before / size:.3f} of the data stored in {inodes:,} inodes, {(after - before) / size:.2%} more for v2",
        flush=True,
    )
    return found


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--files", type=int, default=100_000)
    options.add_argument("--place", type=Path, default=Path("/dev/shm"))
    chosen = options.parse_args()
    dvc = peer(DVC) / "dvc"
    with tempfile.TemporaryDirectory(dir=chosen.place) as place:
        mine, theirs = Path(place) / "ours", Path(place) / "dvc"
        mine.mkdir(), theirs.mkdir()
        run([*ours(), "init"], mine)
        run([dvc, "init", "--no-scm", "-q"], theirs)
        run([dvc, "config", "cache.type", "copy"], theirs)
        print(
            f"{chosen.files:,} files of {BYTES:,} bytes in {chosen.place}; fsync median {fsync_median_ms(Path(place)):.2f} ms"
        )
        warm(Path(place), 7 * chosen.files * BYTES)
        for project in (mine, theirs):
            make_files(project / "photos", chosen.files)
        own = measure(
            "remint",
            mine,
            chosen.files,
            {
                "add": [*ours(), "add", "photos", "--as", "data/photos"],
                "status": [*ours(), "status"],
                "checkout": [*ours(), "checkout", "data/photos", "out"],
            },
            mine / ".remint" / "store",
        )
        other = measure(
            DVC,
            theirs,
            chosen.files,
            {"add": [dvc, "add", "-q", "photos"], "status": [dvc, "status"], "checkout": [dvc, "checkout", "-q"]},
            theirs / ".dvc" / "cache",
        )
    print(f"{'':<12} {'remint wall':>12} {'CPU':>7} {DVC + ' wall':>17} {'CPU':>7} {'ratio wall':>11} {'CPU':>6}")
    for act, one in own.items():
        two = other[act]
        ratios = f"{two.wall_s / one.wall_s:>10.1f}x {two.cpu_s / one.cpu_s:>5.1f}x"
        print(f"{act:<12} {one.wall_s:>10.2f} s {one.cpu_s:>5.2f} s {two.wall_s:>15.2f} s {two.cpu_s:>5.2f} s {ratios}")


if __name__ == "__main__":
    main()
