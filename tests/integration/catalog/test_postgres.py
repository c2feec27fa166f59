"""What Postgres adds: a server that is elsewhere, may be lost, and lets in whom it likes."""

import socketserver
import struct
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect

from remint.adapters.catalog import engine as catalog_engine
from remint.adapters.catalog.engine import HEAD, SqlCatalog
from remint.adapters.catalog.postgres import PostgresDatabase
from remint.adapters.catalog.tables import INSERT_ONLY, metadata
from remint.core.database_url import parse_database_url
from remint.core.digest import digest_bytes
from remint.core.entry import Entry
from remint.core.ids import PrincipalId
from remint.core.log import first_bad
from remint.core.workspace import Workspace
from remint.errors import Conflict, Denied, Invalid, NotFound, Unavailable
from tests.conformance.catalog.nouns import recipe, start
from tests.support.postgres import connected, empty, run, schema

ANA = PrincipalId("ana")
ROOT = Path(__file__).resolve().parents[3]
WRITE = """
import sys
from remint.adapters.catalog.engine import SqlCatalog
from remint.core.database_url import parse_database_url
from remint.core.entry import Entry

catalog = SqlCatalog(parse_database_url(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(50):
    with catalog.begin() as tx:
        tx.entries.append(Entry("ref:move", f"{sys.argv[2]}-{number}", "ana", number))
catalog.close()
"""
HOLD = """
import sys
from remint.adapters.catalog.engine import SqlCatalog
from remint.core.database_url import parse_database_url
from remint.core.entry import Entry

with SqlCatalog(parse_database_url(sys.argv[1])).begin() as tx:
    tx.entries.append(Entry("ref:move", "never", "ana", 0))
    print("written", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def fresh():
    """A place where nothing is yet."""
    with schema() as url:
        yield url


@pytest.fixture(scope="module")
def shared():
    with schema() as url:
        SqlCatalog(url).close()
        yield url


@pytest.fixture
def url(shared):
    """A place with an empty catalog."""
    empty(shared)
    return shared


@pytest.fixture
def catalog(url):
    opened = SqlCatalog(url)
    yield opened
    opened.close()


def add_in(tx):
    tx.entries.append(Entry("ref:move", "an entry", ANA, 0))


def add(catalog):
    with catalog.begin() as tx:
        add_in(tx)


def lose(catalog, url, *, then):
    """End the connection of a transaction that has written, and go on in it."""
    with catalog.begin() as tx:
        add_in(tx)
        end(url, pid_of(tx))
        then(tx)


def size(catalog):
    with catalog.read() as tx:
        return tx.entries.frontier().size


def pid_of(tx):
    return tx._connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()


def end(url, pid):
    with connected(url) as own:
        assert own.execute("SELECT pg_terminate_backend(%s, 5000)", [pid]).fetchone() == (True,)


def described(engine, name):
    seen = inspect(engine)
    return {
        table: {
            "columns": [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in seen.get_columns(table, name)],
            "primary key": seen.get_pk_constraint(table, name),
            "foreign keys": sorted(str({**key, "referred_schema": ""}) for key in seen.get_foreign_keys(table, name)),
            "unique": sorted(map(str, seen.get_unique_constraints(table, name))),
            "checks": sorted(one["name"] for one in seen.get_check_constraints(table, name)),
            "indexes": sorted(map(str, seen.get_indexes(table, name))),
        }
        for table in sorted(seen.get_table_names(name))
        if table != "alembic_version"
    }


# ---- the schema


def test_the_migrations_make_what_the_tables_say(url, fresh):
    run(fresh, f"CREATE SCHEMA {fresh.schema}")
    by_tables = PostgresDatabase(fresh, busy_timeout_ms=1000)
    metadata.create_all(by_tables.writers)
    by_tables.close()
    plain = create_engine(f"postgresql+psycopg://{url.user}@{url.host}:{url.port}/{url.database}")
    assert described(plain, url.schema) == described(plain, fresh.schema)
    plain.dispose()


def test_every_text_sorts_by_its_bytes_and_every_number_is_wide(url):
    with connected(url) as own:
        found = own.execute(
            "SELECT DISTINCT data_type, collation_name FROM information_schema.columns "
            "WHERE table_schema = %s AND table_name <> 'alembic_version'",
            [url.schema],
        ).fetchall()
    assert set(found) == {("text", "C"), ("bigint", None), ("bytea", None), ("boolean", None)}


def test_every_insert_only_table_has_its_three_triggers(url):
    with connected(url) as own:
        found = own.execute(
            "SELECT relname, tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
            "WHERE NOT tgisinternal AND relnamespace = %s::regnamespace",
            [url.schema],
        ).fetchall()
    assert sorted(found) == sorted(
        (name, f"{name}_no_{verb}") for name in INSERT_ONLY for verb in ("update", "delete", "truncate")
    )


def test_opening_again_changes_nothing(catalog, url):
    add(catalog)
    again = SqlCatalog(url)
    assert size(again) == 1
    again.close()


def test_a_newer_schema_is_refused(fresh):
    SqlCatalog(fresh).close()
    run(fresh, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Conflict, match="its schema is 9999, and this Remint knows schemas up to"):
        SqlCatalog(fresh)


def test_a_migration_that_fails_half_way_leaves_nothing(fresh, monkeypatch):
    real = catalog_engine._upgrade

    def fail_after(connection):
        real(connection)
        raise ZeroDivisionError

    monkeypatch.setattr(catalog_engine, "_upgrade", fail_after)
    with pytest.raises(ZeroDivisionError):
        SqlCatalog(fresh)
    with connected(fresh) as own:
        assert own.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [fresh.schema]).fetchone() is None
    monkeypatch.undo()
    opened = SqlCatalog(fresh)
    add(opened)
    opened.close()


def test_two_threads_may_open_a_new_catalog_at_once(fresh):
    opened = []
    threads = [threading.Thread(target=lambda: opened.append(SqlCatalog(fresh))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [size(one) for one in opened] == [0, 0]
    for one in opened:
        one.close()


def test_an_account_that_may_make_no_schema_is_told_so(fresh):
    name = f"{fresh.schema}_guest"
    run(fresh, f"CREATE ROLE {name} LOGIN")
    try:
        with pytest.raises(Denied, match="permission denied"):
            SqlCatalog(replace(fresh, user=name))
    finally:
        run(fresh, f"DROP ROLE {name}")


# ---- a server that is not there, or does not let us in


def test_a_server_that_is_not_there_is_unavailable(url):
    with pytest.raises(Unavailable, match="the catalog did not answer") as caught:
        SqlCatalog(replace(url, port=1))
    assert "check that the server runs" in caught.value.next_step


def test_a_database_that_does_not_exist_is_not_found(url):
    with pytest.raises(NotFound, match='database "nowhere" does not exist'):
        SqlCatalog(replace(url, database="nowhere"))


def test_an_account_that_does_not_exist_is_denied(url):
    with pytest.raises(Denied, match="the catalog does not let us in"):
        SqlCatalog(replace(url, user="nobody_of_that_name"))


class Refuses(socketserver.StreamRequestHandler):
    """Asks for a password and refuses it, as the protocol of Postgres (version 3) says."""

    def handle(self):
        size = struct.unpack("!i", self.rfile.read(4))[0]
        if size == 8:  # a question for TLS
            self.rfile.read(4)
            self.wfile.write(b"N")
            size = struct.unpack("!i", self.rfile.read(4))[0]
        self.rfile.read(size - 4)
        self.wfile.write(b"R" + struct.pack("!ii", 8, 3))
        kind, size = struct.unpack("!ci", self.rfile.read(5))
        self.server.heard = (kind, self.rfile.read(size - 4))
        said = b'SFATAL\0C28P01\0Mpassword authentication failed for user "ana"\0\0'
        self.wfile.write(b"E" + struct.pack("!i", len(said) + 4) + said)


def test_a_wrong_password_is_denied_and_not_shown():
    with socketserver.TCPServer(("127.0.0.1", 0), Refuses) as server:
        threading.Thread(target=server.handle_request).start()
        with pytest.raises(Denied, match='password authentication failed for user "ana"') as caught:
            SqlCatalog(parse_database_url(f"postgresql://ana:geheim@127.0.0.1:{server.server_address[1]}/ml?sslmode=disable"))
    assert server.heard == (b"p", b"geheim\0")
    assert "PGPASSWORD" in caught.value.next_step
    assert "geheim" not in str(caught.value) + str(caught.value.__cause__)


def test_no_error_shows_the_password(url):
    with pytest.raises(Denied) as caught:
        SqlCatalog(replace(url, user="nobody_of_that_name", password="geheim"))
    chain, shown = caught.value, ""
    while chain is not None:
        shown, chain = shown + str(chain) + repr(chain), chain.__cause__
    assert "geheim" not in shown + repr(replace(url, password="geheim"))


# ---- a server that is lost


def test_a_server_lost_within_a_transaction_leaves_nothing_and_the_next_one_works(catalog, url):
    with pytest.raises(Unavailable, match="the catalog did not answer"):
        lose(catalog, url, then=add_in)
    assert size(catalog) == 0
    add(catalog)
    assert size(catalog) == 1


def test_a_server_lost_while_it_commits_is_not_said_to_have_written_nothing(catalog, url):
    with pytest.raises(Unavailable, match="whether it did is not known"):
        lose(catalog, url, then=lambda tx: None)
    assert size(catalog) == 0


def test_an_error_of_ours_is_not_hidden_by_a_lost_server(catalog, url):
    with pytest.raises(ZeroDivisionError):
        lose(catalog, url, then=lambda tx: 1 / 0)


def test_connections_lost_while_idle_are_replaced(catalog, url):
    with catalog.read() as one, catalog.begin() as other:
        pids = [pid_of(one), pid_of(other)]
    for pid in pids:
        end(url, pid)
    with catalog.read() as one, catalog.begin() as other:
        assert one.entries.frontier().size == 0
        other.entries.append(Entry("ref:move", "x", ANA, 0))
    assert size(catalog) == 1


def test_a_writer_that_waits_too_long_is_told_so(catalog, url):
    hasty = SqlCatalog(url, busy_timeout_ms=100)
    with catalog.begin() as tx:
        tx.entries.append(Entry("ref:move", "x", ANA, 0))
        with pytest.raises(Unavailable, match=r"another process held it for more than 0\.1 s"):
            add(hasty)
    add(hasty)
    assert size(hasty) == 2
    hasty.close()


def test_a_writer_sees_what_was_written_while_it_waited(catalog, url):
    other, seen = SqlCatalog(url), []

    def work():
        with other.begin() as tx:
            seen.append(tx.entries.append(Entry("ref:move", "second", ANA, 1)))

    waiting = threading.Thread(target=work)
    with catalog.begin() as tx:
        waiting.start()
        with connected(url) as own:
            while own.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").fetchone() == (0,):
                pass
        tx.entries.append(Entry("ref:move", "first", ANA, 0))
    waiting.join()
    other.close()
    assert seen == [2]


def test_two_processes_write_one_log_without_gaps(catalog, url):
    commands = [[sys.executable, "-c", WRITE, url.public, name] for name in ("one", "two")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    children = [subprocess.Popen(command, env={"PYTHONPATH": str(ROOT / "src")}, **pipes) for command in commands]
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    results = [child.communicate(timeout=60) for child in children]
    assert [(child.returncode, errors) for child, (_, errors) in zip(children, results, strict=True)] == [(0, "")] * 2
    with catalog.read() as tx:
        leaves = tx.entries.leaves()
        assert first_bad(leaves) is None
        assert tx.entries.frontier().size == len(leaves) == 100


def test_a_writer_that_is_killed_holds_nobody_up_and_leaves_nothing(catalog, url):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    child = subprocess.Popen([sys.executable, "-c", HOLD, url.public], env={"PYTHONPATH": str(ROOT / "src")}, **pipes)
    assert child.stdout.readline() == "written\n"
    child.kill()
    child.communicate()
    add(catalog)
    assert size(catalog) == 1


# ---- values


def test_numbers_and_times_beyond_32_bits_are_kept_and_asked_for(catalog):
    with catalog.begin() as tx:
        tx.workspaces.add(Workspace("main", None, 2**40, ANA, 2**60))
        assert tx.tokens.get(2**40) is None
    with catalog.read() as tx:
        found = tx.workspaces.get("main")
        assert (found.fork_order, found.at_us) == (2**40, 2**60)


def test_a_zero_byte_in_a_text_is_refused(catalog):
    with catalog.begin() as tx:
        tx.recipes.add(recipe())
    with pytest.raises(Invalid, match="a text in it holds a zero byte"), catalog.begin() as tx:
        tx.runs.start(start(1, why="a\0b"))


def test_names_are_listed_in_the_order_of_their_bytes(catalog):
    names = ["Z", "a", "a-b", "aB", "ab", "b", "é"]
    with catalog.begin() as tx:
        for name in reversed(names):
            tx.workspaces.add(Workspace(name, None, 0, ANA, 0))
    with catalog.read() as tx:
        assert [one.name for one in tx.workspaces.all()] == names


def test_a_copy_is_a_catalog_in_one_file(catalog, tmp_path):
    add(catalog)
    frontier = catalog.copy_to(tmp_path / "copy.db")
    copy = SqlCatalog(tmp_path / "copy.db")
    with copy.read() as tx, catalog.read() as own:
        assert tx.entries.frontier() == own.entries.frontier() == frontier
        assert tx.entries.leaves() == own.entries.leaves()
    copy.close()
    assert [path.name for path in tmp_path.iterdir()] == ["copy.db"]


def test_the_revision_is_that_of_sqlite(url):
    with connected(url) as own:
        assert own.execute("SELECT version_num FROM alembic_version").fetchone() == (HEAD,)


def test_two_schemas_of_one_database_do_not_wait_for_each_other(catalog, fresh):
    other = SqlCatalog(fresh, busy_timeout_ms=100)
    with catalog.begin(), other.begin() as tx:
        tx.facts.set_once({"installation": str(digest_bytes(b"x"))})
    other.close()
