"""What checking a data contract costs, beside one hand-written DuckDB query that asks the same of the same file.

Run: python benchmarks/contract_scan.py
A million rows of 20 columns with one planted violation; nulls, ranges, sets, patterns and a unique key. Prints CPU seconds, the
best of several runs of each, taken in turn, and their ratio. The hand-written query only counts; ours also names the row.
"""

import argparse
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from remint.adapters.tables.contract_scan import scan
from remint.adapters.tables.parquet import write_segment
from remint.core.contract import Column, Contract

CARRIERS = ("AA", "B6", "DL", "UA")


def planted(rows: int) -> pa.Table:
    draw = np.random.default_rng(0)
    columns = {"id": draw.permutation(rows)}
    columns |= {f"f{place}": draw.normal(size=rows) for place in range(6)}
    columns |= {f"i{place}": draw.integers(0, 1000, rows) for place in range(6)}
    columns |= {f"c{place}": np.array(CARRIERS)[draw.integers(0, 4, rows)] for place in range(3)}
    columns |= {f"t{place}": np.char.add("N", draw.integers(10_000, 99_999, rows).astype(str)) for place in range(2)}
    columns["on_time"] = draw.random(rows) < 0.5
    columns["at"] = (1_356_998_400_000_000 + draw.integers(0, 10**13, rows)).astype("datetime64[us]")
    columns["f3"][rows * 3 // 4] = 99.0
    return pa.table(columns)


def promised() -> Contract:
    columns = [Column("id", "int64", nullable=False)]
    columns += [Column(f"f{place}", "float64", nullable=False, minimum=-10, maximum=10) for place in range(6)]
    columns += [Column(f"i{place}", "int64", nullable=False, minimum=0, maximum=999) for place in range(6)]
    columns += [Column(f"c{place}", "utf8", nullable=False, allowed=CARRIERS) for place in range(3)]
    columns += [Column(f"t{place}", "utf8", nullable=False, pattern="N[0-9]{5}") for place in range(2)]
    columns += [Column("on_time", "bool", nullable=False), Column("at", "timestamp[us]", nullable=False)]
    return Contract(tuple(columns), key=("id",), time="at", min_rows=1)


def by_hand(path: Path, names: list[str]) -> str:
    asked = [f'count(*) filter (where "{name}" is null)' for name in names]
    asked += [f"count(*) filter (where not f{place} between -10 and 10)" for place in range(6)]
    asked += [f"count(*) filter (where not i{place} between 0 and 999)" for place in range(6)]
    asked += [f"count(*) filter (where c{place} not in {CARRIERS})" for place in range(3)]
    asked += [f"count(*) filter (where not regexp_full_match(t{place}, 'N[0-9]{{5}}'))" for place in range(2)]
    return f"select count(*), count(distinct id), {', '.join(asked)} from read_parquet('{path}')"


def cpu_s(call) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--runs", type=int, default=7)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.parquet"
        table = planted(chosen.rows)
        write_segment(table, path)
        contract, query = promised(), by_hand(path, table.column_names)

        def hand():
            with duckdb.connect(config={"threads": 2}) as engine:
                engine.execute(query).fetchall()

        def ours():
            (found,) = scan(contract, [path], threads=2).violations
            assert found.samples[0].rows == (chosen.rows * 3 // 4 + 1,)

        pairs = [(cpu_s(hand), cpu_s(ours)) for _ in range(chosen.runs)]
        in_memory = min(cpu_s(lambda: scan(contract, table, threads=2)) for _ in range(chosen.runs))
    best_hand, best_ours = (min(times) for times in zip(*pairs, strict=True))
    print(f"rows {chosen.rows:,}, columns {table.num_columns}, one planted violation, best of {chosen.runs}, CPU seconds")
    print(f"hand-written scan  {best_hand:.3f}")
    print(f"contract scan      {best_ours:.3f}   ratio {best_ours / best_hand:.2f} (target 1.5 or less)")
    print(f"from Arrow memory  {in_memory:.3f}")


if __name__ == "__main__":
    main()
