"""Tables that their sources keep: read from there when they are needed, verified, and missed honestly."""

import shutil

import pyarrow as pa
import pytest

from remint.adapters.tables.logical import digest_table
from remint.adapters.tables.parquet import write_segment
from remint.core.artifact import Kind
from remint.core.origin import PINNED
from remint.errors import Conflict, Corrupt, Invalid, SourceAltered, SourceGone
from remint.ports.usecases.erasures import Demand
from tests.support.sources import BOTH, MORE, ROWS, make_app, read, write_delta
from tests.support.tables import ANA, X, held


class Delta:
    """A Delta table of two versions, of which the first can be made to go."""

    def __init__(self, tmp_path, _request):
        self.path = tmp_path / "delta"
        write_delta(self.path, ROWS)
        self.app = make_app(tmp_path / "project")
        self.pin = f"delta:{self.path}@0"

    def go(self):
        from deltalake import DeltaTable

        write_delta(self.path, MORE, mode="overwrite")
        DeltaTable(str(self.path)).vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)

    def alter(self):
        shutil.rmtree(self.path)
        write_delta(self.path, ROWS.slice(0, 999))


class Iceberg:
    """An Iceberg table of two snapshots."""

    def __init__(self, tmp_path, request):
        self.lake = request.getfixturevalue("lake")
        self.first = self.lake.append("t", ROWS)
        self.app = make_app(tmp_path / "project", self.lake.settings)
        self.pin = f"iceberg:ice.sales.t@{self.first}"

    def go(self):
        self.lake.append("t", MORE)
        self.lake.expire("t", self.first)

    def alter(self):
        """Put another file in the place of the one of the snapshot, as somebody with access to the bucket can."""
        (task,) = self.lake.catalog.load_table("sales.t").scan(snapshot_id=self.first).plan_files()
        path = task.file.file_path.removeprefix("file://")
        import pyarrow.parquet as pq

        file = pq.read_table(path)
        pq.write_table(file.set_column(1, file.schema.field(1), pa.array([0.0] * 1000)), path)


@pytest.fixture(params=[Delta, Iceberg], ids=lambda kind: kind.__name__)
def place(request, tmp_path):
    made = request.param(tmp_path, request)
    yield made
    made.app.close()


@pytest.fixture
def pinned(place):
    place.change = read(place.app, X, place.pin, pin=True)
    return place


def forget(app):
    """Give up every copy of pinned tables."""
    app.storage.collect(ANA, unused_days=0)


def recorded(app, name=X):
    return app.refs.artifact(ANA, name)


def test_a_pin_is_the_same_table_and_stores_nothing(pinned):
    before = sum(1 for path in (pinned.app.settings.state / "store").rglob("*") if path.is_file())
    assert pinned.change.artifact.digest == digest_table(ROWS).digest
    assert (recorded(pinned.app).parts, pinned.change.stored_bytes, before) == ((), 0, 0)


def test_a_pin_without_a_version_is_of_the_newest(pinned):
    read(pinned.app, "data/newest", pinned.pin.partition("@")[0], pin=True)
    newest, first = pinned.app.sources.newest()
    assert (newest.origin.snapshot, newest.origin.pinned) == (first.origin.snapshot, True)


def test_what_is_pinned_is_read_from_its_source(pinned):
    assert held(pinned.app).equals(ROWS)
    assert recorded(pinned.app).facts[PINNED]


def test_what_was_read_once_is_not_read_from_the_source_again(pinned):
    held(pinned.app)
    pinned.go()
    assert held(pinned.app).equals(ROWS)


def test_gc_may_give_up_the_copy_though_a_ref_points_at_it(pinned):
    held(pinned.app)
    assert [one.digest for one in pinned.app.storage.collect(ANA, unused_days=0).given] == [pinned.change.artifact.digest]
    assert not pinned.app.artifacts.present(pinned.change.artifact.digest)
    assert held(pinned.app).equals(ROWS)


def test_gc_leaves_a_copy_that_was_read_a_moment_ago(pinned):
    held(pinned.app)
    assert pinned.app.storage.collect(ANA).given == []


def test_a_hold_keeps_the_copy(pinned):
    with pytest.raises(Invalid, match="its source keeps the rows"):
        pinned.app.storage.hold(ANA, X, reason="a court asked")
    held(pinned.app)
    pinned.app.storage.hold(ANA, X, reason="a court asked")
    forget(pinned.app)
    pinned.go()
    assert held(pinned.app).equals(ROWS)


def test_a_source_that_keeps_it_no_longer_is_named(pinned):
    pinned.go()
    with pytest.raises(SourceGone) as gone:
        held(pinned.app)
    assert gone.value.facts["source"] == pinned.pin.partition("@")[0]
    assert gone.value.facts["snapshot"] in pinned.pin
    (found,) = pinned.app.sources.of(pinned.change.artifact.digest)
    assert not found.check.found


def test_a_source_that_gives_other_rows_is_not_believed(pinned):
    pinned.alter()
    with pytest.raises(SourceAltered, match="is not what was pinned"):
        held(pinned.app)
    assert recorded(pinned.app).parts == ()


def test_the_source_is_asked_whether_it_keeps_what_was_pinned(pinned):
    (found,) = pinned.app.sources.check(ANA, [])
    assert (found.check.found, found.check.why) == (True, "")
    pinned.go()
    (found,) = pinned.app.sources.check(ANA, [X])
    assert not found.check.found
    assert found.check.why


def test_a_file_that_is_gone_is_noticed_without_reading(pinned):
    for path in pinned.app.settings.root.parent.rglob("*.parquet"):
        path.unlink()
    (found,) = pinned.app.sources.check(ANA, [])
    assert "1 of its 1 files are gone" in found.check.why


def test_another_table_in_the_place_is_noticed(pinned):
    pinned.app.sources.check(ANA, [])
    with pinned.app.catalog.read() as tx:
        (origin,) = tx.origins.newest()
    from remint.services.pins import source_of

    assert source_of(pinned.app.opened_source, origin).gap("another id") == "another table is in its place"
    assert source_of(pinned.app.opened_source, origin).gap(origin.table_id) == ""


def test_only_what_is_pinned_can_be_checked(pinned):
    write_segment(ROWS, pinned.app.settings.root / "rows.parquet")
    pinned.app.artifacts.add(ANA, "data/file", pinned.app.settings.root / "rows.parquet")
    read(pinned.app, "data/snapshot", pinned.pin)
    write_segment(MORE, pinned.app.settings.root / "more.parquet")
    pinned.app.artifacts.add(ANA, "data/more", pinned.app.settings.root / "more.parquet")
    with pytest.raises(Invalid, match="it is not pinned"):
        pinned.app.sources.check(ANA, ["data/more"])


def test_every_answer_is_in_the_audit_log(pinned):
    pinned.app.sources.check(ANA, [])
    held(pinned.app)
    assert pinned.app.audit.verify() is not None
    with pinned.app.catalog.read() as tx:
        text = b"\n".join(tx.entries.leaves()).decode()
    assert [text.count(f'"action":"source:{verb}"') for verb in ("pin", "check", "fetch")] == [1, 1, 1]


# ---- what is done with a pinned table


def test_adding_the_rows_stores_what_was_pinned(pinned):
    change = read(pinned.app, X, pinned.pin)
    assert not change.moved
    assert PINNED not in recorded(pinned.app).facts
    forget(pinned.app)
    pinned.go()
    assert held(pinned.app).equals(ROWS)


def test_adding_a_file_with_the_rows_stores_what_was_pinned_elsewhere(pinned):
    write_segment(ROWS, pinned.app.settings.root / "rows.parquet")
    pinned.app.artifacts.add(ANA, "data/file", pinned.app.settings.root / "rows.parquet")
    forget(pinned.app)
    pinned.go()
    assert held(pinned.app).equals(ROWS)


def test_pinning_what_is_stored_leaves_it_stored(place):
    read(place.app, X, place.pin)
    read(place.app, X, place.pin, pin=True)
    forget(place.app)
    place.go()
    assert held(place.app).equals(ROWS)


def test_rows_appended_to_a_pinned_table_make_a_stored_one(pinned):
    write_segment(MORE, pinned.app.settings.root / "more.parquet")
    pinned.app.table_versions.append(ANA, X, [pinned.app.settings.root / "more.parquet"])
    forget(pinned.app)
    pinned.go()
    assert held(pinned.app).equals(BOTH)
    assert PINNED not in recorded(pinned.app).facts


def test_rows_upserted_to_a_pinned_table_make_a_stored_one(pinned):
    write_segment(MORE, pinned.app.settings.root / "more.parquet")
    pinned.app.table_versions.upsert(ANA, X, [pinned.app.settings.root / "more.parquet"], key=["id"])
    forget(pinned.app)
    assert held(pinned.app).equals(BOTH)


def test_a_pinned_table_is_compared_and_checked_out(pinned, tmp_path):
    write_segment(BOTH, pinned.app.settings.root / "both.parquet")
    pinned.app.artifacts.add(ANA, "data/both", pinned.app.settings.root / "both.parquet")
    found = pinned.app.table_versions.difference(recorded(pinned.app), recorded(pinned.app, "data/both"))
    assert (found.added, found.removed, found.changed) == (2, 0, 0)
    forget(pinned.app)
    assert pinned.app.artifacts.checkout(pinned.change.artifact.digest, tmp_path / "out") == 1


def test_a_pinned_table_is_pushed_with_its_rows_and_pulled_as_stored(pinned, tmp_path):
    settings = f'remote = "team"\n[remotes.team]\nurl = "file://{tmp_path}/remote"\n'
    pinned.app.close()
    here = make_app(pinned.app.settings.root, settings + getattr(getattr(pinned, "lake", None), "settings", ""))
    here.remotes.push(ANA, [X])
    here.close()
    there = make_app(tmp_path / "there", settings)
    there.remotes.pull(ANA, [X])
    assert PINNED not in recorded(there).facts
    there.storage.collect(ANA, unused_days=0)
    assert held(there).equals(ROWS)
    there.close()


def test_what_was_erased_is_not_brought_back_from_the_source(pinned):
    held(pinned.app)
    pinned.app.erasures.erase(ANA, Demand("5", "asked for", column="id"))
    assert held(pinned.app).num_rows == 999
    assert PINNED not in recorded(pinned.app).facts
    with pytest.raises((Conflict, Corrupt)):
        held(pinned.app, f"{X}@1")
    forget(pinned.app)
    assert held(pinned.app).num_rows == 999


def test_a_pinned_table_is_no_kind_of_its_own(pinned):
    assert (recorded(pinned.app).kind, recorded(pinned.app).facts["rows"]) == (Kind.TABLE, 1000)
