"""What a small change costs beside the peers: one of 1 KiB in a large file, of 1 % in a table, and an append of 100 rows.

Run: python -m benchmarks.small_changes [--rows 1000000] [--gib 1] [--place /dev/shm]
File and table are added by the commands of both, then changed, and added again; what is new in each store is shown as a share
of the first version. The table is that of `table_versions`, written by pandas each time. Appends: 200 of 100 rows each, in one
process that holds the table open; ours are durable when they return, Delta and Iceberg make no sync.
"""

import argparse
import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.folders import Timed
from benchmarks.peers import DVC, fsync_median_ms, ours, peer
from benchmarks.table_versions import ANA, APPENDS, changes, cpu_s, made_up
from remint.app import App
from remint.config import load

DELTA, ICEBERG, ARROW = "deltalake==1.6.6", "pyiceberg[sql-sqlite]==0.12.0", "pyarrow==26.0.1"
KIB, MIB = 1 << 10, 1 << 20
COMMON = """
import json, resource, sys
import pyarrow.parquet as pq

def cpu_ms():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1e3

folder, count = sys.argv[1], int(sys.argv[2])
table = pq.read_table(folder + "/first.parquet")
rows = table.slice(0, 100)

def timed(append):
    append()
    times = []
    for _ in range(count):
        begun = cpu_ms()
        append()
        times.append(cpu_ms() - begun)
    print(json.dumps(times))
"""
BY_DELTA = (
    COMMON
    + """
from deltalake import DeltaTable, write_deltalake
write_deltalake(folder + "/delta", table)
held = DeltaTable(folder + "/delta")
timed(lambda: write_deltalake(held, rows, mode="append"))
"""
)
BY_ICEBERG = (
    COMMON
    + """
import os
from pyiceberg.catalog.sql import SqlCatalog
os.makedirs(folder + "/iceberg")
catalog = SqlCatalog("c", uri=f"sqlite:///{folder}/iceberg/c.db", warehouse=f"file://{folder}/iceberg")
catalog.create_namespace("n")
held = catalog.create_table("n.t", schema=table.schema)
held.append(table)
timed(lambda: held.append(rows))
"""
)


def bytes_in(store: Path) -> int:
    """Return the bytes a store keeps; copies laid out for reading, which go after a day, are not among them."""
    laid_out = store / "extracted"
    return sum(place.stat().st_size for place in store.rglob("*") if place.is_file() and laid_out not in place.parents)


class Pair:
    """Two projects that version the same file: ours and DVC's."""

    def __init__(self, folder: Path, name: str, words: list[str]) -> None:
        self.places = [folder / "ours" / name, folder / "dvc" / name]
        self.stores = [folder / "ours" / ".remint" / "store", folder / "dvc" / ".dvc" / "cache"]
        dvc = peer(DVC) / "dvc"
        self.commands = [[*ours(), "add", name, "--as", "data/it", *words], [dvc, "add", "-q", name]]
        for place, start in zip(self.places, ([*ours(), "init"], [dvc, "init", "--no-scm", "-q"]), strict=True):
            place.parent.mkdir(parents=True)
            Timed(start, place.parent)

    def add(self, title: str, write: Callable[[Path], object], first: list[int]) -> list[int]:
        """Write the file in both projects, add it, print what that cost, and return what each store holds more now."""
        new, told = [], []
        for place, store, command in zip(self.places, self.stores, self.commands, strict=True):
            place.unlink(missing_ok=True)  # DVC's file may be a link into its cache
            write(place)
            before = bytes_in(store)
            took = Timed(command, place.parent)
            new.append(bytes_in(store) - before)
            told.append(took.cpu_s)
        shares = [f"{bytes_new / whole:9.3%}" for bytes_new, whole in zip(new, first or new, strict=True)]
        print(f"{title:34} new: ours {shares[0]}, DVC {shares[1]};  CPU s: ours {told[0]:6.2f}, DVC {told[1]:6.2f}")
        return new


def of_a_file(folder: Path, size_bytes: int) -> None:
    content = bytearray(os.urandom(size_bytes))
    pair = Pair(folder / "file", "large.bin", [])
    first = pair.add(f"a file of {size_bytes // MIB:,} MiB", lambda place: place.write_bytes(content), [])
    for share in (0.1, 0.5, 0.9):
        at = int(size_bytes * share)
        content[at : at + KIB] = os.urandom(KIB)
        pair.add(f"1 KiB overwritten at {share:.0%}", lambda place: place.write_bytes(content), first)
    at = size_bytes // 3
    content[at:at] = os.urandom(KIB)
    pair.add("1 KiB inserted at 33 %", lambda place: place.write_bytes(content), first)


def of_a_table(folder: Path, table: pa.Table) -> None:
    def writer(version: pa.Table) -> Callable[[Path], object]:
        return lambda place: pq.write_table(pa.Table.from_pandas(version.to_pandas()), place)

    pair = Pair(folder / "table", "table.parquet", ["--table"])
    first = pair.add(f"a table of {table.num_rows:,} rows", writer(table), [])
    for title, version in changes(table).items():
        pair.add(title, writer(version), first)
        pair.add("  and back", writer(table), first)


def told(name: str, times: list[float]) -> str:
    return f"{name:10} CPU ms: median {np.median(times):6.1f}, mean {np.mean(times):6.1f}, most {max(times):6.1f}"


def of_appends(folder: Path, table: pa.Table) -> None:
    folder.mkdir()
    pq.write_table(table, folder / "first.parquet")
    pq.write_table(table.slice(0, 100), folder / "rows.parquet")
    Timed([*ours(), "init"], folder)
    Timed([*ours(), "add", "first.parquet", "--as", "data/first", "--table"], folder)
    app = App(load(folder, environment={}))
    appender = app.table_versions.appender(ANA, "data/first")
    appender.append([folder / "rows.parquet"])
    times = []
    for _ in range(APPENDS):
        begun = cpu_s()
        appender.append([folder / "rows.parquet"])
        times.append((cpu_s() - begun) * 1e3)
    app.close()
    print(f"\n{APPENDS} appends of 100 rows to {table.num_rows:,}")
    print(told("ours", times))
    for requirement, code in ((DELTA, BY_DELTA), (ICEBERG, BY_ICEBERG)):
        python = peer(requirement, ARROW) / "python"
        done = subprocess.run([python, "-c", code, folder, str(APPENDS)], check=True, capture_output=True, text=True)
        print(told(requirement.partition("=")[0].partition("[")[0], json.loads(done.stdout)))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--gib", type=float, default=1)
    parser.add_argument("--place", type=Path, default=Path("/dev/shm"))
    given = parser.parse_args()
    table = made_up(given.rows)
    with tempfile.TemporaryDirectory(dir=given.place) as name:
        folder = Path(name)
        print(f"fsync median {fsync_median_ms(folder):.1f} ms")
        of_a_file(folder, int(given.gib * KIB) * MIB)
        print()
        of_a_table(folder, table)
        of_appends(folder / "appends", table)


if __name__ == "__main__":
    main()
