"""A shuffled epoch of many small files read from packs, beside the same files read where they lie, in the same order of chance.

    python -m benchmarks.samples [FILES] [FOLDER]

FOLDER is where the files and the project are made; a temporary folder if it is not given. Each reader is a process of its own.
It reads twice: first with nothing in the page cache, then with all of it there. CPU is user and system time of that process.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.peers import clean, ours, run

FILE_BYTES = 10_000
BATCH = 64
RUNS = 3


def loose(root: Path) -> int:
    """Read the files of the folder in a shuffled order; return how many bytes there were."""
    paths = [f"{folder}/{name}" for folder, _, names in os.walk(root / "landing") for name in names]
    random.Random(1).shuffle(paths)
    count = 0
    for path in paths:
        with open(path, "rb") as file:  # noqa: PTH123 - as a loop over many files is written
            count += len(file.read())
    return count


def map_style(root: Path) -> int:
    """Read the samples in a shuffled order in batches, as a DataLoader asks for them."""
    import remint

    samples = remint.samples("data/landing", root)
    order = list(range(len(samples)))
    random.Random(1).shuffle(order)
    batches = (samples.__getitems__(order[start : start + BATCH]) for start in range(0, len(order), BATCH))
    return sum(len(sample.content) for batch in batches for sample in batch)


def stream(root: Path) -> int:
    """Read the samples as a shuffled stream."""
    import remint

    return sum(len(sample.content) for sample in remint.samples("data/landing", root).stream(seed=1))


READERS = {"loose files": loose, "samples": map_style, "stream": stream}


def measured(reader: str, root: Path) -> dict[str, float]:
    """Read from the disk, then from the page cache; return wall and CPU seconds of each."""
    subprocess.run(["sync"], check=True)
    for path in [*(root / "landing").rglob("*"), *(root / ".remint" / "store").rglob("*")]:
        if path.is_file():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    told = {}
    for times in ("disk", "cache"):
        wall, cpu = time.perf_counter(), time.process_time()
        told["bytes"] = READERS[reader](root)
        told |= {f"{times} wall": time.perf_counter() - wall, f"{times} cpu": time.process_time() - cpu}
    return told


def best(reader: str, root: Path) -> dict[str, float]:
    """Return the smallest figures of some runs."""
    command = [sys.executable, "-m", "benchmarks.samples", "--read", reader, str(root)]
    cwd = Path(__file__).parents[1]
    env = {**clean(), "PYTHONPATH": f"{cwd / 'src'}"}
    told = [json.loads(subprocess.run(command, cwd=cwd, env=env, check=True, stdout=-1).stdout) for _ in range(RUNS)]
    return {name: min(one[name] for one in told) for name in told[0]}


def main(files: int, root: Path) -> None:
    draw = random.Random(0)
    for number in range(files):
        path = root / "landing" / f"{number % 100:02}" / f"{number:07}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(draw.randbytes(FILE_BYTES))
    run([*ours(), "init"], root)
    run([*ours(), "add", "landing", "--as", "data/landing"], root)
    found = {reader: best(reader, root) for reader in READERS}
    assert len({one["bytes"] for one in found.values()}) == 1, found
    peer = found["loose files"]
    print(f"{files:,} files of {FILE_BYTES:,} bytes, shuffled; samples are verified, loose files are not")
    for times in ("disk", "cache"):
        print(f"from the {times}")
        for reader, one in found.items():
            wall, cpu = one[f"{times} wall"], one[f"{times} cpu"]
            ratios = f"{peer[f'{times} wall'] / wall:.2f} wall, {peer[f'{times} cpu'] / cpu:.2f} CPU"
            print(f"  {reader:<12} {wall:6.2f} s  {cpu:6.2f} CPU s  {1e6 * cpu / files:5.1f} CPU us a file  ratio {ratios}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--read"]:
        print(json.dumps(measured(sys.argv[2], Path(sys.argv[3]))))
    elif len(sys.argv) > 2:
        main(int(sys.argv[1]), Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000, Path(folder))
