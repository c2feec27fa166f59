"""Addresses of sources: what they mean, and that nothing secret is left in what is recorded."""

import pytest

from remint.core.origin import Wanted, is_address, parse_address, parse_catalogs, parse_sources, require_wanted
from remint.errors import Invalid


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("postgresql://db/sales", "postgresql://db/sales"),
        ("postgresql://ana@db:5433/sales", "postgresql://ana@db:5433/sales"),
        ("postgresql://ana:geheim@db:5433/sales", "postgresql://ana@db:5433/sales"),
        ("postgres://ana:ge%40heim@db/sales", "postgres://ana@db/sales"),
        ("postgresql://ana:ge@heim@db/sales", "postgresql://ana@db/sales"),
        ("postgresql://ana@db/sales?password=geheim&sslmode=require", "postgresql://ana@db/sales?sslmode=require"),
        ("postgresql://db/sales?options=-c%20my.token=geheim", "postgresql://db/sales"),
        ("postgresql://ana:geheim@one:1,two:2/sales", "postgresql://ana@one:1,two:2/sales"),
        ("adbc:adbc_driver_sqlite?uri=orders.db", "adbc:adbc_driver_sqlite?uri=orders.db"),
        ("adbc:adbc_driver_snowflake?uri=ana:geheim@account/db", "adbc:adbc_driver_snowflake?uri=ana@account/db"),
        ("adbc:adbc_driver_x?uri=grpc://ana:geheim@host:1&username=ana&password=geheim",
         "adbc:adbc_driver_x?uri=grpc://ana@host:1&username=ana"),
        ("adbc:adbc_driver_x?uri=Server=db;Password=geheim", "adbc:adbc_driver_x?uri="),
        ("adbc:adbc_driver_x?adbc.auth_header=geheim", "adbc:adbc_driver_x"),
        ("delta:lake/orders@12", "delta:lake/orders"),
        ("delta:abfss://box@account.dfs.example/orders", "delta:abfss://box@account.dfs.example/orders"),
        ("iceberg:lake.sales.orders@3510453865195772424", "iceberg:lake.sales.orders"),
    ],
)  # fmt: skip
def test_what_is_recorded_of_an_address_holds_no_secret(text, public):
    found = parse_address(text)
    assert found.public == public
    assert "geheim" not in repr(found)


@pytest.mark.parametrize(
    "text", ["postgresql://ana:geheim@db/x", "adbc:adbc_driver_x?uri=grpc://ana:geheim@h&token=geheim", "postgres://h/db?password=geheim"]
)  # fmt: skip
def test_a_message_of_a_source_is_shown_without_its_secrets(text):
    assert parse_address(text).clean("login ana geheim failed") == "login ana … failed"


@pytest.mark.parametrize(
    "text", ["landing/2013", "./delta:x", "C:", "orders.csv", "postgresql:orders", "s3://bucket/x", ":x", ""]
)
def test_a_path_is_no_address(text):
    assert not is_address(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("delta:", "it is no address"),
        ("postgresql://", "it is no address"),
        ("iceberg:orders", "no catalog, namespace and table"),
        ("delta:s3://key:geheim@bucket/x", "it may hold a secret"),
        ("delta:https://account/x?sig=geheim", "it may hold a secret"),
        ("source:Not A Name", "Not A Name"),
    ],
)
def test_an_address_that_means_nothing_is_refused_without_its_secrets(text, words):
    with pytest.raises(Invalid, match=words) as refused:
        parse_address(text)
    assert "geheim" not in str(refused.value)


def test_the_version_of_a_source_is_told_apart_from_its_place():
    assert [(one.place, one.snapshot) for one in map(parse_address, ("delta:a@b/c@7", "delta:a@b/c"))] == [
        ("a@b/c", "7"),
        ("a@b/c", ""),
    ]


def test_names_in_sql_are_quoted():
    wanted = Wanted(parse_address("postgresql://h/db"), table='pub"lic.Order Lines', order_by=("Id", "at desc", 'we"ird'))
    assert wanted.sql == 'SELECT * FROM "pub""lic"."Order Lines" ORDER BY "Id", "at" DESC, "we""ird"'


@pytest.mark.parametrize(
    ("address", "told", "words"),
    [
        ("postgresql://h/db", {}, "nothing says which rows"),
        ("postgresql://h/db", {"query": "select 1", "table": "t"}, "both a query and a table"),
        ("postgresql://h/db", {"query": "select 1", "order_by": ("a",)}, "a query orders its rows itself"),
        ("delta:lake", {"query": "select 1"}, "it is one table"),
        ("iceberg:a.b.c", {"table": "t"}, "it is one table"),
    ],
)
def test_rows_must_be_wanted_in_one_way(address, told, words):
    with pytest.raises(Invalid, match=words):
        require_wanted(Wanted(parse_address(address), **told))


def test_the_settings_name_sources():
    held = {"sales": {"uri": "postgresql://ana@db/sales", "table": "orders", "order_by": ["id"]}, "lake": {"uri": "delta:lake"}}
    found = parse_sources({**held, "iceberg": {"ice": {"type": "sql"}}})
    assert found["sales"].sql == 'SELECT * FROM "orders" ORDER BY "id"'
    assert set(found) == {"sales", "lake"}


@pytest.mark.parametrize(
    "held",
    [
        {"uri": "postgresql://ana:geheim@db/x", "query": "select 1"},
        {"uri": "adbc:adbc_driver_x?token=geheim", "query": "select 1"},
        {"uri": "source:other"},
        {"uri": "delta:lake", "password": "geheim"},
        {"uri": "postgresql://db/x"},
        {"uri": 7},
        {"uri": "delta:lake", "order_by": "id"},
        {},
        "delta:lake",
    ],
)
def test_a_source_in_the_settings_that_is_wrong_or_holds_a_secret_is_refused(held):
    with pytest.raises(Invalid) as refused:
        parse_sources({"x": held})
    assert "geheim" not in str(refused.value)


def test_the_settings_name_catalogs_of_iceberg():
    assert parse_catalogs({"iceberg": {"ice": {"type": "sql", "init": True, "n": 3}}}) == {
        "ice": {"type": "sql", "init": "true", "n": "3"}
    }


@pytest.mark.parametrize(
    "held", [{"s3.secret-access-key": "geheim"}, {"token": "geheim"}, {"uri": "postgresql+psycopg://a:geheim@db/x"}, {"x": [1]}]
)
def test_a_catalog_in_the_settings_that_may_hold_a_secret_is_refused(held):
    with pytest.raises(Invalid) as refused:
        parse_catalogs({"iceberg": {"ice": held}})
    assert "geheim" not in str(refused.value)
