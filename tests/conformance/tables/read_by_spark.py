"""Reads tables with Spark and compares them with what they are; prints what it found as JSON. Needs a Python with pyspark.

    python read_by_spark.py TABLES.json

TABLES.json lists for each table its files (segments, each with its edits), its digest and what is to be done with it.
"""

import json
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
from pyarrow import compute

from remint.adapters.tables.logical import digest_table
from remint.errors import Invalid
from remint.sdk.table import Segment, Table

ROW = "number of the row"


def open_session(scratch):
    from pyspark.sql import SparkSession

    return (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.local.dir", scratch)
        .config("spark.sql.warehouse.dir", f"{scratch}/warehouse")
        .getOrCreate()
    )


def opened(files):
    return Table.of_parts([Segment([(Path(path), "") for path in segment]) for segment in files])


def as_written(found, schema):
    """Return what Spark gave in the types of the table: Spark has none of its own for some."""
    columns = [
        pa.nulls(found.num_rows) if pa.types.is_null(wanted.type) else found.column(wanted.name).cast(wanted.type)
        for wanted in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def in_order(session, one):
    """Return whether the rows are those of the table, in its order."""
    table = opened(one["files"])
    found = table.spark(session, row_number=ROW).toArrow()
    order = compute.sort_indices(found.column(ROW))
    assert found.column(ROW).take(order).to_pylist() == list(range(found.num_rows))
    return str(digest_table(as_written(found.take(order), table.schema))) == one["digest"]


def as_a_bag(session, one):
    """Return whether the rows are those of the table, in any order."""
    table = opened(one["files"])
    found = as_written(table.spark(session).toArrow(), table.schema)
    return sorted(map(repr, found.to_pylist())) == sorted(map(repr, table.arrow().to_pylist()))


def refused(session, one):
    """Return why a table is refused."""
    try:
        opened(one["files"]).spark(session)
    except Invalid as error:
        return str(error)
    return ""


def main(path):
    tables = json.loads(Path(path).read_text())
    with tempfile.TemporaryDirectory() as scratch:
        session = open_session(scratch)
        told = [{"in order": in_order, "as a bag": as_a_bag, "refused": refused}[one["how"]](session, one) for one in tables]
        session.stop()
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1])
