"""Checking a data contract: every rule over rows in one aggregate query of DuckDB.

A table that keeps its contract is read once. A broken rule reads the columns it needs once more, to name the first rows. The
engine sees the table and nothing else: no file, no network, no setting can be changed from the text of a check.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa

from remint.adapters.tables.contract_rules import Rule, key_list, name_of, rules_of
from remint.adapters.tables.contract_source import Source, opened
from remint.core.contract import SAMPLES, Contract, Sample, Violation, column_violations, row_count_violations
from remint.errors import Invalid

Rows: TypeAlias = pa.Table | Sequence[Path]


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan found.

    Attributes:
        rows: how many rows the table has.
        violations: the broken rules; empty where the contract is kept.
    """

    rows: int
    violations: tuple[Violation, ...]


def scan(contract: Contract, table: Rows, *, threads: int | None = None) -> Scan:
    """Return every rule of a contract that a table breaks, with up to 10 example rows each.

    A column that is missing or of another type is reported, and the rules over it are left out.

    Args:
        contract: what the table promises.
        table: an Arrow table, or Parquet segments in row order.
        threads: how many threads the engine may use; None for its default.

    Raises:
        Invalid: a pattern is not RE2, a check is not one expression over the columns, or column names differ only in case.
        Corrupt: a segment cannot be read.
    """
    with opened(table, _needed(contract), threads=threads) as source:
        source.admit(contract.checks)
        found = column_violations(contract, source.types)
        wrong = {violation.column for violation in found}
        key = () if wrong.intersection(contract.key) else contract.key
        rules = rules_of(contract, without=wrong)
        rows, doubled, *counts = source.one(_counting(source, rules, key))
        found += row_count_violations(contract, rows)
        for rule, count in zip(rules, counts, strict=True):
            if count:
                found.append(Violation(rule.check, rule.column, count, rule.expected, _samples(source, contract, rule)))
        if doubled:
            found.append(Violation("key", ", ".join(key), doubled, "every key once", _doubled_keys(source, key)))
    return Scan(rows, tuple(found))


def _needed(contract: Contract) -> frozenset[str] | None:
    """Return the columns that rules look at; None for all, since a check may name any."""
    return None if contract.checks else frozenset(column.name for column in contract.columns)


def _counting(source: Source, rules: Sequence[Rule], key: Sequence[str]) -> str:
    doubled = "0"
    if key:
        whole = f"filter (where {_whole(key)})"
        keys = key_list(key) if len(key) == 1 else f"row({key_list(key)})"
        doubled = f"count(*) {whole} - count(distinct {keys}) {whole}"
    parts = ["count(*)", doubled, *(f"count(*) filter (where {rule.broken})" for rule in rules)]
    return f"select {', '.join(parts)} from {source.name}"  # noqa: S608 - names are quoted, checks are parsed first


def _whole(key: Sequence[str]) -> str:
    return " and ".join(f"{name_of(name)} is not null" for name in key)


def _samples(source: Source, contract: Contract, rule: Rule) -> tuple[Sample, ...]:
    have = {name for name, _ in source.types}
    keys = [name for name in contract.key if name in have]
    columns = [f"cast({name_of(name)} as varchar)" for name in keys]
    query = (
        f"select {source.row}, {rule.shown}{''.join(f', {column}' for column in columns)} "  # noqa: S608 - as above
        f"from {source.name} where {rule.broken} order by 1 limit {SAMPLES}"
    )
    return tuple(Sample((row,), tuple(key), value) for row, value, *key in source.all(query))


def _doubled_keys(source: Source, key: Sequence[str]) -> tuple[Sample, ...]:
    query = (
        f"select min({source.row}, {SAMPLES}) as found, "  # noqa: S608 - as above
        f"{', '.join(f'cast({name_of(name)} as varchar)' for name in key)} "
        f"from {source.name} where {_whole(key)} group by {key_list(key)} having count(*) > 1 order by found[1] limit {SAMPLES}"
    )
    return tuple(Sample(tuple(rows), tuple(values), ", ".join(values)) for rows, *values in source.all(query))


def keys_already_stored(batch: Rows, stored: Rows, key: Sequence[str], *, threads: int | None = None) -> tuple[Violation, ...]:
    """Return the violation of rows whose key is already stored, or nothing.

    Keys with a null match nothing. Doubled keys within the batch are found by `scan`.

    Args:
        batch: the rows to be added.
        stored: the rows that are there.
        key: the key columns; both tables have them, of the same types.
        threads: how many threads the engine may use; None for its default.

    Raises:
        Invalid: there is no key, or a table has other key columns.
    """
    if not key:
        raise Invalid("keys cannot be compared", why="no key column was given", next_step="give the contract a key")
    wanted = frozenset(key)
    with opened(stored, wanted, threads=threads) as old:
        new = old.beside(batch, wanted)
        have, added = dict(old.types), dict(new.types)
        for name in key:
            if name not in have or have[name] != added.get(name):
                raise Invalid(
                    f"key column {name!r} cannot be compared",
                    why=f"stored it is {have.get(name, 'missing')}, in the batch {added.get(name, 'missing')}",
                    next_step="bring the batch to the types of its contract first",
                    column=name,
                )
        return _shared_keys(old, new, key)


def _shared_keys(old: Source, new: Source, key: Sequence[str]) -> tuple[Violation, ...]:
    texts = ", ".join(f"cast({name_of(name)} as varchar) as k{place}" for place, name in enumerate(key))
    names = key_list(key)
    query = (
        f"with a as (select {new.row} as new_row, {names}, {texts} from {new.name}), "  # noqa: S608 - names are quoted
        f"b as (select {old.row} as old_row, {names} from {old.name}), "
        f"hits as (select new_row, any_value(columns('^k[0-9]+$')), min(old_row) as first "
        f"from a join b using ({names}) group by new_row) "
        f"select (select count(*) from hits), first, new_row, columns('^k[0-9]+$') from hits order by new_row limit {SAMPLES}"
    )
    found: list[tuple[Any, ...]] = old.all(query)
    if not found:
        return ()
    samples = tuple(Sample((row,), tuple(values), f"stored in row {first}") for _, first, row, *values in found)
    return (Violation("key", ", ".join(key), found[0][0], "keys that are not stored yet", samples),)
