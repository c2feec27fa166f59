"""Typed CSV: every column is read as the type that was declared for it, or the wrong rows are named."""

import contextlib
import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import pyarrow as pa
import pyarrow.csv as pc

from remint.adapters.tables.arrowtypes import arrow_type
from remint.adapters.tables.csvrows import WrongValue, wrong_rows
from remint.core.tabletype import TypeTag, parse_tag
from remint.errors import Invalid, WrongRows

SHOWN_ROWS: Final = 20
_NOT_IN_CSV: Final = ("float16", "binary")


@dataclass(frozen=True, slots=True)
class CsvForm:
    """How a CSV file is written.

    Attributes:
        delimiter: the character between values.
        nulls: texts that stand for no value where they are not quoted.
        newlines_in_values: whether quoted text may go over several lines.
    """

    delimiter: str = ","
    nulls: tuple[str, ...] = ("", "NA")
    newlines_in_values: bool = False


def read_csv(path: Path, columns: Mapping[str, str], *, form: CsvForm | None = None) -> pa.Table:
    """Return a CSV file with a header as a table of the declared types.

    Args:
        path: a plain file, one ending in `.gz`, or one ending in `.zip` that holds one file. UTF-8, with or without a byte
            order mark.
        columns: the type tag of every column, for example `{"flight": "int32", "at": "timestamp[us,UTC]"}`. The table has
            its columns in this order; the file may have them in another, but neither more nor less.
        form: delimiter, null texts, line breaks in values.

    Raises:
        WrongRows: rows have too many or too few values, or values are not of their type. Names up to 20 of them; the fact
            `rows` lists them with `row` (1 is the first row under the header, blank lines are not counted), `column`, `text`.
        Invalid: the file cannot be opened, its header is another, or a type cannot be read from CSV.
    """
    form = form or CsvForm()
    tags = {name: _readable(name, parse_tag(tag)) for name, tag in columns.items()}
    with _content(path) as content:
        _require_header(path, content, list(tags), form)
    try:
        with _content(path) as content:
            return pc.read_csv(content, parse_options=_parse(form), convert_options=_convert(tags, form))
    except (pa.ArrowInvalid, pa.ArrowKeyError, OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise _explained(path, tags, form, error) from error


def _readable(name: str, tag: TypeTag) -> TypeTag:
    if tag.fields or tag.name in _NOT_IN_CSV or (tag.kind == "decimal" and tag.precision > 38):
        raise Invalid(
            f"column {name!r} cannot be read as {tag}",
            why="CSV holds text, numbers, booleans, dates and times",
            next_step="declare it utf8, or bring the file as Parquet",
            column=name,
        )
    return tag


def _parse(form: CsvForm) -> pc.ParseOptions:
    return pc.ParseOptions(delimiter=form.delimiter, newlines_in_values=form.newlines_in_values)


def _convert(tags: Mapping[str, TypeTag], form: CsvForm) -> pc.ConvertOptions:
    return pc.ConvertOptions(
        column_types={name: arrow_type(tag) for name, tag in tags.items()},
        include_columns=list(tags),
        null_values=list(form.nulls),
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )


@contextlib.contextmanager
def _content(path: Path) -> Iterator[IO[bytes] | gzip.GzipFile]:
    """Open the text of the file, unpacked."""
    try:
        with contextlib.ExitStack() as stack:
            if path.suffix == ".gz":
                yield stack.enter_context(gzip.open(path))
            elif path.suffix == ".zip":
                archive = stack.enter_context(zipfile.ZipFile(path))
                yield stack.enter_context(archive.open(_only_member(path, archive)))
            else:
                yield stack.enter_context(path.open("rb"))
    except FileNotFoundError as error:
        raise _unopened(path, "the file does not exist") from error
    except zipfile.BadZipFile as error:
        raise _unopened(path, f"it is not a whole zip file: {error}") from error


def _only_member(path: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) != 1:
        raise _unopened(path, f"it holds {len(members)} files, one was expected")
    if members[0].flag_bits & 1:
        raise _unopened(path, "it is encrypted")
    return members[0]


def _unopened(path: Path, why: str) -> Invalid:
    return Invalid(f"{path.name} cannot be read as CSV", why=why, next_step="give a plain, .gz or one-file .zip CSV file")


def _require_header(path: Path, content: IO[bytes] | gzip.GzipFile, names: list[str], form: CsvForm) -> None:
    try:
        text = io.TextIOWrapper(content, encoding="utf-8-sig", errors="surrogateescape", newline="")
        header = next(csv.reader(text, delimiter=form.delimiter), None)
        text.detach()
    except (csv.Error, OSError, EOFError, zlib.error) as error:
        raise _unopened(path, f"its first line cannot be read: {error}") from error
    if header is None:
        raise _unopened(path, "it is empty")
    if sorted(header) != sorted(names):
        missing = [name for name in names if name not in header]
        unknown = [name for name in header if name not in names]
        raise Invalid(
            f"{path.name} has other columns than declared",
            why=f"missing: {', '.join(missing) or 'none'}; not declared: {', '.join(unknown) or 'none'}"
            + ("" if missing or unknown else "; a name appears twice"),
            next_step="declare the columns the file has, or correct its header",
            missing=missing,
            unknown=unknown,
        )


def _explained(path: Path, tags: Mapping[str, TypeTag], form: CsvForm, error: Exception) -> Invalid:
    if not isinstance(error, pa.ArrowInvalid):
        return _unopened(path, f"its content is damaged: {error}")
    texts = pc.ConvertOptions(
        column_types=dict.fromkeys(tags, pa.binary()), include_columns=list(tags), strings_can_be_null=False
    )
    with _content(path) as content:
        found = wrong_rows(content, tags, _parse(form), (texts, _convert(tags, form)))
    if not found:
        return _unopened(path, str(error).splitlines()[0][:200])
    return _named(path, found)


def _named(path: Path, found: Sequence[WrongValue]) -> WrongRows:
    shown = found[:SHOWN_ROWS]
    more = " (and more)" if len(found) > SHOWN_ROWS else ""
    return WrongRows(
        f"{path.name} was refused: {len(shown)} wrong values{more}",
        why="; ".join(str(value) for value in shown) + more,
        next_step="correct these rows, or declare another type or null text",
        rows=[{"row": value.row, "column": value.column, "text": value.text} for value in shown],
    )
