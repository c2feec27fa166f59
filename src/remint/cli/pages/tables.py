"""The page of a table: its columns with statistics, and its first rows."""

from collections.abc import Mapping, Sequence
from typing import Any

from remint.cli.cells import cell, number
from remint.cli.output import size_text
from remint.cli.pages.charts import histogram, shares
from remint.cli.pages.html import Html, tag
from remint.cli.pages.shell import page, section
from remint.core.artifact import Artifact
from remint.ports.showing import ColumnSummary, TableSummary

WIDEST = 60
MOST_TOP = 5


def table_page(name: str, artifact: Artifact, found: TableSummary | None, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the page of a table.

    Args:
        name: as the person wrote it.
        artifact: the table.
        found: its statistics, if they were wanted.
        rows: the first ones.
    """
    schema, count = artifact.facts["schema"], int(artifact.facts["rows"])
    figures = [
        ("Rows", f"{count:,}", ""),
        ("Columns", f"{len(schema):,}", ""),
        ("Stored", size_text(artifact.size_bytes), f"{len(artifact.parts):,} parts"),
    ]
    content: list[Html] = []
    if found is None:
        content.append(section("Columns", "", _schema(schema)))
    else:
        about = "" if found.is_exact else "≈ marks estimates: the table is too large to be held"
        content.append(section("Columns", about, tag("div", [_card(one, found) for one in found.columns], class_="cards")))
    if rows:
        content.append(section("First rows", f"{len(rows):,} of {count:,}", _preview(schema, rows)))
    return page(name, f"table {artifact.digest}", figures, content)


def _schema(schema: Sequence[Mapping[str, str]]) -> Html:
    lines = [tag("tr", tag("td", one["name"]), tag("td", tag("code", one["type"]))) for one in schema]
    return _panel(tag("tr", tag("th", "column", scope="col"), tag("th", "type", scope="col")), lines, "columns")


def _card(one: ColumnSummary, found: TableSummary) -> Html:
    header = tag("header", tag("h3", one.name), tag("span", cell(one.type, 40)))
    parts: list[Html] = [header]
    if one.bars and any(one.bars):
        low, high = _value(one.minimum), _value(one.maximum)
        label = f"{one.name}: how many values lie in each of {len(one.bars)} equal parts from {low} to {high}"
        parts += [histogram(one.bars, label), tag("div", tag("span", low), tag("span", high), class_="ends")]
    if one.top:
        parts.append(shares([(_text(value), count) for value, count in one.top[:MOST_TOP]], found.rows))
    facts = [line for name, value in _facts(one, found) for line in (tag("dt", name), tag("dd", value))]
    return tag("article", parts, tag("dl", facts, class_="facts"), class_="card")


def _facts(one: ColumnSummary, found: TableSummary) -> list[tuple[str, str]]:
    about = "" if found.is_exact else "≈ "
    share = f" ({100 * one.nulls / found.rows:.1f} %)" if one.nulls else ""
    told = [("missing", f"{one.nulls:,}{share}")]
    if one.distinct is not None:
        told.append(("distinct", f"{about}{one.distinct:,}"))
    if one.not_finite:
        told.append(("not finite", f"{one.not_finite:,}"))
    if one.quartiles:
        told.append(("median", about + _value(one.quartiles[1])))
        told.append(("middle half", f"{about}{_value(one.quartiles[0])} to {_value(one.quartiles[2])}"))
    if one.mean is not None:
        spread = f" ± {number(one.deviation)}" if one.deviation is not None else ""
        told.append(("mean ± sd", number(one.mean) + spread))
    return told


def _value(value: object) -> str:
    return number(value) if isinstance(value, int | float) else cell(value, 32)


def _text(value: object) -> str:
    return "(empty)" if value == "" else cell(value, 200)


def _preview(schema: Sequence[Mapping[str, str]], rows: Sequence[Mapping[str, Any]]) -> Html:
    names = [one["name"] for one in schema]
    is_number = [one["type"].startswith(("int", "uint", "float", "decimal")) for one in schema]
    kinds = ["num" if told else None for told in is_number]
    head = tag("tr", [tag("th", name, scope="col", class_=kind) for name, kind in zip(names, kinds, strict=True)])
    lines = [tag("tr", [_preview_cell(row.get(name), kind) for name, kind in zip(names, kinds, strict=True)]) for row in rows]
    return _panel(head, lines, "first rows")


def _preview_cell(value: object, kind: str | None) -> Html:
    if value is None:
        return tag("td", "–", class_=f"none {kind or ''}".strip(), title="no value")
    return tag("td", cell(value, WIDEST), class_=kind)


def _panel(head: Html, lines: Sequence[Html], label: str) -> Html:
    held = tag("table", tag("thead", head), tag("tbody", lines))
    return tag("div", held, class_="panel", tabindex="0", role="region", aria_label=label)
