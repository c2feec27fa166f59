"""Tables as Spark data frames: stored segments are read where they are, what has edits through a copy that Remint writes."""

import atexit
import itertools
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

from remint.adapters.tables.arrowtypes import fields_of
from remint.adapters.tables.parquet import Segments, write_segment
from remint.core.tabletype import TypeTag
from remint.errors import Invalid

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession  # type: ignore[import-not-found,unused-ignore]

_PLAIN: Final = re.compile(r"[A-Za-z0-9_./=-]+")
"""Paths that Spark takes for no pattern, and gives back as they are."""
_MOST_DIGITS: Final = 38


@dataclass
class SparkFiles:
    """The Parquet files through which Spark reads one table, in row order.

    Copies, and links to files that have no plain path or are there twice, are made once and removed when the process ends.

    Attributes:
        pieces: what the table is made of, in row order: the files of a stored segment with its edits, or rows in memory.
    """

    pieces: Sequence[Sequence[Path] | pa.Table]
    _files: list[Path] | None = field(default=None)
    _folder: Path | None = field(default=None)
    _count: int = 0

    def frame(self, session: "SparkSession", schema: pa.Schema, *, row_number: str | None = None) -> "DataFrame":
        """Return the rows as a data frame.

        Args:
            session: Spark must be able to read the files of the project, and those of the folder for temporary files.
            schema: of the table.
            row_number: the name of a column to add: the number of each row, from 0.

        Raises:
            Invalid: Spark has no type for a column, or cannot tell two columns apart.
        """
        _require_readable(session, schema, row_number)
        if self._files is None:
            self._files = self._made()
        frame = session.read.parquet(*map(str, self._files))
        if row_number is None:
            return frame
        from pyspark.sql import functions  # type: ignore[import-not-found,unused-ignore]

        counts = [pq.read_metadata(path).num_rows for path in self._files]
        starts = zip(self._files, itertools.accumulate(counts, initial=0), strict=False)
        first = functions.create_map(*(functions.lit(one) for path, start in starts for one in (str(path), start)))
        path = functions.regexp_replace("_metadata.file_path", "^file:/+", "/")
        return frame.withColumn(row_number, first[path] + functions.col("_metadata.row_index"))

    def _made(self) -> list[Path]:
        made: list[Path] = []
        for piece in self.pieces:
            if isinstance(piece, pa.Table):
                made.append(self._new())
                write_segment(piece, made[-1])
            elif len(piece) > 1:
                made.append(self._new())
                write_segment(Segments(piece).stream(), made[-1])
            elif (path := piece[0].absolute()) in made or not _PLAIN.fullmatch(str(path)):
                made.append(self._new())
                made[-1].symlink_to(path)
            else:
                made.append(path)
        return made

    def _new(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="remint-spark-"))
            atexit.register(shutil.rmtree, self._folder, ignore_errors=True)
        self._count += 1
        return self._folder / f"{self._count:06}.parquet"


def _require_readable(session: "SparkSession", schema: pa.Schema, row_number: str | None) -> None:
    names = [*schema.names, *([row_number] if row_number is not None else [])]
    if not schema.names:
        raise Invalid("the table cannot be given to Spark", why="it has no column", next_step="give a table with columns")
    told = names if str(session.conf.get("spark.sql.caseSensitive")) == "true" else [name.lower() for name in names]
    twice = [name for name, same in zip(names, told, strict=True) if told.count(same) > 1]
    if twice:
        raise Invalid(
            "the table cannot be given to Spark",
            why=f"it cannot tell the columns {' and '.join(twice[:2])} apart",
            next_step="set spark.sql.caseSensitive, or give one of them another name",
        )
    for one in fields_of(schema):
        if (tag := _unknown(one.type)) is not None:
            raise Invalid(
                f"column {one.name} cannot be given to Spark",
                why=f"it is {one.type}, and Spark has no {tag} that it reads from Parquet",
                next_step='cast it first, for example `table.sql("select * replace (…)")`, or leave it out with `select`',
                column=one.name,
            )


def _unknown(tag: TypeTag) -> TypeTag | None:
    """Return the tag inside a tag that Spark has no type for, or None."""
    if tag.kind == "decimal":
        return tag if tag.precision > _MOST_DIGITS else None
    if tag.kind == "timestamp":
        return tag if tag.unit == "ns" else None
    if tag.kind == "plain":
        return tag if tag.name == "float16" or tag.name.startswith(("time", "duration")) else None
    return next((found for _, child in tag.fields if (found := _unknown(child)) is not None), None)
