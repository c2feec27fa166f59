"""The content store: many small files, one large file, and small durable blobs.

Run: python -m benchmarks.store_files [FOLDER] [COUNT]
FOLDER is where the files and the store go (default: /dev/shm, so that no disk is in the figures). Files: COUNT of 10 KB of
random bytes, put with `put_files`, put again, and written with `write_files`, each beside a loop that hashes and makes only
the calls to the system. Large: 1 GiB put in chunks; then 1 KiB of it overwritten, and 1 KiB inserted, at several places, and
put again. Durable: three new blobs of 300 bytes and a flush.
"""

import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from remint.adapters.blobs.local import LocalBlobs
from remint.core.digest import raw_digest

SIZE = 10_240
GIB = 1 << 30
KIB = 1 << 10


def used() -> float:
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime


def timed(name: str, work: Callable[[], Any], *, per: int = 1) -> Any:
    cpu, wall = used(), time.perf_counter()
    made = work()
    cpu, wall = used() - cpu, time.perf_counter() - wall
    print(f"{name:44} cpu {cpu:7.3f} s  wall {wall:7.3f} s" + (f"  {cpu / per * 1e6:6.1f} us cpu each" if per > 1 else ""))
    return made


def bytes_in(root: Path) -> int:
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file())


def least_put(paths: list[str], pack: Path) -> None:
    """Make the calls that keeping files cannot do without, and nothing else."""
    out, waiting, at, kept = os.open(pack, os.O_WRONLY | os.O_CREAT), [], 0, []
    for path in paths:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        size = os.fstat(handle).st_size
        waiting.append(os.read(handle, size + 1))
        found = os.fstat(handle)
        os.close(handle)
        kept.append((raw_digest(waiting[-1]), found))
        if len(waiting) == 100:
            at += os.pwritev(out, waiting, at)
            waiting = []
    os.close(out)


def least_write(paths: list[str], pack: Path) -> None:
    """Make the calls that writing verified files cannot do without, and nothing else."""
    source, slab = os.open(pack, os.O_RDONLY), memoryview(bytearray(100 * SIZE))
    for number, path in enumerate(paths):
        if number % 100 == 0:
            os.preadv(source, [slab], 0)
        content = slab[number % 100 * SIZE :][:SIZE]
        raw_digest(content)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        os.write(handle, content)
        os.close(handle)
    os.close(source)


def small_files(folder: Path, count: int) -> None:
    source, target = folder / "files", folder / "out"
    paths = [f"{source}/{n % 100:02}/{n:06}" for n in range(count)]
    wanted = [f"{target}/{n % 100:02}/{n:06}" for n in range(count)]
    for n in range(100):
        (source / f"{n:02}").mkdir(parents=True)
        (target / f"{n:02}").mkdir(parents=True)
    for path in paths:
        with open(path, "wb") as file:  # noqa: PTH123
            file.write(os.urandom(SIZE))
    blobs = LocalBlobs(folder / "store")
    timed("the least a loop can do for that", lambda: least_put(paths, folder / "least"), per=count)
    (folder / "least").unlink()
    put = timed(f"put_files of {count} x {SIZE} B", lambda: list(blobs.put_files(paths)), per=count)
    timed("flush", blobs.flush)
    print(f"{'':44} {sum(1 for path in (folder / 'store').rglob('*') if path.is_file())} files in the store")
    blobs = LocalBlobs(folder / "store")
    timed("put_files again, nothing new", lambda: list(blobs.put_files(paths)), per=count)
    shutil.rmtree(source)
    blobs = LocalBlobs(folder / "store")
    pairs = [(raw, path) for (raw, _), path in zip(put, wanted, strict=True)]
    pack = max((folder / "store" / "packs").iterdir(), key=lambda path: path.stat().st_size)
    timed("the least a loop can do for that", lambda: least_write(wanted, pack), per=count)
    for path in wanted:
        os.unlink(path)  # noqa: PTH108
    timed("write_files", lambda: blobs.write_files(pairs), per=count)
    shutil.rmtree(folder)


def large_file(folder: Path) -> None:
    folder.mkdir()
    path, root = folder / "large", folder / "store"
    with path.open("wb") as file:
        for _ in range(GIB >> 20):
            file.write(os.urandom(1 << 20))
    blobs = LocalBlobs(root)
    digest, _ = timed("put_file of 1 GiB", lambda: blobs.put_file(path))
    held = bytes_in(root)
    print(f"{'':44} {held / GIB - 1:.3%} more than its bytes")
    for share in (0.1, 0.3, 0.5, 0.7, 0.9):
        at = int(GIB * share)
        with path.open("r+b") as file:
            file.seek(at)
            file.write(os.urandom(KIB))
        timed(f"put_file, 1 KiB overwritten at {share:.0%}", lambda: blobs.put_file(path))
        held, before = bytes_in(root), held
        print(f"{'':44} {(held - before) / GIB:.4%} new")
    for share in (0.2, 0.5, 0.8):
        content = path.read_bytes()
        at = int(len(content) * share)
        path.write_bytes(content[:at] + os.urandom(KIB) + content[at:])
        timed(f"put_file, 1 KiB inserted at {share:.0%}", lambda: blobs.put_file(path))
        held, before = bytes_in(root), held
        print(f"{'':44} {(held - before) / GIB:.4%} new")
    timed("get of 1 GiB", lambda: blobs.get(digest))
    shutil.rmtree(folder)


def durable(folder: Path, count: int = 2000) -> None:
    blobs = LocalBlobs(folder / "store")
    contents = [os.urandom(300) for _ in range(3 * count)]

    def keep() -> None:
        for at in range(0, len(contents), 3):
            for content in contents[at : at + 3]:
                blobs.put(content)
            blobs.flush()

    timed(f"{count} x three durable blobs", keep, per=count)
    print(f"{'':44} {sum(1 for path in (folder / 'store').rglob('*') if path.is_file())} files in the store")
    shutil.rmtree(folder)


def main() -> None:
    base = Path(sys.argv[1] if len(sys.argv) > 1 else "/dev/shm")
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    with tempfile.TemporaryDirectory(dir=base) as name:
        small_files(Path(name) / "small", count)
        large_file(Path(name) / "large")
        durable(Path(name) / "durable")


if __name__ == "__main__":
    main()
