"""A data contract: what a table promises, as data that is versioned, diffed and approved like code.

The rules here are pure. What needs the rows is asked of an adapter, which answers with violations; an empty answer is a kept
contract. Row numbers are counted from 1, the first row of the table.
"""

import datetime as dt
import decimal
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeAlias

from remint.core import canonical
from remint.core.tabletype import TypeTag, parse_tag
from remint.errors import ContractBroken, Invalid

Bound: TypeAlias = int | float | decimal.Decimal | dt.date | dt.datetime
Allowed: TypeAlias = int | bool | str | decimal.Decimal | dt.date

SAMPLES: Final = 10
VERSION: Final = 1
_INTEGERS: Final = re.compile(r"u?int(8|16|32|64)")
_FLOATS: Final = ("float16", "float32", "float64")
_PARTS: Final = {"version", "columns", "key", "time", "min_rows", "checks", "extra_columns"}


@dataclass(frozen=True, slots=True)
class Column:
    """What one column promises.

    Attributes:
        name: the column.
        type: its type tag, for example `int64` or `timestamp[us,UTC]`.
        nullable: whether it may hold nulls. Every other rule lets nulls pass.
        minimum: the smallest value, itself allowed; None for no bound. Numbers, dates and timestamps only. A NaN is never
            within a bound.
        maximum: the largest value, itself allowed.
        allowed: every value it may hold; None for any. Text, integers, booleans, decimals and dates only.
        pattern: a regular expression (RE2) that the whole text matches; None for any text.

    Raises:
        Invalid: the type is unknown, or a rule does not fit it.

    Example:
        >>> Column("dep_delay", "float64", minimum=-120, maximum=3000).nullable
        True
    """

    name: str
    type: str
    nullable: bool = True
    minimum: Bound | None = None
    maximum: Bound | None = None
    allowed: tuple[Allowed, ...] | None = None
    pattern: str | None = None

    def __post_init__(self) -> None:
        tag = parse_tag(self.type)
        if str(tag) != self.type:
            _refuse(self.name, f"its type is written {tag}, not {self.type}")
        for bound in (self.minimum, self.maximum):
            if bound is not None and not _fits_bound(tag, bound):
                _refuse(self.name, f"{bound!r} is no bound for {tag}")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:  # type: ignore[operator]
            _refuse(self.name, f"its minimum {self.minimum} is above its maximum {self.maximum}")
        object.__setattr__(self, "minimum", _in_utc(self.minimum))
        object.__setattr__(self, "maximum", _in_utc(self.maximum))
        if self.allowed is not None:
            _require_allowed(self.name, tag, self.allowed)
            ordered = sorted(self.allowed, key=lambda value: canonical.dumps(canonical.encode_value(value)))
            object.__setattr__(self, "allowed", tuple(ordered))
        if self.pattern is not None:
            _require_pattern(self.name, tag, self.pattern)


def _in_utc(bound: Bound | None) -> Bound | None:
    return bound.astimezone(dt.UTC) if isinstance(bound, dt.datetime) and bound.tzinfo is not None else bound


def _is_integer(tag: TypeTag) -> bool:
    return bool(_INTEGERS.fullmatch(tag.name))


def _fits_bound(tag: TypeTag, value: object) -> bool:
    kind = type(value)
    if _is_integer(tag):
        return kind is int
    if tag.name in _FLOATS:
        return kind is int or (kind is float and not math.isnan(value))  # type: ignore[arg-type]
    if tag.kind == "timestamp":
        return isinstance(value, dt.datetime) and (value.tzinfo is None) == (tag.zone is None)
    if tag.name == "date32":
        return kind is dt.date
    return _fits_decimal(tag, value)


def _fits_decimal(tag: TypeTag, value: object) -> bool:
    if tag.kind != "decimal" or tag.precision > 38:
        return False
    return type(value) is int or (isinstance(value, decimal.Decimal) and value.is_finite())


def _fits_allowed(tag: TypeTag, value: object) -> bool:
    if tag.name in ("utf8", "bool", "date32") or _is_integer(tag):
        return type(value) is {"utf8": str, "bool": bool, "date32": dt.date}.get(tag.name, int)
    return _fits_decimal(tag, value)


def _require_allowed(name: str, tag: TypeTag, values: tuple[Allowed, ...]) -> None:
    if not values:
        _refuse(name, "it allows no value at all")
    for value in values:
        if not _fits_allowed(tag, value):
            _refuse(name, f"{value!r} cannot be an allowed value of {tag}")
    if len(set(values)) < len(values):
        _refuse(name, "a value is allowed twice")


def _require_pattern(name: str, tag: TypeTag, pattern: str) -> None:
    if tag.name != "utf8":
        _refuse(name, f"a pattern is for text, not for {tag}")
    try:
        re.compile(pattern)
    except re.error as error:
        _refuse(name, f"its pattern {pattern!r} is no regular expression: {error}")


def _refuse(column: str, why: str) -> NoReturn:
    raise Invalid(
        f"column {column!r} of the contract is wrong", why=why, next_step="correct the rule of this column", column=column
    )


@dataclass(frozen=True, slots=True)
class Check:
    """A rule over one row, in SQL; a row breaks it where it is false (not where it is null).

    Attributes:
        name: what the rule is called in reports.
        sql: a boolean expression over the columns, for example `dep_time <= arr_time or overnight`.
    """

    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class Contract:
    """What a table promises.

    Attributes:
        columns: the columns it has, in any order.
        key: names of columns that together tell rows apart; they hold no null.
        time: the column that says when a row happened, a date or timestamp; it holds no null.
        min_rows: the smallest number of rows.
        checks: rules over a row.
        extra_columns: whether the table may have columns that are not listed.

    Raises:
        Invalid: two columns or checks have one name, or key or time name no fitting column.

    Example:
        >>> contract = Contract((Column("id", "int64"), Column("at", "date32")), key=("id",), time="at")
        >>> Contract.from_json(contract.to_json()) == contract
        True
    """

    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    time: str | None = None
    min_rows: int = 0
    checks: tuple[Check, ...] = ()
    extra_columns: bool = False

    def __post_init__(self) -> None:
        types = {column.name: parse_tag(column.type) for column in self.columns}
        for names, noun in ((list(self.key), "key column"), ([self.time] if self.time else [], "time column")):
            for name in names:
                if name not in types:
                    _refuse(name, f"it is a {noun} and has no rule of its own")
        if self.time and types[self.time].kind != "timestamp" and types[self.time].name != "date32":
            _refuse(self.time, f"a time column is a date or a timestamp, not {types[self.time]}")
        for names, noun in (
            ([column.name for column in self.columns], "column"),
            (list(self.key), "key column"),
            ([check.name for check in self.checks], "check"),
        ):
            if len(set(names)) < len(names):
                _refuse(next(name for name in names if names.count(name) > 1), f"two of them: a {noun} is named once")
        if self.min_rows < 0 or not self.columns:
            raise Invalid(
                "the contract is wrong",
                why="it has no column" if not self.columns else "its min_rows is negative",
                next_step="name the columns of the table, and zero rows or more",
            )

    @property
    def never_null(self) -> frozenset[str]:
        """The columns that hold no null: those that say so, the key, and the time."""
        said = {column.name for column in self.columns if not column.nullable}
        return frozenset(said | set(self.key) | ({self.time} if self.time else set()))

    def to_json(self) -> bytes:
        """Return the canonical JSON of the contract; equal contracts give equal bytes."""
        return canonical.dumps(
            {
                "version": VERSION,
                "columns": [_column_record(column) for column in self.columns],
                "key": list(self.key),
                "time": self.time,
                "min_rows": self.min_rows,
                "checks": [{"name": check.name, "sql": check.sql} for check in self.checks],
                "extra_columns": self.extra_columns,
            }
        )

    @classmethod
    def from_json(cls, content: bytes) -> "Contract":
        """Return the contract that `to_json` wrote.

        Raises:
            Invalid: the content is not such a contract; what a newer Remint added is not passed over in silence.
        """
        try:
            record = canonical.loads(content)
            if record["version"] != VERSION or set(record) != _PARTS:
                _unreadable(f"its version is {record['version']!r} and its parts are {sorted(record)}")
            return cls(
                columns=tuple(_column_of(column) for column in record["columns"]),
                key=tuple(record["key"]),
                time=record["time"],
                min_rows=record["min_rows"],
                checks=tuple(Check(**check) for check in record["checks"]),
                extra_columns=record["extra_columns"],
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            _unreadable(f"{type(error).__name__}: {error}")


def _unreadable(why: str) -> NoReturn:
    raise Invalid("the content is not a data contract", why=why[:200], next_step="write it with `Contract.to_json`")


def _column_record(column: Column) -> dict[str, object]:
    return {
        "name": column.name,
        "type": column.type,
        "nullable": column.nullable,
        "minimum": canonical.encode_value(column.minimum),
        "maximum": canonical.encode_value(column.maximum),
        "allowed": None if column.allowed is None else [canonical.encode_value(value) for value in column.allowed],
        "pattern": column.pattern,
    }


def _column_of(record: dict[str, Any]) -> Column:
    value: Callable[[Any], Any] = canonical.decode_value
    allowed = None if record["allowed"] is None else tuple(value(item) for item in record["allowed"])
    held = {**record, "minimum": value(record["minimum"]), "maximum": value(record["maximum"]), "allowed": allowed}
    return Column(**held)


@dataclass(frozen=True, slots=True)
class Sample:
    """One place where a rule is broken.

    Attributes:
        rows: the row, counted from 1; for a doubled key the rows that share it, up to 10.
        key: the values of the key columns there, as text.
        value: the value that breaks the rule, as text; None for a null.
    """

    rows: tuple[int, ...]
    key: tuple[str | None, ...]
    value: str | None


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken rule.

    Attributes:
        check: the rule: `missing`, `extra`, `type`, `rows`, `null`, `range`, `allowed`, `pattern`, `key`, or `check:NAME`.
        column: the column, or the key columns joined by a comma; empty for a rule over the whole table or row.
        count: how many rows break it (for `key`: rows whose key another row before them has); 1 for a rule over columns.
        expected: what was promised, in words.
        samples: up to 10 places, the first in row order.
    """

    check: str
    column: str
    count: int
    expected: str
    samples: tuple[Sample, ...] = ()

    def __str__(self) -> str:
        subject = f"{self.check} of {self.column}" if self.column else self.check
        if not self.samples:
            return f"{subject}: {self.expected}"
        sample = self.samples[0]
        where = " and ".join(str(row) for row in sample.rows)
        key = f" (key {', '.join(str(part) for part in sample.key)})" if sample.key else ""
        noun = "row" if self.count == 1 else "rows"
        return f"{subject}: {self.count:,} {noun}, first in row {where}{key}: {sample.value!r}, expected {self.expected}"

    def to_record(self) -> dict[str, object]:
        """Return the violation as plain JSON types."""
        return {
            "check": self.check,
            "column": self.column,
            "count": self.count,
            "expected": self.expected,
            "samples": [{"rows": list(sample.rows), "key": list(sample.key), "value": sample.value} for sample in self.samples],
        }


def column_violations(contract: Contract, types: Sequence[tuple[str, str]]) -> list[Violation]:
    """Return what is wrong with the columns of a table, before any row is read.

    Args:
        contract: what the table promises.
        types: name and type tag of the columns it has.

    Example:
        >>> contract = Contract((Column("id", "int64"),))
        >>> [str(found) for found in column_violations(contract, [("id", "utf8"), ("x", "bool")])]
        ['type of id: int64, found utf8', 'extra of x: no such column']
    """
    have = dict(types)
    found = []
    for column in contract.columns:
        if column.name not in have:
            found.append(Violation("missing", column.name, 1, f"a column of {column.type}"))
        elif have[column.name] != column.type:
            found.append(Violation("type", column.name, 1, f"{column.type}, found {have[column.name]}"))
    if not contract.extra_columns:
        listed = {column.name for column in contract.columns}
        found += [Violation("extra", name, 1, "no such column") for name in have if name not in listed]
    return found


def row_count_violations(contract: Contract, rows: int) -> list[Violation]:
    """Return the violation of too few rows, or nothing."""
    if rows >= contract.min_rows:
        return []
    return [Violation("rows", "", 1, f"{contract.min_rows} rows or more, found {rows}")]


def require_kept(violations: Iterable[Violation], *, table: str) -> None:
    """Refuse a table that breaks its contract.

    Raises:
        ContractBroken: there is a violation; the fact `violations` lists all of them.
    """
    found = list(violations)
    if found:
        raise ContractBroken(
            f"{table} breaks its data contract in {len(found)} {'rule' if len(found) == 1 else 'rules'}",
            why="; ".join(str(violation) for violation in found[:SAMPLES]),
            next_step="correct the rows, or propose a change of the contract",
            violations=[violation.to_record() for violation in found],
        )
