"""The rules of a contract as SQL conditions that are true where a row breaks them."""

import datetime as dt
import decimal
from collections.abc import Sequence
from dataclasses import dataclass

from remint.core.contract import Column, Contract
from remint.core.tabletype import TypeTag, parse_tag


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule over rows.

    Attributes:
        check: its name in a violation.
        column: the column it is about; empty for a check over the row.
        broken: the SQL condition of a row that breaks it.
        shown: the SQL expression of the value to show, as text.
        expected: what was promised, in words.
    """

    check: str
    column: str
    broken: str
    shown: str
    expected: str


def name_of(column: str) -> str:
    """Return a column name as SQL.

    Example:
        >>> name_of('a "b"')
        '"a ""b\"""'
    """
    return '"' + column.replace('"', '""') + '"'


def text_of(value: str) -> str:
    """Return a text as SQL.

    Example:
        >>> text_of("O'Hare")
        "'O''Hare'"
    """
    return "'" + value.replace("'", "''") + "'"


def key_list(key: Sequence[str]) -> str:
    """Return key columns as an SQL list."""
    return ", ".join(name_of(column) for column in key)


def literal(value: object, tag: TypeTag) -> str:
    """Return a bound or an allowed value as SQL.

    Example:
        >>> literal(0.5, parse_tag("float32")), literal(dt.date(2013, 1, 1), parse_tag("date32"))
        ("'0.5'::double", "date '2013-01-01'")
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"'{value!r}'::double"
    if isinstance(value, decimal.Decimal):
        return f"{value:f}"
    if isinstance(value, dt.datetime):
        if value.tzinfo is not None:
            return f"timestamptz '{value.astimezone(dt.UTC).isoformat(sep=' ')}'"
        return f"timestamp{'_ns' if tag.unit == 'ns' else ''} '{value.isoformat(sep=' ')}'"
    if isinstance(value, dt.date):
        return f"date '{value.isoformat()}'"
    return text_of(value) if isinstance(value, str) else str(value)


def rules_of(contract: Contract, *, without: set[str]) -> list[Rule]:
    """Return the rules of a contract over rows, the key apart.

    Args:
        contract: the contract.
        without: columns that are missing or of another type; checks are left out if there is any.
    """
    rules = []
    for column in contract.columns:
        if column.name not in without:
            rules += _column_rules(column, never_null=column.name in contract.never_null)
    if not without.intersection(column.name for column in contract.columns):
        rules += [Rule(f"check:{check.name}", "", f"not ({check.sql})", "'false'", check.sql) for check in contract.checks]
    return rules


def _column_rules(column: Column, *, never_null: bool) -> list[Rule]:
    name, tag = name_of(column.name), parse_tag(column.type)
    shown = f"cast({name} as varchar)"
    rules = []
    if never_null:
        rules.append(Rule("null", column.name, f"{name} is null", shown, "no null"))
    if column.minimum is not None or column.maximum is not None:
        rules.append(Rule("range", column.name, _outside(column, name, tag), shown, _range_words(column)))
    if column.allowed is not None:
        listed = ", ".join(literal(value, tag) for value in column.allowed)
        words = ", ".join(str(value) for value in column.allowed[:10]) + (", …" if len(column.allowed) > 10 else "")
        rules.append(Rule("allowed", column.name, f"{name} not in ({listed})", shown, f"one of {words}"))
    if column.pattern is not None:
        matches = f"regexp_full_match({name}, {text_of(column.pattern)})"
        rules.append(Rule("pattern", column.name, f"not {matches}", shown, f"the pattern {column.pattern}"))
    return rules


def _outside(column: Column, name: str, tag: TypeTag) -> str:
    parts = []
    if column.minimum is not None:
        parts.append(f"{name} < {literal(column.minimum, tag)}")
    if column.maximum is not None:
        parts.append(f"{name} > {literal(column.maximum, tag)}")
    if tag.name.startswith("float"):
        parts.append(f"isnan({name})")
    return f"({' or '.join(parts)})"


def _range_words(column: Column) -> str:
    if column.minimum is None:
        return f"{column.maximum} or less"
    return f"{column.minimum} or more" if column.maximum is None else f"{column.minimum} to {column.maximum}"
