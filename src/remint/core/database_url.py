"""Where a catalog in Postgres is. What is shown of it never holds the password."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NoReturn
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from remint.errors import Invalid

SCHEMA: Final = "remint"
"""The schema of a catalog whose URL names none."""

PORT: Final = 5432
WAIT_S: Final = 10
"""How long opening a connection may take where the URL does not say."""

_FORM: Final = "postgresql://USER@HOST:PORT/DATABASE?schema=NAME"
_SCHEMA: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_OPTIONS: Final = frozenset({"schema", "host", "sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout"})


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """Where a catalog in Postgres is.

    Attributes:
        host: a name, an address, or the folder of a socket.
        user: empty for the account's name.
        password: empty if PGPASSWORD, ~/.pgpass or the server's rules let us in.
        options: of the connection, such as `sslmode`.
    """

    host: str
    port: int
    database: str
    schema: str = SCHEMA
    user: str = ""
    password: str = field(default="", repr=False)
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def public(self) -> str:
        """The URL without the password.

        Example:
            >>> parse_database_url("postgresql://ana:geheim@db/ml?sslmode=require").public
            'postgresql://ana@db:5432/ml?schema=remint&sslmode=require'
        """
        user = f"{quote(self.user, safe='')}@" if self.user else ""
        is_socket = self.host.startswith("/")
        host = "" if is_socket else f"[{self.host}]" if ":" in self.host else self.host
        asked = {"schema": self.schema, **({"host": self.host} if is_socket else {}), **self.options}
        words = "&".join(f"{name}={quote(value, safe='/')}" for name, value in asked.items())
        return f"postgresql://{user}{host}:{self.port}/{quote(self.database, safe='')}?{words}"


def parse_database_url(text: str) -> DatabaseUrl:
    """Return the place that a URL names.

    Raises:
        Invalid: it names none; the message never shows a password.

    Example:
        >>> place = parse_database_url("postgresql://ana@db:6432/ml?schema=fraud")
        >>> place.host, place.port, place.database, place.schema, place.user
        ('db', 6432, 'ml', 'fraud', 'ana')
    """
    try:
        found = urlsplit(text)
        port = found.port or PORT
        asked = parse_qsl(found.query, keep_blank_values=True, strict_parsing=bool(found.query))
    except ValueError:
        _refuse("it cannot be read as a URL")
    if found.scheme not in {"postgresql", "postgres"} or not text.startswith(f"{found.scheme}://"):
        _refuse("it is no URL of Postgres")
    options = dict(asked)
    wrong = sorted(set(options) - _OPTIONS)
    if wrong or len(options) != len(asked):
        _refuse(f"its option {wrong[0][:40]} is unknown" if wrong else "an option is given twice")
    database = unquote(found.path.removeprefix("/"))
    host = options.pop("host", "") or found.hostname or ""
    schema = options.pop("schema", SCHEMA)
    if not database or not host or "/" in database or "," in host:
        _refuse("it must name one host and one database")
    if not _SCHEMA.fullmatch(schema) or schema.startswith("pg_"):
        _refuse("a schema is named in lower-case letters, digits and _, and not pg_…")
    if not options.get("connect_timeout", "1").isdecimal():
        _refuse("connect_timeout is a whole number of seconds")
    if found.fragment:
        _refuse("it has a #; write %23 for one in a name or password")
    names = (unquote(found.username or ""), unquote(found.password or ""))
    if any("\0" in one for one in (host, database, *names, *options.values())):
        _refuse("it holds a zero byte")
    return DatabaseUrl(host, port, database, schema, *names, options)


def _refuse(why: str) -> NoReturn:
    raise Invalid("the catalog cannot be opened", why=f"the setting `catalog`: {why}", next_step=f"write {_FORM}")
