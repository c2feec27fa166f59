"""What versions of a table cost: bytes and CPU of small changes, and CPU of appends.

Run: python -m benchmarks.table_versions [rows]
The table has ten columns of made-up values, among them text, timestamps and nulls. Each change is written by pandas, DuckDB and
Polars, which encode everything anew, then added through the service: CPU seconds hold reading, finding, storing, proving and
the commit. For the syncs of appends:
strace -f -c -e trace=fsync,fdatasync python -m benchmarks.table_versions 100000
"""

import resource
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from remint.adapters.tables.parquet import write_segment
from remint.app import App, initialise
from remint.config import load
from remint.core.ids import PrincipalId
from remint.ports.usecases.context import Context

ANA = Context(PrincipalId("ana"), "main")
APPENDS = 200
CHANGED_AT_ONCE = ["number0", "number1", "number2", "number3", "count", "group", "user", "at"]


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def made_up(rows: int) -> pa.Table:
    draw = np.random.default_rng(0)
    numbers = {f"number{place}": draw.normal(size=rows) for place in range(4)}
    return pa.table(
        {
            "id": np.arange(rows),
            **numbers,
            "count": draw.integers(0, 1000, rows),
            "group": pa.array(draw.integers(0, 5000, rows).astype(str)),
            "user": pa.array([f"user-{number}" for number in draw.integers(0, 1 << 30, rows)]),
            "at": pa.array(draw.integers(0, 1 << 50, rows), pa.timestamp("us", "UTC"), mask=draw.random(rows) < 0.1),
            "flag": pa.array(draw.random(rows) < 0.5),
        }
    )


def edited(table: pa.Table, places: np.ndarray, columns: list[str]) -> pa.Table:
    """Return the table with the values of other rows at some places of some columns."""
    draw = np.random.default_rng(1)
    for name in columns:
        order = np.arange(table.num_rows)
        order[places] = draw.integers(0, table.num_rows, len(places))
        table = table.set_column(table.column_names.index(name), name, table[name].take(pa.array(order)))
    return table


def changes(table: pa.Table) -> dict[str, pa.Table]:
    rows = table.num_rows
    count, draw = rows // 100, np.random.default_rng(2)
    places = np.sort(draw.choice(rows, count, replace=False))
    middle = np.arange(rows // 2, rows // 2 + count)
    inserted = np.insert(np.arange(rows), np.sort(draw.choice(rows, count)), draw.integers(0, rows, count))
    return {
        "1 % edited, scattered, 8 columns": edited(table, places, CHANGED_AT_ONCE),
        "1 % edited, one range, 1 column": edited(table, middle, ["number0"]),
        "1 % inserted, scattered": table.take(pa.array(inserted)),
        "1 % inserted, in the middle": pa.concat_tables(
            [table.slice(0, rows // 2), table.slice(0, count), table.slice(rows // 2)]
        ),
        "1 % deleted, scattered": table.take(pa.array(np.delete(np.arange(rows), places))),
        "1 % deleted, one range": table.take(pa.array(np.delete(np.arange(rows), middle))),
        "1 % appended": pa.concat_tables([table, table.slice(0, count)]),
    }


def by_duckdb(table: pa.Table, path: Path) -> None:
    connection = duckdb.connect()
    connection.register("changed", table)
    connection.execute(f"copy changed to '{path}' (format parquet)")


WRITERS: dict[str, Callable[[pa.Table, Path], object]] = {
    "pandas": lambda table, path: pq.write_table(pa.Table.from_pandas(table.to_pandas()), path),
    "duckdb": by_duckdb,
    "polars": lambda table, path: pl.from_arrow(table).write_parquet(path),
}


def main(rows: int) -> None:
    table = made_up(rows)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        initialise(root, owner="ana")
        app = App(load(root, environment={}))
        write_segment(table, root / "first.parquet")
        first = app.artifacts.add(ANA, "data/first", root / "first.parquet").artifact
        print(f"{rows:,} rows, 10 columns, {first.size_bytes:,} bytes\n")
        print(f"{'change':34} {'writer':8} {'bytes':>8} {'CPU s':>6}")
        for name, changed in changes(table).items():
            for writer, write in WRITERS.items():
                ref = f"data/{abs(hash((name, writer)))}"
                app.refs.move(ANA, ref, to=first.digest, expect=None, reason="start")
                write(changed, root / "changed.parquet")
                begun = cpu_s()
                done = app.artifacts.add(ANA, ref, root / "changed.parquet").change
                print(f"{name:34} {writer:8} {done.stored_bytes / first.size_bytes:8.2%} {cpu_s() - begun:6.2f}")
        write_segment(table.slice(0, 100), root / "rows.parquet")
        appender = app.table_versions.appender(ANA, "data/first")
        appender.append([root / "rows.parquet"])
        times = []
        for _ in range(APPENDS):
            begun = cpu_s()
            last = appender.append([root / "rows.parquet"])
            times.append((cpu_s() - begun) * 1000)
        segments = len(last.artifact.facts["segment_rows"])
        told = f"median {np.median(times):.1f}, mean {np.mean(times):.1f}, most {max(times):.1f}"
        print(f"\nappend of 100 rows: CPU ms {told}; {segments} segments after {APPENDS} appends")
        app.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
