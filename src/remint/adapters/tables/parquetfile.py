"""One Parquet file: opening it, its columns by tag, its row groups, and what it says of itself."""

from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from remint.adapters.tables.arrowtypes import fields_of
from remint.core import canonical
from remint.core.tabledigest import BLOCK_ROWS, Field, fields_from_schema
from remint.core.tabletype import parse_tag
from remint.errors import BlobMissing, Corrupt, Invalid

ROW_GROUP_ROWS: Final = 2 * BLOCK_ROWS
TAGS_KEY: Final = b"remint.table"
EDIT_KEY: Final = b"remint.edit"
EDIT_FORMAT: Final = 1


def opened(path: Path) -> pq.ParquetFile:
    """Return a Parquet file, its footer read.

    Raises:
        BlobMissing: it is not there.
        Corrupt: it is not Parquet.
    """
    try:
        return pq.ParquetFile(path, memory_map=True, page_checksum_verification=True)
    except FileNotFoundError as error:
        raise BlobMissing(
            f"segment {path.name} is not there", why="its file does not exist", next_step="run `remint doctor`"
        ) from error
    except (pa.ArrowInvalid, OSError) as error:
        raise corrupt(path, error) from error


def read_group(file: pq.ParquetFile, group: int, names: list[str] | None, path: Path) -> pa.Table:
    """Return one row group with these columns, or with all.

    Raises:
        Corrupt: it cannot be read.
    """
    try:
        return file.read_row_group(group, columns=names)
    except (pa.ArrowInvalid, OSError) as error:
        raise corrupt(path, error) from error


def corrupt(path: Path, error: Exception | str) -> Corrupt:
    """Return the error for a file that is not what it should be."""
    return Corrupt(
        f"segment {path.name} cannot be read as Parquet",
        why=(str(error).splitlines() or [type(error).__name__])[0][:200],
        next_step="restore the file from a backup or a remote, then run `remint doctor`",
    )


def fields_in(file: pq.ParquetFile, path: Path) -> tuple[Field, ...]:
    """Return the columns of a table that a file holds rows of; those of an edit without its own two.

    Raises:
        Corrupt: the columns it tells of cannot be read.
        Invalid: a foreign file has a column without a tag.
    """
    written = (file.metadata.metadata or {}).get(TAGS_KEY)
    if written is None:
        return fields_of(file.schema_arrow)
    try:
        return tuple(Field(name, parse_tag(tag)) for name, tag in fields_from_schema(written))
    except (ValueError, KeyError, TypeError, Invalid) as error:
        raise corrupt(path, error) from error


def edit_counts(file: pq.ParquetFile, path: Path) -> tuple[int, int] | None:
    """Return how many rows an edit is applied to and how many it leaves; None if the file is a segment.

    Raises:
        Corrupt: the file says that it is an edit, in a way that is not understood.
    """
    written = (file.metadata.metadata or {}).get(EDIT_KEY)
    if written is None:
        return None
    try:
        told = canonical.loads(written)
        number, before, after = told["format"], told["from"], told["to"]
    except (ValueError, KeyError, TypeError, Invalid) as error:
        raise corrupt(path, error) from error
    if number != EDIT_FORMAT:
        raise corrupt(path, f"it is an edit of format {number}, and this Remint reads format {EDIT_FORMAT}")
    if type(before) is not int or type(after) is not int or min(before, after) < 0:
        raise corrupt(path, "the numbers of rows it tells are no counts")
    return before, after
