"""Spark reads the versions of random histories as they are, in a Python of its own that has pyspark."""

import datetime as dt
import json
import os
import subprocess
from pathlib import Path

import pyarrow as pa
import pytest

from remint.adapters.tables.logical import digest_table
from remint.adapters.tables.parquet import Segments, write_segment
from tests.conformance.tables.histories import History
from tests.conformance.tables.test_versions import CHANGES, Stored
from tests.support.remint_cli import ROOT

SPARK = os.environ.get("REMINT_TEST_SPARK", "")
ABSENT = "no Spark: set REMINT_TEST_SPARK to a Python that has pyspark and what Remint needs, as .ci/run does"
HISTORIES = 1000 if os.environ.get("REMINT_TEST_FULL") == "1" else 30


def told(tables, folder):
    """Let Spark read tables; return what it told of each."""
    listed = folder / "tables.json"
    listed.write_text(json.dumps(tables))
    done = subprocess.run(
        [SPARK, Path(__file__).with_name("read_by_spark.py"), listed],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}", "SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=3000,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


def table_of(paths, how="in order"):
    chains = Segments(paths).chains
    digest = str(digest_table(Segments(paths).stream()))
    return {"files": [[str(path) for path in chain.paths] for chain in chains], "digest": digest, "how": how}


def history_of(seed, folder):
    """Return the last version of a random history that has edits, or the last one if none has."""
    history = History(seed)
    folder.mkdir()
    stored = Stored(folder, history.table)
    chosen, table = stored.paths, history.table
    for _ in range(CHANGES):
        history.change()
        stored.change(history.table)
        if has_edits(stored.paths) or not has_edits(chosen):
            chosen, table = stored.paths, history.table
    assert digest_table(Segments(chosen).stream()) == digest_table(table)
    return chosen


def has_edits(paths):
    return any(chain.edits for chain in Segments(paths).chains)


ODD = {
    "unsigned": pa.table({"x": pa.array([2**64 - 1, None], pa.uint64()), "y": pa.array([255, 0], pa.uint8())}),
    "wall time": pa.table({"x": pa.array([dt.datetime(2013, 7, 1, 2, 30), None], pa.timestamp("s"))}),
    "zoned time": pa.table({"x": pa.array([dt.datetime(1900, 1, 1, tzinfo=dt.UTC)], pa.timestamp("ms", "America/New_York"))}),
    "names": pa.table({"a b": [1], "c.d": [2], "e`f": [3], "ü;{}()=": [4]}),
    "no rows": pa.table({"x": pa.array([], pa.int64())}),
}
REFUSED = {
    "nanoseconds": pa.table({"x": pa.array([1], pa.timestamp("ns"))}),
    "hours": pa.table({"x": pa.array([[dt.time(1)]], pa.list_(pa.time64("us")))}),
    "spans": pa.table({"x": pa.array([1], pa.duration("us"))}),
    "half": pa.table({"x": pa.array([1.0], pa.float32()).cast(pa.float16())}),
    "digits": pa.table({"x": pa.array([1], pa.int8()).cast(pa.decimal256(40, 2))}),
    "case": pa.table({"a": [1], "A": [2]}),
}


def versions_of(folder):
    """Return a version of each history by its name."""
    versions = {f"history {seed}": history_of(seed, folder / str(seed)) for seed in range(HISTORIES)}
    assert sum(map(has_edits, versions.values())) > HISTORIES / 4
    return {name: table_of(paths) for name, paths in versions.items()}


def odd_ones(folder):
    """Return tables that are odd in one way, by their names."""
    tables = {}
    for name, table in {**ODD, **REFUSED}.items():
        place = folder / name / ".hidden"
        place.mkdir(parents=True)
        write_segment(table, place / "rows")
        tables[name] = table_of([place / "rows"], "refused" if name in REFUSED else "in order")
    twice, once, strange = folder / "twice", folder / "once", folder / "a [folder] {of} 100% *"
    write_segment(pa.table({"x": [1, 2, 3]}), twice)
    write_segment(pa.table({"x": [4]}), once)
    strange.mkdir()
    write_segment(pa.table({"x": [7, 8]}), strange / "rows")
    tables["a segment three times"] = table_of([twice, once, twice, twice])
    tables["a segment twice, as a bag"] = table_of([twice, twice], "as a bag")
    tables["a path like a pattern"] = table_of([strange / "rows"])
    return tables


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What Spark told of every table by name; one start of Spark for all of them."""
    if not SPARK:
        pytest.skip(ABSENT)
    folder = tmp_path_factory.mktemp("spark")
    tables = {**versions_of(folder), **odd_ones(folder)}
    some = [f"history {seed}" for seed in range(0, HISTORIES, max(1, HISTORIES // 30))]
    tables |= {f"{name}, as a bag": {**tables[name], "how": "as a bag"} for name in some}
    return dict(zip(tables, told(list(tables.values()), folder), strict=True))


@pytest.mark.timeout(3600)
def test_spark_reads_every_history_as_it_is(answers):
    found = {name: is_equal for name, is_equal in answers.items() if name.startswith("history")}
    assert len(found) > HISTORIES
    assert [name for name, is_equal in found.items() if not is_equal] == []


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", [*ODD, "a segment three times", "a segment twice, as a bag", "a path like a pattern"])
def test_spark_reads_what_is_odd(answers, name):
    assert answers[name] is True


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", REFUSED)
def test_what_spark_has_no_type_for_is_refused(answers, name):
    assert "cannot be given to Spark" in answers[name]
