"""Files that people bring as tables: Parquet as it is, Arrow IPC, CSV and JSON lines as new segments."""

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv
import pyarrow.json

from remint.adapters.tables.arrowtypes import arrow_schema, fields_of
from remint.adapters.tables.csvfile import CsvForm, read_csv
from remint.adapters.tables.parquet import Segments, write_segment
from remint.core.tabledigest import Field
from remint.core.tableversion import fields_of as fields_of_facts
from remint.errors import Invalid, WrongRows

_IPC: Final = (".arrow", ".feather", ".ipc")
_JSON: Final = (".jsonl", ".ndjson")
_MOST_AT_ONCE: Final = (1 << 31) - 1
_UNPACKED: Final = 50
"""So many times its size a packed file is taken to have; types are inferred over so much of it."""
_ROW: Final = re.compile(r" in row \d+")  # Arrow counts rows of a piece from 0


def segments_of(paths: Sequence[Path], folder: Path, *, like: Sequence[Mapping[str, str]] | None = None) -> list[Path]:
    """Return Parquet files with the rows of files, one for each, all with the same columns.

    Args:
        paths: the files; what they are is told by their suffixes.
        folder: where new files are written.
        like: the columns to read text as; if None, types are inferred over all of the files.

    Raises:
        Invalid: a file cannot be read, or the columns differ.
        WrongRows: a value is not of its type; the message names the row.
    """
    fields = fields_of_facts(like) if like is not None else None
    texts = [path for path in paths if _is_csv(path) or path.suffix in _JSON]
    if fields is None and texts:
        fields = _inferred(texts)
    made: list[Path] = []
    for number, path in enumerate(paths):
        if path.suffix == ".parquet":
            made.append(path)
            continue
        made.append(folder / f"{number:05}.parquet")
        if path.suffix in _IPC:
            _write_ipc(path, made[-1])
        elif fields is not None and path in texts:
            write_segment(_read_text(path, fields), made[-1])
        else:
            raise Invalid(
                f"{path.name} cannot be read as a table",
                why="files of tables end in .parquet, .arrow, .feather, .csv, .csv.gz or .jsonl",
                next_step="name such files, or add it as a set of files",
            )
    found = [Segments([path]).fields for path in made]
    for path, own in zip(paths, found, strict=True):
        if own != found[0]:
            differing = [field.name for field in {*own} ^ {*found[0]}] or ["their order"]
            raise Invalid(
                f"{path.name} has other columns than {paths[0].name}",
                why=f"they differ in {', '.join(sorted(set(differing))[:5])}",
                next_step="bring the files to the same columns, of the same types, in the same order",
                columns=sorted(set(differing)),
            )
    return made


def _is_csv(path: Path) -> bool:
    return path.suffix == ".csv" or path.suffixes[-2:] == [".csv", ".gz"]


def _write_ipc(path: Path, target: Path) -> None:
    try:
        with pa.memory_map(str(path)) as source:
            try:
                table = pa.ipc.open_file(source).read_all()
            except pa.ArrowInvalid:
                source.seek(0)
                table = pa.ipc.open_stream(source).read_all()
            write_segment(table, target)
    except (pa.ArrowInvalid, OSError) as error:
        raise _unread(path, "Arrow", error) from error


def _unread(path: Path, form: str, error: Exception) -> Invalid:
    why = "the file does not exist" if isinstance(error, FileNotFoundError) else str(error).splitlines()[0][:200]
    return Invalid(f"{path.name} cannot be read as {form}", why=why, next_step="check the file, and what wrote it")


def _inferred(paths: Sequence[Path]) -> tuple[Field, ...]:
    """Return the columns that all values of all files fit; a column without any value is text."""
    schemas = [_inferred_csv(path) if _is_csv(path) else _read_json(path, None).schema for path in paths]
    try:
        schema = pa.unify_schemas(schemas, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise Invalid(
            "the files are not of one table",
            why=str(error).splitlines()[0][:200],
            next_step="bring the files to the same columns, or add them one by one",
        ) from error
    return fields_of(pa.schema([pa.field(one.name, pa.string() if one.type == pa.null() else one.type) for one in schema]))


def _inferred_csv(path: Path) -> pa.Schema:
    form = CsvForm()
    try:
        with pa.input_stream(str(path)) as content:
            size = path.stat().st_size * (_UNPACKED if path.suffix == ".gz" else 1)
            at_once = pa.csv.ReadOptions(block_size=min(max(size + 1, 1 << 20), _MOST_AT_ONCE))
            convert = pa.csv.ConvertOptions(
                null_values=list(form.nulls), strings_can_be_null=True, quoted_strings_can_be_null=False
            )
            return pa.csv.read_csv(content, read_options=at_once, convert_options=convert).schema
    except OSError as error:
        raise _unread(path, "CSV", error) from error
    except pa.ArrowInvalid as error:
        names = _header(path)
        read_csv(path, dict.fromkeys(names, "utf8"))  # names the rows that are too long or too short
        raise _unread(path, "CSV", error) from error


def _header(path: Path) -> list[str]:
    with pa.input_stream(str(path)) as content:
        first = content.read(1 << 20).decode("utf-8-sig", errors="replace").splitlines()[:1]
    return next(csv.reader(first), [])


def _read_text(path: Path, fields: Sequence[Field]) -> pa.Table:
    if _is_csv(path):
        wanted, header = {field.name: str(field.type) for field in fields}, _header(path)
        known = {name: tag for name, tag in wanted.items() if name in header}
        return read_csv(path, known | {name: "utf8" for name in header if name not in wanted})
    return _read_json(path, arrow_schema(tuple(fields)))


def _read_json(path: Path, schema: pa.Schema | None) -> pa.Table:
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except OSError as error:
        raise _unread(path, "JSON lines", error) from error
    try:
        return _parsed(lines, schema)
    except pa.ArrowInvalid as error:
        first, last = 0, len(lines)  # the first lines without the wrong one are read, with it they are not
        while last - first > 1:
            middle = (first + last) // 2
            first, last = (middle, last) if _is_read(lines[:middle], schema) else (first, middle)
        text = lines[first].decode(errors="replace").strip()[:80] if lines else ""
        raise WrongRows(
            f"{path.name} was refused",
            why=f"row {first + 1} does not fit: {text} ({_ROW.sub('', str(error).splitlines()[0])[:200]})",
            next_step="correct the row; every line is one JSON object, and a name has values of one type",
            rows=[{"row": first + 1, "text": text}],
        ) from error


def _is_read(lines: Sequence[bytes], schema: pa.Schema | None) -> bool:
    try:
        _parsed(lines, schema)
    except pa.ArrowInvalid:  # the answer
        return False
    return True


def _parsed(lines: Sequence[bytes], schema: pa.Schema | None) -> pa.Table:
    content = b"".join(lines)
    options: dict[str, Any] = {}
    if schema is not None:
        options = {"explicit_schema": schema, "unexpected_field_behavior": "error"}
    return pa.json.read_json(
        pa.BufferReader(content),
        read_options=pa.json.ReadOptions(block_size=max(min(len(content) + 1, _MOST_AT_ONCE), 1 << 16)),
        parse_options=pa.json.ParseOptions(**options),
    )
