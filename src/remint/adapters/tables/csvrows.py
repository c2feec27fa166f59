"""Which rows of a CSV file are wrong: asked only after a typed read was refused, so it may take its time."""

import gzip
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Final

import pyarrow as pa
import pyarrow.csv as pc

from remint.core.tabletype import TypeTag

LIMIT: Final = 21
_AT_ONCE: Final = 16_384
_TEXT_SHOWN: Final = 80


@dataclass(frozen=True, slots=True, order=True)
class WrongValue:
    """A value that is not of its type, or (without a column) a row with too many or too few values."""

    row: int
    column: str
    text: str
    expected: str

    def __str__(self) -> str:
        if not self.column:
            return f"row {self.row} has {self.expected}: {self.text!r}"
        return f"row {self.row}, {self.column}: {self.text!r} is not {self.expected}"


def wrong_rows(
    content: IO[bytes] | gzip.GzipFile,
    tags: Mapping[str, TypeTag],
    parse: pc.ParseOptions,
    converts: tuple[pc.ConvertOptions, pc.ConvertOptions],
) -> list[WrongValue]:
    """Return up to 21 wrong rows of a file, in row order; row 1 is the first under the header.

    Args:
        content: the file, from its start.
        tags: the declared types.
        parse: how the file is cut into values.
        converts: how to read all values as bytes, and how to read them typed.
    """
    as_text, typed = converts
    ragged: list[WrongValue] = []

    def note(row: pc.InvalidRow) -> str:
        text = _shown(row.text.encode() if isinstance(row.text, str) else row.text)
        ragged.append(WrongValue(row.number - 1, "", text, f"{row.actual_columns} values instead of {row.expected_columns}"))
        return "skip"

    parse.invalid_row_handler = note
    read = pc.ReadOptions(use_threads=False)
    try:
        table = pc.read_csv(content, read_options=read, parse_options=parse, convert_options=as_text)
    except pa.ArrowInvalid:
        return ragged[:LIMIT]
    skipped = {value.row for value in ragged}
    rows = [row for row in range(1, table.num_rows + len(skipped) + 1) if row not in skipped]
    found = list(ragged)
    nulls = {text.encode() for text in typed.null_values}
    for name, tag in tags.items():
        one = pc.ConvertOptions(column_types={"c": typed.column_types[name]}, null_values=[], quoted_strings_can_be_null=False)
        held = ((row, text) for row, text in zip(rows, table[name].to_pylist(), strict=True) if text not in nulls)
        found += [WrongValue(row, name, _shown(text), str(tag)) for row, text in _wrong(held, one)]
    return sorted(found)[:LIMIT]


def _wrong(held: Iterator[tuple[int, bytes]], convert: pc.ConvertOptions) -> list[tuple[int, bytes]]:
    """Return up to 21 values of a column that do not convert."""
    found: list[tuple[int, bytes]] = []
    portion: list[tuple[int, bytes]] = []
    for value in held:
        portion.append(value)
        if len(portion) == _AT_ONCE:
            found += _halved(portion, convert)
            portion = []
        if len(found) >= LIMIT:
            return found[:LIMIT]
    return (found + _halved(portion, convert))[:LIMIT]


def _halved(values: list[tuple[int, bytes]], convert: pc.ConvertOptions) -> list[tuple[int, bytes]]:
    if not values or _converts(values, convert):
        return []
    if len(values) == 1:
        return values
    middle = len(values) // 2
    found = _halved(values[:middle], convert)
    return found if len(found) >= LIMIT else found + _halved(values[middle:], convert)


def _converts(values: list[tuple[int, bytes]], convert: pc.ConvertOptions) -> bool:
    lines = [b'"c"', *(b'"' + text.replace(b'"', b'""') + b'"' for _, text in values)]
    try:
        pc.read_csv(
            io.BytesIO(b"\n".join(lines) + b"\n"),
            read_options=pc.ReadOptions(use_threads=False, block_size=1 << 26),
            parse_options=pc.ParseOptions(newlines_in_values=True),
            convert_options=convert,
        )
    except pa.ArrowInvalid:
        return False
    return True


def _shown(text: bytes) -> str:
    return text[:_TEXT_SHOWN].decode(errors="backslashreplace")
