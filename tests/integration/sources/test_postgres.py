"""Tables from Postgres: every type that is kept, those that are refused, and one consistent read."""

import datetime as dt
import json
import socket
import socketserver
import struct
import threading
from decimal import Decimal

import pyarrow as pa
import pytest

from remint.adapters.tables.logical import digest_table
from remint.core.origin import parse_sources
from remint.errors import Denied, Invalid, NotFound, Unavailable
from tests.support.sources import read
from tests.support.tables import X, held

UTC = dt.UTC
KEPT = [
    ("boolean", ["true", "false", "NULL"], pa.bool_(), [True, False, None]),
    ("smallint", ["-32768", "32767", "NULL"], pa.int16(), [-32768, 32767, None]),
    ("integer", ["-2147483648", "2147483647"], pa.int32(), [-(2**31), 2**31 - 1]),
    ("bigint", ["-9223372036854775808", "9223372036854775807", "NULL"], pa.int64(), [-(2**63), 2**63 - 1, None]),
    ("real", ["'-Infinity'", "1.5", "NULL"], pa.float32(), [float("-inf"), 1.5, None]),
    ("double precision", ["1e308", "'-0'", "NULL"], pa.float64(), [1e308, -0.0, None]),
    ("text", ["''", "'é𝄞 \"quoted\" \\'", "NULL"], pa.string(), ["", 'é𝄞 "quoted" \\', None]),
    ("varchar(3)", ["'abc'"], pa.string(), ["abc"]),
    ("char(3)", ["'a'"], pa.string(), ["a  "]),
    ("bytea", [r"'\x00ff'", "''", "NULL"], pa.binary(), [b"\x00\xff", b"", None]),
    ("date", ["'0001-01-01'", "'9999-12-31'", "NULL"], pa.date32(), [dt.date.min, dt.date.max, None]),
    ("time", ["'12:00:00.000001'"], pa.time64("us"), [dt.time(12, 0, 0, 1)]),
    ("timestamp", ["'2013-07-01 12:00:00.5'", "NULL"], pa.timestamp("us"), [dt.datetime(2013, 7, 1, 12, 0, 0, 500000), None]),
    ("timestamptz", ["'2013-07-01 12:00+02'"], pa.timestamp("us", "UTC"), [dt.datetime(2013, 7, 1, 10, tzinfo=UTC)]),
    ("numeric(10,3)", ["-1234567.891", "0", "NULL"], pa.decimal128(10, 3), [Decimal("-1234567.891"), Decimal("0.000"), None]),
    ("numeric(60,2)", [f"{'9' * 58}.99"], pa.decimal256(60, 2), [Decimal(f"{'9' * 58}.99")]),
    ("numeric", ["1.50", "'NaN'", "NULL"], pa.string(), ["1.50", "nan", None]),
    ("numeric(3,-2)", ["12345"], pa.string(), ["12300"]),
    ("uuid", ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "NULL"], pa.string(), ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", None]),
    ("json", ["'{\"b\": 1,  \"a\": 2}'", "NULL"], pa.string(), ['{"b": 1,  "a": 2}', None]),
    ("jsonb", ["'{\"b\": 1,  \"a\": 2}'"], pa.string(), ['{"a": 2, "b": 1}']),
    ("mood", ["'glad'", "NULL"], pa.string(), ["glad", None]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "values", "arrow", "expected"), KEPT, ids=[one[0] for one in KEPT])
def test_a_column_is_kept_as_the_type_that_is_written_down_for_it(app, postgres, kind, values, arrow, expected):
    rows = ", ".join(f"({number}, {value})" for number, value in enumerate(values))
    postgres.run(
        "CREATE TYPE OWN.mood AS ENUM ('glad')",
        f"CREATE TABLE OWN.t (n integer, c {kind.replace('mood', 'OWN.mood')})",
        f"INSERT INTO OWN.t VALUES {rows}",
    )
    change = read(app, X, postgres.uri, table=f"{postgres.name}.t", order_by=("n",))
    by_hand = pa.table({"n": pa.array(range(len(values)), pa.int32()), "c": pa.array(expected, arrow)})
    assert change.artifact.digest == digest_table(by_hand).digest
    assert held(app)["c"].to_pylist() == expected


@pytest.mark.parametrize(
    "expression",
    [
        "array[1,2]", "array['a']", "interval '1 month'", "point(1,2)", "'1.2.3.4'::inet", "int4range(1,3)", "1.5::money",
        "1::oid", "timetz '12:00+02'", "B'101'", "'infinity'::timestamp", "'-infinity'::timestamptz", "'infinity'::date",
        "'-infinity'::date", "timestamp '294276-12-31'", "to_tsvector('a b')", "'<a/>'::xml", "row(1)", "pg_sleep(0)",
    ],
)  # fmt: skip
def test_a_column_that_cannot_be_kept_is_named(app, postgres, expression):
    with pytest.raises(Invalid, match="bad") as refused:
        read(app, X, postgres.uri, query=f"SELECT 1 AS good, {expression} AS bad")
    assert "cast it" in refused.value.next_step
    assert app.refs.list(app.context()) == []


def test_a_number_that_does_not_fit_its_column_is_refused(app, postgres):
    postgres.run("CREATE TABLE OWN.t (c numeric(4,1))", "INSERT INTO OWN.t VALUES ('NaN')")
    with pytest.raises(Invalid, match="'c'"):
        read(app, X, postgres.uri, table=f"{postgres.name}.t")


def test_numbers_of_a_query_are_text_unless_they_are_cast(app, postgres):
    change = read(app, X, postgres.uri, query="SELECT 1.50::numeric(10,2) AS a, 1.50::numeric::double precision AS b")
    assert [column["type"] for column in change.artifact.facts["schema"]] == ["utf8", "float64"]


def test_the_second_snapshot_stores_what_changed(app, postgres):
    postgres.run("CREATE TABLE OWN.t AS SELECT n AS id, md5(n::text) AS name FROM generate_series(1, 70000) AS n")
    told = {"table": f"{postgres.name}.t", "order_by": ("id",)}
    first = read(app, X, postgres.uri, **told)
    postgres.run("UPDATE OWN.t SET name = 'new' WHERE id = 35000", "INSERT INTO OWN.t VALUES (70001, 'last')")
    second = read(app, X, postgres.uri, **told)
    assert (second.added, second.changed, second.removed) == (1, 1, 0)
    assert second.stored_bytes < first.stored_bytes / 50


def test_a_source_that_changed_nothing_makes_no_version(app, postgres):
    postgres.run("CREATE TABLE OWN.t AS SELECT 1 AS a")
    for _ in range(2):
        change = read(app, X, postgres.uri, table=f"{postgres.name}.t")
    assert not change.moved
    assert len(app.refs.log(app.context(), X)) == len(app.sources.newest()) == 1


def test_all_of_a_read_is_from_one_moment(app, postgres):
    """Another session moves money to and fro all the while; no read may see it half moved."""
    postgres.run(
        "CREATE TABLE OWN.t AS SELECT n AS id, 100 AS held, repeat('x', 200) AS pad FROM generate_series(1, 20000) AS n"
    )
    over, moved = threading.Event(), threading.Event()

    def move():
        while not over.is_set():
            postgres.run("UPDATE OWN.t SET held = held + CASE WHEN id = 1 THEN -1 ELSE 1 END WHERE id IN (1, 20000)")
            moved.set()

    thread = threading.Thread(target=move)
    thread.start()
    moved.wait(10)
    try:
        for number in range(5):
            read(app, f"data/x{number}", postgres.uri, table=f"{postgres.name}.t")
    finally:
        over.set()
        thread.join()
    sums = [
        app.tables.query("SELECT sum(held) FROM t", {"t": _files(app, f"data/x{number}")}, limit=1)[1] for number in range(5)
    ]
    assert sums == [[(2_000_000,)]] * 5


def _files(app, name):
    return [path for _, path in app.artifacts.files(app.refs.artifact(app.context(), name).digest)]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO OWN.t VALUES (2) RETURNING a",
        "DELETE FROM OWN.t",
        "CREATE TABLE OWN.u (a int)",
        "SELECT nextval('OWN.s')",
        "WITH gone AS (DELETE FROM OWN.t RETURNING a) SELECT * FROM gone",
        "SELECT set_config('transaction_read_only', 'off', false)",
        "COMMIT",
        "SELECT 1; DELETE FROM OWN.t",
    ],
)
def test_a_statement_that_writes_is_refused(app, postgres, statement):
    postgres.run("CREATE TABLE OWN.t AS SELECT 1 AS a", "CREATE SEQUENCE OWN.s")
    with pytest.raises(Invalid):
        read(app, X, postgres.uri, query=statement.replace("OWN", postgres.name))
    assert postgres.rows("SELECT a FROM OWN.t") == [(1,)]
    assert postgres.rows("SELECT last_value, is_called FROM OWN.s") == [(1, False)]


@pytest.mark.parametrize("told", [{"table": "no_such_table"}, {"query": "SELECT * FROM no_such_table"}])
def test_a_table_that_is_not_there_is_not_found(app, postgres, told):
    with pytest.raises(NotFound, match="no_such_table"):
        read(app, X, postgres.uri, **told)


@pytest.mark.parametrize("query", ["SELEC 1", "SELECT 1 AS a, 2 AS a", "EXPLAIN SELECT 1", "SELECT 1/0 AS a", "SELECT"])
def test_sql_that_gives_no_table_is_refused(app, postgres, query):
    with pytest.raises(Invalid):
        read(app, X, postgres.uri, query=query)


def test_what_fails_after_the_first_rows_is_told_in_the_words_of_the_database(app, postgres):
    with pytest.raises(Invalid, match="division by zero") as refused:
        read(app, X, postgres.uri, query="SELECT 1 / (200000 - n) AS a FROM generate_series(1, 200000) AS n")
    assert "check the query" in refused.value.next_step
    assert app.refs.list(app.context()) == []


def test_a_connection_that_is_cut_short_is_worth_trying_again(app, postgres):
    """The backend is ended once it sends rows."""
    over = threading.Event()

    def end():
        while not over.wait(0.05):
            others = f"pid <> pg_backend_pid() AND query LIKE '%cut {postgres.name}%'"
            postgres.rows(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")

    thread = threading.Thread(target=end)
    thread.start()
    try:
        with pytest.raises(Unavailable, match="did not answer"):
            read(
                app, X, postgres.uri, query=f"SELECT n AS a, 'cut {postgres.name}' AS b FROM generate_series(1, 30000000) AS n"
            )
    finally:
        over.set()
        thread.join()
    assert app.refs.list(app.context()) == []


def test_a_table_without_rows_is_a_table(app, postgres):
    postgres.run("CREATE TABLE OWN.t (a int)")
    change = read(app, X, postgres.uri, table=f"{postgres.name}.t")
    assert change.artifact.facts["rows"] == 0


def test_no_server_is_worth_trying_again(app):
    with pytest.raises(Unavailable, match="did not answer"):
        read(app, X, "postgresql://ana:geheim@127.0.0.1:1/db", query="SELECT 1 AS a")


def at(server):
    return f"127.0.0.1:{server.server_address[1]}"


@pytest.fixture
def strict():
    """A server that hears a password and refuses it, as the protocol of Postgres (version 3) says."""
    said = b'SFATAL\0C28P01\0Mpassword authentication failed for user "ana"\0\0'

    class Refuses(socketserver.BaseRequestHandler):
        def handle(self):
            while (start := self._message()) is not None and start[:4] in {b"\x04\xd2\x16\x2f", b"\x04\xd2\x16\x30"}:
                self.request.sendall(b"N")  # no TLS here
            self.request.sendall(b"R" + struct.pack("!ii", 8, 3))
            self.request.recv(1)
            server.heard.append(self._message())
            self.request.sendall(b"E" + struct.pack("!i", 4 + len(said)) + said)

        def _message(self):
            size = self.request.recv(4, socket.MSG_WAITALL)
            return self.request.recv(struct.unpack("!i", size)[0] - 4, socket.MSG_WAITALL) if size else None

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Refuses) as server:
        server.heard = []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_wrong_password_is_denied_and_not_shown(app, strict):
    with pytest.raises(Denied, match="does not let us in") as denied:
        read(app, X, f"postgresql://ana:geheim@{at(strict)}/db", query="SELECT 1 AS a")
    assert "PGPASSWORD" in denied.value.next_step
    assert "geheim" not in str(denied.value)


def test_the_password_comes_from_a_secret_that_is_granted(app, strict):
    named = {"uri": f"postgresql://ana@{at(strict)}/db", "query": "SELECT 1 AS a", "secret": "shop"}
    wanted = parse_sources({"shop": named})["shop"]
    context = app.context()
    with pytest.raises(NotFound, match="there is no secret shop"):
        app.sources.add(context, X, wanted)
    app.secrets.set(context, "shop", b"open & sesame")
    with pytest.raises(Denied, match="rule secret-grant"):
        app.sources.add(context, X, wanted)
    assert strict.heard == []
    app.secrets.grant(context, "shop", context.principal)
    with pytest.raises(Denied, match="does not let us in") as denied:
        app.sources.add(context, X, wanted)
    assert strict.heard == [b"open & sesame\0"]
    assert "sesame" not in str(denied.value)
    used = [json.loads(leaf) for leaf in app.audit.export()][-1]
    assert (used["action"], used["facts"]) == ("secret:use", {"for": f"postgresql://ana@{at(strict)}/db"})


def test_only_postgres_takes_a_secret():
    with pytest.raises(Invalid, match="only Postgres"):
        parse_sources({"lake": {"uri": "delta:lake", "secret": "shop"}})


def test_no_password_where_one_is_asked_for_is_denied(app, strict):
    with pytest.raises(Denied, match="does not let us in"):
        read(app, X, f"postgresql://ana@{at(strict)}/db?passfile=/dev/null", query="SELECT 1 AS a")


def test_an_unknown_database_is_not_found(app, postgres):
    with pytest.raises(NotFound, match="no_such_database"):
        read(app, X, postgres.uri.rpartition("/")[0] + "/no_such_database", query="SELECT 1 AS a")


def test_who_may_not_read_is_denied(app, postgres):
    role = f"{postgres.name}_role"
    postgres.run("CREATE TABLE OWN.t AS SELECT 1 AS a", f"CREATE ROLE {role} LOGIN")
    try:
        uri = postgres.uri.replace("//postgres@", f"//{role}@")
        with pytest.raises(Denied, match="permission denied"):
            read(app, X, uri, table=f"{postgres.name}.t")
    finally:
        postgres.run(f"DROP ROLE {role}")


def test_rows_of_a_database_cannot_be_pinned(app, postgres):
    with pytest.raises(Invalid, match="was not pinned"):
        read(app, X, postgres.uri, query="SELECT 1 AS a", pin=True)
