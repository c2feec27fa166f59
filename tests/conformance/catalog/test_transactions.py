"""What every catalog promises of its transactions (remint.ports.catalog.Catalog)."""

import threading

import pytest
from sqlalchemy.exc import DBAPIError

from remint.adapters.catalog.engine import SqlCatalog
from remint.adapters.catalog.tables import INSERT_ONLY, metadata
from remint.core.asked import Asked
from remint.core.change import Step
from remint.core.entry import Entry
from remint.core.glass import Confirmation, Glass
from remint.core.hold import Release
from remint.core.ids import PrincipalId
from remint.core.origin import Check
from remint.core.principal import GRANT, Principal, PrincipalKind, RoleChange
from remint.core.secret import SET, SecretStep
from remint.core.team import JOIN, Team, TeamChange
from remint.core.token import Token
from remint.core.vouched import Link
from remint.core.workspace import Workspace
from remint.errors import Conflict, NotFound
from remint.ports.catalog import LogSegment
from tests.conformance.catalog.nouns import (
    ANA,
    FLIGHTS,
    A,
    artifact,
    change,
    digest,
    end,
    erasure,
    evidence,
    hold,
    item,
    move,
    origin,
    recipe,
    spend,
    start,
    step_of,
)
from tests.support.postgres import schema


def fill(tx):
    """Write a row into every table."""
    tx.facts.set_once({"id": "here"})
    tx.recipes.add(recipe())
    tx.runs.start(start(1))
    tx.runs.end(end(1))
    tx.workspaces.add(Workspace("main", None, 0, ANA, 0))
    tx.refs.move(move(FLIGHTS, None, A))
    tx.entries.append(Entry("ref:move", str(FLIGHTS), ANA, 0))
    tx.principals.add(Principal(ANA, PrincipalKind.PERSON, bytes(32), frozenset({"owner"}), 0))
    tx.changes.step(tx.changes.add(change()), Step("open", ANA, 0))
    tx.evidence.add(evidence())
    tx.log_segments.add(LogSegment("delay", "0", "1", 2, A))
    tx.holds.release(tx.holds.add(hold()), Release(ANA, 1, "over"))
    tx.holds.give_up([A], at_us=0)
    tx.artifacts.store_anew(artifact("a"), at_us=0)
    tx.erasures.add(erasure(), {digest("b"): None})
    tx.erasures.removed([1], at_us=11)
    tx.origins.check(Check(tx.origins.add(origin()), True, "", ANA, 1))
    tx.glass.add(Glass(1, (FLIGHTS,), "it fails", ANA, 0, 10))
    tx.glass.confirm(1, Confirmation(PrincipalId("bo"), 1, b"signed"))
    tx.principals.change(RoleChange(ANA, GRANT, "risk", ANA, 1))
    token = Token(0, ANA, "a script", frozenset({"read"}), None, 0, 10)
    tx.tokens.revoke(tx.tokens.add(token, digest("a secret")), by=ANA, at_us=1)
    spend(tx, 1)
    tx.inventory.add(item("model/late"))
    tx.validations.add(step_of(1))
    tx.teams.add(Team("risk", "", ANA, 1))
    tx.teams.change(TeamChange("risk", JOIN, ANA, "", "", ANA, 2))
    tx.identities.link(Link("https://issuer.example", "7", ANA, ANA, 1))
    tx.identities.spend(digest("a proof"), token=1, at_us=1)
    tx.secrets.add(SecretStep("shop", SET, ANA, 1))
    tx.requests.note(ANA, Asked("key", "b3:1", "first"), at_us=1)


def fill_and_fail(catalog):
    with catalog.begin() as tx:
        fill(tx)
        raise ZeroDivisionError


def rows(tx, table):
    return tx._connection.exec_driver_sql(f"SELECT * FROM {table}").fetchall()


def test_what_was_committed_is_seen(catalog):
    with catalog.begin() as tx:
        tx.facts.set_once({"id": "here"})
    with catalog.read() as tx:
        assert tx.facts.get("id") == "here"


def test_nothing_of_an_aborted_transaction_is_seen(catalog):
    with catalog.read() as tx:
        before = {table: rows(tx, table) for table in metadata.tables}
    with pytest.raises(ZeroDivisionError):
        fill_and_fail(catalog)
    with catalog.read() as tx:
        assert {table: rows(tx, table) for table in metadata.tables} == before


def test_an_aborted_transaction_may_be_tried_again(catalog):
    with pytest.raises(ZeroDivisionError):
        fill_and_fail(catalog)
    with catalog.begin() as tx:
        fill(tx)
    with catalog.read() as tx:
        assert all(rows(tx, table) for table in metadata.tables)


def test_writing_in_a_reading_transaction_is_an_error(catalog):
    with pytest.raises(DBAPIError, match=r"read-?only"), catalog.read() as tx:
        tx.facts.set_once({"id": "here"})


def test_writing_is_possible_after_reading(catalog):
    with catalog.read() as tx:
        assert tx.facts.get("id") is None
    with catalog.begin() as tx:
        tx.facts.set_once({"id": "here"})
        assert tx.facts.get("id") == "here"


def test_a_reader_keeps_one_view_while_others_commit(catalog):
    with catalog.read() as reading:
        assert reading.refs.order() == 0
        with catalog.begin() as tx:
            tx.refs.move(move(FLIGHTS, None, A))
        assert reading.refs.order() == 0
    with catalog.read() as reading:
        assert reading.refs.order() == 1


def test_a_reader_is_not_blocked_by_a_writer(catalog):
    with catalog.begin() as tx:
        tx.facts.set_once({"id": "here"})
        with catalog.read() as reading:
            assert reading.facts.get("id") is None


def test_writers_in_threads_take_turns(catalog):
    def work(own):
        for n in range(10):
            with catalog.begin() as tx:
                tx.entries.append(Entry("ref:move", f"{own}-{n}", ANA, n))

    threads = [threading.Thread(target=work, args=(own,)) for own in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with catalog.read() as tx:
        assert tx.entries.frontier().size == 40


def test_twenty_readers_may_be_open_at_once(catalog):
    barrier = threading.Barrier(20, timeout=20)
    seen = []

    def work():
        with catalog.read() as tx:
            barrier.wait()
            seen.append(tx.refs.order())

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [0] * 20


def test_closing_twice_is_allowed(catalog):
    catalog.close()
    catalog.close()


def test_every_table_is_insert_only_or_one_of_the_four_that_are_not():
    assert set(metadata.tables) - set(INSERT_ONLY) == {"refs", "entry_frontier", "budget_balances", "requests"}


def fill_whole(opened):
    with opened.begin() as tx:
        for name in "abcd":
            tx.artifacts.add(artifact(name), at_us=0)
        fill(tx)


@pytest.fixture(scope="module", params=["sqlite-file", "sqlite-temporary"])
def filled(request, tmp_path_factory):
    """A catalog with a row in every table; every test that uses it is refused."""
    opened = SqlCatalog(tmp_path_factory.mktemp("filled") / "catalog.db" if request.param == "sqlite-file" else None)
    fill_whole(opened)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def filled_postgres():
    """The same in Postgres."""
    with schema() as url:
        opened = SqlCatalog(url)
        fill_whole(opened)
        yield opened
        opened.close()


def refuse(catalog, table, statement):
    """Run a statement that must be refused, and see that nothing changed."""
    with catalog.read() as tx:
        before = rows(tx, table)
    with pytest.raises(Conflict, match=f"{table} is insert-only"), catalog.begin() as tx:
        tx._connection.exec_driver_sql(statement)
    with catalog.read() as tx:
        assert rows(tx, table) == before != []


@pytest.mark.parametrize("table", INSERT_ONLY)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {table} SET {column} = 'forged'",
        "DELETE FROM {table}",
        # Replacing deletes the old row; SQLite once skipped the trigger for it.
        "INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
        "UPDATE OR REPLACE {table} SET {column} = {column}",
    ],
    ids=["update", "delete", "insert-or-replace", "update-or-replace"],
)
def test_the_database_itself_refuses_to_alter_a_record(filled, table, statement):
    column = list(metadata.tables[table].columns)[-1].name
    refuse(filled, table, statement.format(table=table, column=f'"{column}"'))


@pytest.mark.parametrize("table", INSERT_ONLY)
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {table} SET {column} = {column}",
        "DELETE FROM {table}",
        "INSERT INTO {table} SELECT * FROM {table} ON CONFLICT ({key}) DO UPDATE SET {column} = EXCLUDED.{column}",
    ],
    ids=["update", "delete", "insert-or-update"],
)
def test_postgres_itself_refuses_to_alter_a_record(filled_postgres, table, statement):
    column = list(metadata.tables[table].columns)[-1].name
    key = ", ".join(f'"{one.name}"' for one in metadata.tables[table].primary_key.columns)
    refuse(filled_postgres, table, statement.format(table=table, column=f'"{column}"', key=key))


@pytest.mark.parametrize("table", INSERT_ONLY)
def test_postgres_itself_refuses_to_empty_a_table(filled_postgres, table):
    with filled_postgres.read() as tx:
        before = rows(tx, table)
    with pytest.raises(Conflict, match="is insert-only"), filled_postgres.begin() as tx:
        tx._connection.exec_driver_sql(f"TRUNCATE {table} CASCADE")
    with filled_postgres.read() as tx:
        assert rows(tx, table) == before != []


def test_a_record_that_refers_to_nothing_is_refused(catalog):
    with pytest.raises(NotFound, match="a record was not written"), catalog.begin() as tx:
        tx.refs.move(move(FLIGHTS, None, digest("never recorded")))
    with catalog.read() as tx:
        assert tx.refs.get(FLIGHTS) is None


def test_a_second_record_of_one_name_is_refused(catalog):
    with catalog.begin() as tx:
        tx.recipes.add(recipe())
        tx.runs.start(start(1))
    with pytest.raises(Conflict, match="a record was not written"), catalog.begin() as tx:
        tx.runs.start(start(1, at_us=9))


def test_a_wrong_statement_stays_a_mistake_of_ours(catalog):
    with pytest.raises(DBAPIError, match=r"no such table|does not exist"), catalog.begin() as tx:
        rows(tx, "nowhere")


def test_a_catalog_in_a_folder_with_strange_letters_opens_there(tmp_path):

    # The path once went through a URL, where ? and # end it.
    folder = tmp_path / "a?b#c%20d e"
    folder.mkdir()
    opened = SqlCatalog(folder / "catalog.db")
    opened.close()
    assert [path.name for path in folder.iterdir()] == ["catalog.db"]


def test_a_temporary_catalog_leaves_nothing_behind(tmp_path, monkeypatch):

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    opened = SqlCatalog(None)
    assert list(tmp_path.iterdir()) != []
    opened.close()
    assert list(tmp_path.iterdir()) == []


def test_two_catalogs_without_a_path_are_two(catalog):

    other = SqlCatalog(None)
    with other.begin() as tx:
        tx.facts.set_once({"id": "there"})
    with catalog.read() as tx:
        assert tx.facts.get("id") is None
    other.close()
