import pytest

from remint.core.database_url import parse_database_url
from remint.errors import Invalid


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("postgresql://db/ml", "postgresql://db:5432/ml?schema=remint"),
        ("postgres://ana@db:6432/ml?schema=fraud", "postgresql://ana@db:6432/ml?schema=fraud"),
        ("postgresql://a%40b:c%3Ad@[::1]/m%20l", "postgresql://a%40b@[::1]:5432/m%20l?schema=remint"),
        (
            "postgresql:///ml?host=/var/run/postgresql&sslmode=disable",
            "postgresql://:5432/ml?schema=remint&host=/var/run/postgresql&sslmode=disable",
        ),
    ],
)
def test_a_url_is_written_out_without_its_password_and_read_again(text, public):
    read = parse_database_url(text)
    assert read.public == public
    assert parse_database_url(public).public == public


def test_names_and_the_password_are_decoded():
    read = parse_database_url("postgresql://a%40b:c%3Ad@db/m%20l")
    assert (read.user, read.password, read.database) == ("a@b", "c:d", "m l")


def test_what_is_printed_of_it_does_not_hold_the_password():
    assert "geheim" not in repr(parse_database_url("postgresql://ana:geheim@db/ml"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("sqlite:///geheim.db", "no URL of Postgres"),
        ("postgresql:geheim", "no URL of Postgres"),
        ("postgresql://ana:geheim@/ml", "one host and one database"),
        ("postgresql://ana:geheim@db/", "one host and one database"),
        ("postgresql://ana:geheim@a,b/ml", "one host and one database"),
        ("postgresql://ana:geheim@db/a/b", "one host and one database"),
        ("postgresql://ana:geheim@db:many/ml", "cannot be read"),
        ("postgresql://ana:geheim@db:99999/ml", "cannot be read"),
        ("postgresql://ana:geheim@[db/ml", "cannot be read"),
        ("postgresql://ana:geheim@db/ml?schema", "cannot be read"),
        ("postgresql://ana:geheim@db/ml?schema=Fraud", "a schema is named"),
        ("postgresql://ana:geheim@db/ml?schema=pg_x", "a schema is named"),
        ("postgresql://ana:geheim@db/ml?schema=x;y", "a schema is named"),
        ("postgresql://ana:geheim@db/ml?schema=a&schema=b", "given twice"),
        ("postgresql://ana:geheim@db/ml?options=-cx", "option options is unknown"),
        ("postgresql://ana:geheim@db/ml?password=geheim", "option password is unknown"),
        ("postgresql://ana:geheim@db/ml?connect_timeout=soon", "whole number"),
        ("postgresql://ana:geheim@db/ml#x", "write %23"),
        ("postgresql://ana:geheim@db/ml%00", "zero byte"),
    ],
)
def test_what_is_no_place_of_a_catalog_is_refused_without_showing_the_password(text, why):
    with pytest.raises(Invalid, match=why) as caught:
        parse_database_url(text)
    assert "geheim" not in str(caught.value)
    assert caught.value.next_step == "write postgresql://USER@HOST:PORT/DATABASE?schema=NAME"
