"""Tables as steps see them: columnar, immutable, made of segments."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from remint.errors import Invalid

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import polars
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession  # type: ignore[import-not-found,unused-ignore]

    from remint.adapters.tables.sparkframe import SparkFiles
    from remint.core.contract import Contract

PROBE_ROWS = 256


class Table:
    """An immutable table.

    A table from the store is a list of Parquet segments that are read when first used; a table made in a step is in
    memory. Appending keeps the segments of the first table, so that storing the result stores only what is new.

    Args:
        content: an Arrow table, or columns by name.

    Example:
        >>> Table({"a": [1, 2, 3]}).sql("select sum(a)::bigint as total from this").column("total")
        [6]
    """

    def __init__(self, content: "pa.Table | Mapping[str, Sequence[Any]]") -> None:
        import pyarrow as pa

        held = content if isinstance(content, pa.Table) else pa.table(dict(content))
        self._parts: tuple[Segment | pa.Table, ...] = (held,)
        self._whole: pa.Table | None = held
        self._spark: SparkFiles | None = None

    @classmethod
    def from_csv(cls, path: Path, columns: Mapping[str, str], *, nulls: Sequence[str] = ("NA", "")) -> "Table":
        """Return the table in a CSV file (plain, .gz, or a .zip of one file), read as exactly these types.

        Args:
            path: the file.
            columns: type of each column by name, for example `{"carrier": "utf8", "distance": "int64"}`.
            nulls: the texts that stand for no value.

        Raises:
            Invalid: a value is not of its type, or a column is missing; the message names rows and columns.
        """
        from remint.adapters.tables.csvfile import CsvForm, read_csv

        return cls(read_csv(path, columns, form=CsvForm(nulls=tuple(nulls))))

    def check(self, contract: "Contract") -> "Table":
        """Return this table if it keeps a data contract.

        Raises:
            ContractBroken: it does not; the message names the checks and the first rows that break them.
        """
        from remint.adapters.tables.contract_scan import scan
        from remint.core.contract import require_kept

        require_kept(scan(contract, self.arrow(), threads=1).violations, table="the table")
        return self

    @classmethod
    def of_parts(cls, parts: "Sequence[Segment | pa.Table]") -> Self:
        """Return the table made of these parts, in order; used by the platform."""
        made = cls.__new__(cls)
        made._parts = tuple(parts)  # noqa: SLF001 - of this class
        made._whole = None  # noqa: SLF001 - of this class
        made._spark = None  # noqa: SLF001 - of this class
        return made

    @property
    def parts(self) -> "tuple[Segment | pa.Table, ...]":
        """The stored segments and in-memory pieces it is made of, in row order."""
        return self._parts

    def arrow(self) -> "pa.Table":
        """Return all rows as an Arrow table."""
        import pyarrow as pa

        if self._whole is None:
            pieces = [part.read() if isinstance(part, Segment) else part for part in self._parts]
            self._whole = pa.concat_tables(pieces) if pieces else pa.table({})
        return self._whole

    @property
    def names(self) -> list[str]:
        """The names of its columns."""
        return list(self.schema.names)

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return int(self.arrow().num_rows)

    def __len__(self) -> int:
        return self.rows

    def column(self, name: str) -> list[Any]:
        """Return one column as Python values.

        Raises:
            Invalid: there is no such column.
        """
        self._require([name])
        return list(self.arrow().column(name).to_pylist())

    def select(self, names: Sequence[str]) -> "Table":
        """Return the table with these columns only, in this order."""
        self._require(names)
        return Table(self.arrow().select(list(names)))

    @property
    def schema(self) -> "pa.Schema":
        """The names and types of its columns; reads no rows."""
        if self._whole is not None or not self._parts:
            return self.arrow().schema
        return self._parts[0].schema

    def append(self, other: "Table") -> "Table":
        """Return the rows of this table, then those of `other`; both must have the same columns and types.

        Raises:
            Invalid: they differ.
        """
        mine, theirs = self.schema, other.schema
        if not mine.equals(theirs, check_metadata=False):
            mismatch = [f"{field.name}: {field.type}" for field in theirs if field not in mine]
            raise Invalid(
                "the tables cannot be appended",
                why=f"their columns differ ({', '.join(mismatch[:5]) or 'order or missing columns'})",
                next_step="select and cast the second one to the columns of the first",
            )
        return Table.of_parts((*self.parts, *other.parts))

    def polars(self) -> "polars.DataFrame":
        """Return all rows as a Polars frame.

        Raises:
            Invalid: Polars is not installed.
        """
        try:
            import polars
        except ModuleNotFoundError as error:
            raise Invalid(
                "the table cannot be given to Polars",
                why="Polars is not installed",
                next_step="install it: `pip install 'remint[polars]'`",
            ) from error
        frame = polars.from_arrow(self.arrow())
        assert isinstance(frame, polars.DataFrame)
        return frame

    def spark(self, session: "SparkSession", *, row_number: str | None = None) -> "DataFrame":
        """Return all rows as a Spark data frame.

        Stored segments without edits are read where they are, with no copy; what has edits, or was made here, through a copy
        in Parquet that is removed when this process ends. Spark promises no order of rows; with `row_number` the order of the
        table is a column, to sort by. Spark must see the folder of the project and that of temporary files.

        Args:
            session: of Spark.
            row_number: the name of a column to add, with the number of each row from 0.

        Raises:
            Invalid: Spark has no type for a column, or cannot tell two columns apart.
        """
        from remint.adapters.tables.sparkframe import SparkFiles

        if self._spark is None:
            self._spark = SparkFiles([part.paths if isinstance(part, Segment) else part for part in self._parts])
        return self._spark.frame(session, self.schema, row_number=row_number)

    def paths(self) -> list[Path]:
        """Return the Parquet files of a stored table in row order, for programs that read them where they are.

        Raises:
            Invalid: other programs would read other rows, because the version has edits; or the table is not stored.
        """
        found: list[Path] = []
        for part in self._parts:
            if not isinstance(part, Segment):
                raise Invalid(
                    "the table has no files", why="it was made here and is not stored", next_step="return it from a step first"
                )
            if len(part.files) > 1:
                raise Invalid(
                    "the files of the table cannot be read by other programs",
                    why="this version has edits, which only Remint applies",
                    next_step="compact it: `remint compact NAME`; or read it with arrow(), polars() or duckdb()",
                )
            found += part.paths
        return found

    def duckdb(self, *, threads: int = 1) -> "duckdb.DuckDBPyConnection":
        """Return a DuckDB connection in memory, in which this table is the view `this`.

        Args:
            threads: more than one makes float sums depend on timing.
        """
        import duckdb

        connection = duckdb.connect(
            config={
                "threads": threads,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "allow_community_extensions": False,
            }
        )
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("this", self.arrow())
        return connection

    def sql(self, query: str, *, threads: int = 1, **tables: "Table") -> "Table":
        """Return the result of a DuckDB query.

        Args:
            query: reads this table as `this`, and others by their keyword. End it with an ORDER BY if the order of rows
                matters: without
                one, joins and groups come in any order.
            threads: DuckDB's threads; one keeps float sums the same in every run.
            tables: other tables by the name the query uses.

        Raises:
            Invalid: DuckDB refuses the query; the reason is DuckDB's.
        """
        import duckdb

        connection = self.duckdb(threads=threads)
        try:
            for name, table in tables.items():
                connection.register(name, table.arrow())
            return Table(connection.sql(query).to_arrow_table())
        except (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException) as error:
            first_line = re.sub(r"\s+", " ", str(error)).strip()
            raise Invalid("the query was refused", why=first_line[:500], next_step="mend the SQL") from error
        finally:
            connection.close()

    def xy(self, label: str, *, features: Sequence[str] | None = None) -> "tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]":
        """Return features and labels as numpy arrays, ready for a model.

        Rows whose label is missing are left out. A sample of the features is kept as the probe of a model that the same
        step returns.

        Args:
            label: the column to predict.
            features: the columns to predict from; all numeric and boolean columns but the label if not given.

        Returns:
            float64 of shape (rows, features) with NaN for nulls, and the labels of shape (rows,).

        Raises:
            Invalid: a column does not exist or is not numeric.
        """
        self._require([label])
        known = self.arrow().column(label).is_valid()
        kept = Table(self.arrow().filter(known))
        chosen = list(features) if features is not None else [name for name in kept.numeric() if name != label]
        x = kept.matrix(chosen)
        _remember_probe(chosen, x)
        return x, kept.arrow().column(label).to_numpy()

    def matrix(self, names: Sequence[str]) -> "np.ndarray[Any, Any]":
        """Return these columns as float64 of shape (rows, columns), NaN for nulls.

        Raises:
            Invalid: a column does not exist or is not numeric.
        """
        import numpy as np
        import pyarrow as pa

        self._require(names)
        numeric = set(self.numeric())
        for name in names:
            if name not in numeric:
                raise Invalid(
                    f"column {name} is not numeric",
                    why=f"it is {self.arrow().schema.field(name).type}, and a matrix holds numbers",
                    next_step="encode it first, or leave it out with `features=`",
                )
        columns = [self.arrow().column(name).cast(pa.float64()).to_numpy() for name in names]
        return np.column_stack(columns) if columns else np.empty((self.rows, 0))

    def numeric(self) -> list[str]:
        """Return the names of the numeric and boolean columns."""
        import pyarrow as pa

        def is_number(kind: Any) -> bool:  # noqa: ANN401 - pyarrow's types have no stubs
            return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))

        return [field.name for field in self.arrow().schema if is_number(field.type)]

    def _require(self, names: Sequence[str]) -> None:
        for name in names:
            if name not in self.names:
                raise Invalid(
                    f"there is no column {name}",
                    why=f"the table has {', '.join(self.names[:20])}{' …' if len(self.names) > 20 else ''}",
                    next_step="check the spelling",
                )

    def __repr__(self) -> str:
        return f"Table({self.rows} rows: {', '.join(self.names)})"


class Segment:
    """A stored part of a table: a Parquet file, the edits that follow it, and the digests of their bytes.

    Args:
        files: the file and its edits, each with its digest.
    """

    def __init__(self, files: "Sequence[tuple[Path, str]]") -> None:
        self.files = tuple(files)

    @classmethod
    def each(cls, parts: "Iterable[tuple[str, Path]]") -> "list[Segment]":
        """Return the segments of a stored table from the names and files of its parts."""
        held: list[list[tuple[Path, str]]] = []
        for name, place in parts:
            file = (place, "b3:" + name.partition(".")[0])
            if name.endswith(".edit.parquet"):
                held[-1].append(file)
            else:
                held.append([file])
        return [cls(files) for files in held]

    @property
    def paths(self) -> list[Path]:
        """The file and its edits, in order."""
        return [path for path, _ in self.files]

    @property
    def schema(self) -> "pa.Schema":
        """The names and types of its columns; reads no rows."""
        from remint.adapters.tables.parquet import Segments

        return Segments(self.paths).schema

    def read(self) -> "pa.Table":
        """Return its rows."""
        from remint.adapters.tables.parquet import read_segments

        return read_segments(self.paths)


class Probe:
    """A frozen sample of a model's inputs, on which two versions of it can be compared."""

    def __init__(self, names: Sequence[str], rows: "np.ndarray[Any, Any]") -> None:
        self.names = list(names)
        self.rows = rows


_last_probe: list[Probe] = []


def _remember_probe(names: Sequence[str], x: "np.ndarray[Any, Any]") -> None:
    import numpy as np

    places = np.unique(np.linspace(0, max(len(x) - 1, 0), num=min(PROBE_ROWS, len(x))).round().astype(np.int64))
    _last_probe[:] = [Probe(names, x[places].copy())]


def last_probe() -> Probe | None:
    """Return the sample of the last matrix that `Table.xy` gave in this process; used by the platform."""
    return _last_probe[0] if _last_probe else None
