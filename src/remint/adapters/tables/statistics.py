"""Statistics of a table's columns, computed by DuckDB over the version with its edits applied, in two passes.

A table of few values is held and told exactly. A larger one is read a row group at a time, and what would need all values at
once (distinct values, quartiles, most frequent values) is estimated.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from remint.adapters.tables.parquet import Segments
from remint.core.tabletype import TypeTag
from remint.ports.showing import ColumnSummary, OnRows, TableSummary

if TYPE_CHECKING:
    import duckdb

EXACT_VALUES: Final = 20_000_000
"""A table of no more values (rows times columns) is told exactly."""
BARS: Final = 24
TOP: Final = 8
LONGEST_TEXT: Final = 200
"""Longer texts are told by their first letters."""


@dataclass(frozen=True, slots=True)
class _Column:
    """A column that DuckDB sees as `c0`, `c1` and so on: names of users may differ in case alone."""

    summary: ColumnSummary
    place: int
    kind: pa.DataType

    @property
    def name(self) -> str:
        return f"c{self.place}"

    @property
    def values(self) -> str:
        """The SQL of its values, the finite ones of floats."""
        return f"(case when isfinite({self.name}) then {self.name} end)" if self.is_float else self.name

    @property
    def is_float(self) -> bool:
        return bool(pa.types.is_floating(self.kind))

    @property
    def is_measured(self) -> bool:
        """Whether its values are numbers or times."""
        return self.summary.kind in {"number", "time"}

    @property
    def number(self) -> str:
        """The SQL of its values as doubles; of times, seconds."""
        return f"epoch({self.name})" if self.summary.kind == "time" else f"cast({self.values} as double)"


class DuckStatistics:
    """See ports.showing.Statistics."""

    def summary(self, files: Sequence[Path], *, on_rows: OnRows | None = None) -> TableSummary:
        """Return what can be said of a table."""
        segments = Segments(files)
        summaries = [ColumnSummary(one.name, str(one.type), _kind(one.type)) for one in segments.fields]
        is_exact = segments.rows * len(summaries) <= EXACT_VALUES
        reading = _Reading(segments, summaries, is_exact=is_exact, on_rows=on_rows)
        reading.describe()
        return TableSummary(segments.rows, is_exact, summaries)


class _Reading:
    """Two passes over one table."""

    def __init__(
        self, segments: Segments, summaries: Sequence[ColumnSummary], *, is_exact: bool, on_rows: OnRows | None
    ) -> None:
        self._segments = segments
        self._is_exact = is_exact
        self._on_rows = on_rows
        self._done = 0
        self._summaries = summaries
        schema = segments.schema
        told = [(place, one) for place, one in enumerate(summaries) if one.kind != "other"]
        self._columns = [_Column(one, place, _readable(schema.field(place).type)) for place, one in told]
        self._spans: list[tuple[_Column, float, float]] = []
        self._held: pa.Table | None = None

    def describe(self) -> None:
        """Fill in the summaries."""
        import duckdb

        connection = duckdb.connect(
            config={"threads": 1, "autoinstall_known_extensions": False, "autoload_known_extensions": False}
        )
        try:
            connection.execute("SET TimeZone = 'UTC'")
            self._first(connection)
            self._second(connection)
            if self._is_exact:
                self._tops(connection)
        finally:
            connection.close()

    # ---- reading

    def _register(self, connection: "duckdb.DuckDBPyConnection", *, is_first: bool) -> None:
        schema = pa.schema([pa.field(column.name, column.kind) for column in self._columns])
        if self._held is None:
            reader = pa.RecordBatchReader.from_batches(schema, self._batches(schema, is_first=is_first))
            self._held = reader.read_all() if self._is_exact else None
            if self._held is None:
                connection.register("this", reader)
                return
        connection.register("this", self._held)

    def _batches(self, schema: pa.Schema, *, is_first: bool) -> Iterator[pa.RecordBatch]:
        passes = 1 if self._is_exact else 2
        for part in self._segments.parts(0, self._segments.rows):
            if is_first:
                for summary, column in zip(self._summaries, part.columns, strict=True):
                    summary.nulls += column.null_count
            columns = [part.column(column.place).cast(column.kind) for column in self._columns]
            if columns:
                yield from pa.Table.from_arrays(columns, schema=schema).to_batches()
            self._done += part.num_rows
            if self._on_rows is not None:
                self._on_rows(self._done, passes * self._segments.rows)

    def _ask(
        self, connection: "duckdb.DuckDBPyConnection", wanted: Sequence[str], given: Sequence[float] = (), *, is_first: bool
    ) -> Iterator[Any]:
        self._register(connection, is_first=is_first)
        found = connection.execute(f"select count(*), {', '.join(wanted)} from this", list(given)).fetchall()  # noqa: S608
        return iter(found[0][1:])

    # ---- what is asked

    def _first(self, connection: "duckdb.DuckDBPyConnection") -> None:
        if not self._columns:
            for _ in self._batches(pa.schema([]), is_first=True):
                pass
            return
        distinct = "count(distinct {})" if self._is_exact else "approx_count_distinct({})"
        wanted: list[str] = []
        for column in self._columns:
            values = column.values
            wanted += [distinct.format(values), *_ends(column), f"count({column.name}) - count({values})"]
            if column.is_measured:
                wanted += [f"min({column.number})", f"max({column.number})"]
            elif not self._is_exact:
                wanted.append(f"approx_top_k({_short(column)}, {TOP})")
        answers = self._ask(connection, wanted, is_first=True)
        for column in self._columns:
            one = column.summary
            one.distinct, one.minimum, one.maximum, one.not_finite = (next(answers) for _ in range(4))
            if column.is_measured:
                low, high = next(answers), next(answers)
                if low is not None and isfinite(high - low):
                    self._spans.append((column, low, high - low))
            elif not self._is_exact:
                one.top = [(value, 0) for value in next(answers) or ()]

    def _second(self, connection: "duckdb.DuckDBPyConnection") -> None:
        """Ask what needs the least and the greatest value, or the most frequent ones, first."""
        wanted: list[str] = []
        given: list[Any] = []
        counted = [column for column in self._columns if column.summary.top]
        for column, low, span in self._spans:
            part = f"(({column.number} - ?) / ?)"
            quantile = "quantile_cont" if self._is_exact else "approx_quantile"
            bars, each = _bars(column, span)
            place = f"({column.number} - ?) / {each}" if each else f"{part} * {bars}"
            bar = f"least(cast(floor({place}) as integer), {bars - 1})"
            wanted += [
                f"avg({part})",
                f"stddev_samp({part})",
                f"{quantile}({column.number}, [0.25, 0.5, 0.75])",
                f"histogram({bar}) filter ({column.number} is not null)",
            ]
            given += [low, span or 1.0] * 2 + [low] + [span or 1.0] * (not each)
        for column in counted:
            wanted += [f"count(*) filter ({_short(column)} = ?)" for _ in column.summary.top]
            given += [value for value, _ in column.summary.top]
        if not wanted:
            return
        answers = self._ask(connection, wanted, given, is_first=False)
        for column, low, span in self._spans:
            _take(column, low, span, [next(answers) for _ in range(4)])
        for column in counted:
            top = [(value, next(answers)) for value, _ in column.summary.top]
            column.summary.top = sorted(top, key=lambda one: (-one[1], str(one[0])))

    def _tops(self, connection: "duckdb.DuckDBPyConnection") -> None:
        for column in self._columns:
            if not column.is_measured:
                value = _short(column)
                column.summary.top = connection.execute(
                    f"select {value}, count(*) from this where {column.name} is not null "  # noqa: S608 - names of our own
                    f"group by all order by 2 desc, 1 limit {TOP}"
                ).fetchall()


def _short(column: _Column) -> str:
    return f"left({column.name}, {LONGEST_TEXT})" if column.summary.kind == "text" else column.name


def _ends(column: _Column) -> list[str]:
    """Return the SQL of the least and the greatest value, as they are told."""
    if column.summary.kind == "text":
        return [f"left(min({column.name}), {LONGEST_TEXT})", f"left(max({column.name}), {LONGEST_TEXT})"]
    if column.summary.kind == "time":
        return [f"cast(min({column.name}) as varchar)", f"cast(max({column.name}) as varchar)"]
    return [f"min({column.values})", f"max({column.values})"]


def _bars(column: _Column, span: float) -> tuple[int, int]:
    """Return how many bars a column has, and how many integers lie in each; 0 of what is no integer."""
    if not span:
        return 1, 0
    if not pa.types.is_integer(column.kind) or span >= 2**53:
        return BARS, 0
    each = ceil((span + 1) / BARS)
    return ceil((span + 1) / each), each


def _take(column: _Column, low: float, span: float, answers: Sequence[Any]) -> None:
    mean, deviation, quartiles, bars = answers
    one = column.summary
    counts = {int(key): int(count) for key, count in _pairs(bars)}
    one.bars = [counts.get(place, 0) for place in range(_bars(column, span)[0])]
    numbers = list(quartiles)
    if one.kind == "time":
        one.quartiles = _as_times(numbers, column.kind)
    else:
        one.quartiles = numbers
        one.mean, one.deviation = low + span * mean, None if deviation is None else span * deviation


def _pairs(found: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 - a map of DuckDB
    if isinstance(found, dict) and set(found) == {"key", "value"} and isinstance(found["key"], list):
        yield from zip(found["key"], found["value"], strict=True)
    else:
        yield from dict(found).items()


def _as_times(seconds: Sequence[float], kind: pa.DataType) -> list[str]:
    """Return times since 1970 as DuckDB writes them; none if Python's calendar does not reach them."""
    import datetime as dt

    form = "%Y-%m-%d" if pa.types.is_date(kind) else "%H:%M:%S" if pa.types.is_time(kind) else "%Y-%m-%d %H:%M:%S"
    zone = "+00" if pa.types.is_timestamp(kind) and kind.tz else ""
    try:
        return [(dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=one)).strftime(form) + zone for one in seconds]
    except OverflowError:
        return []


def _kind(tag: TypeTag) -> str:
    if tag.kind in {"timestamp", "decimal"}:
        return "time" if tag.kind == "timestamp" else "number"
    if tag.kind != "plain":
        return "other"
    name = tag.name
    if name == "utf8":
        return "text"
    if name == "bool":
        return "truth"
    if name.startswith(("date", "time")):
        return "time"
    return "number" if name.startswith(("int", "uint", "float")) else "other"


def _readable(kind: pa.DataType) -> pa.DataType:
    """Return a type that DuckDB reads and in which its values can be told as Python's."""
    if pa.types.is_float16(kind):
        return pa.float32()
    if pa.types.is_decimal256(kind):
        return pa.float64()
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", kind.tz)
    return pa.time64("us") if pa.types.is_time(kind) else kind
