"""Origins: where the rows of a table came from outside the project, and the addresses of such places.

What is recorded never holds a password: `Address.public` is the address without it.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NoReturn
from urllib.parse import parse_qsl, quote, unquote, urlencode

from remint.core.digest import Digest
from remint.core.ids import PrincipalId
from remint.core.ref import require_name
from remint.errors import Invalid

POSTGRES: Final = "postgres"
ADBC: Final = "adbc"
DELTA: Final = "delta"
ICEBERG: Final = "iceberg"
NAMED: Final = "source"
PINNABLE: Final = (DELTA, ICEBERG)
"""Kinds of sources that keep earlier versions of a table under an id of their own."""
PINNED: Final = "pinned"
"""The fact of a table that is kept by its source: what the store has of it is a copy that may go."""

_SCHEMES: Final = {"postgresql": POSTGRES, "postgres": POSTGRES, ADBC: ADBC, DELTA: DELTA, ICEBERG: ICEBERG, NAMED: NAMED}
_SECRET: Final = ("pass", "secret", "token", "key", "cred", "auth", "sas", "pwd", "private", "sig")
_USER: Final = re.compile(r"((?:[a-z][a-z0-9+.-]*://)?[^/?@:]*):([^/?]*)@")
_AT_NUMBER: Final = re.compile(r"(.+?)@(\d+)", re.DOTALL)
_TABLE: Final = re.compile(r"[^\s.]+(\.[^\s.]+){2,}")
_ORDER: Final = re.compile(r"(.+?)(?:\s+(asc|desc))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """Where rows are.

    Attributes:
        kind: `postgres`, `adbc`, `delta` or `iceberg`; `source` for a name of the settings.
        place: what is opened: a URI, `DRIVER?OPTIONS`, a path or URL, `CATALOG.NAMESPACE.TABLE`. It may hold a password.
        public: the whole address without credentials and without a snapshot; this is what is recorded.
        snapshot: the source's own number of a version; empty for what is there now.
        hidden: texts that must not be shown.
    """

    kind: str
    place: str = field(repr=False)
    public: str
    snapshot: str = ""
    hidden: tuple[str, ...] = field(default=(), repr=False)

    def clean(self, text: str) -> str:
        """Return a text without what must not be shown."""
        for secret in self.hidden:
            text = text.replace(secret, "…")
        return text


@dataclass(frozen=True, slots=True)
class Wanted:
    """Rows that are wanted.

    Attributes:
        query: one SQL statement that gives them; empty for a table.
        table: of a database, as `NAME` or `SCHEMA.NAME`; exactly as it is there.
        order_by: columns of the table, each with `asc` or `desc` behind it if need be.
        secret: the name of a secret, with the password of the address.
    """

    address: Address
    query: str = ""
    table: str = ""
    order_by: tuple[str, ...] = ()
    secret: str = ""

    def unlocked(self, password: str) -> "Wanted":
        """Return the same with the password of its address, which is not shown.

        Example:
            >>> wanted = Wanted(parse_address("postgresql://ana@db/sales"), "SELECT 1", secret="shop").unlocked("ge heim")
            >>> wanted.address.place, wanted.address.public
            ('postgresql://ana@db/sales?password=ge%20heim', 'postgresql://ana@db/sales')
        """
        place = self.address.place
        joined = f"{place}{'&' if '?' in place else '?'}password={quote(password, safe='')}"
        return replace(self, address=parse_address(joined), secret="")

    @property
    def sql(self) -> str:
        """The statement that gives the rows; empty for a source that has no SQL.

        Example:
            >>> Wanted(parse_address("postgresql://h/db"), table="public.orders", order_by=("id desc",)).sql
            'SELECT * FROM "public"."orders" ORDER BY "id" DESC'
        """
        if not self.table:
            return self.query
        order = ", ".join(_ordered(column) for column in self.order_by)
        return f"SELECT * FROM {_quoted(self.table)}" + (f" ORDER BY {order}" if order else "")  # noqa: S608 - quoted


@dataclass(frozen=True, slots=True)
class Origin:
    """That a table came from a source.

    Attributes:
        number: counts origins from 1; 0 before it is recorded.
        ref: the ref that was pointed at it.
        source: the address without credentials and without the snapshot.
        query: the SQL that gave the rows; empty if the source has none.
        snapshot: the source's own id of what was read; empty if it has none.
        table_id: the source's own id of the table, which a table made anew in its place does not have; empty if it has none.
        pinned: whether the source is what keeps the rows.
    """

    number: int
    artifact: Digest
    ref: str
    kind: str
    source: str
    query: str
    snapshot: str
    table_id: str
    pinned: bool
    by: PrincipalId
    at_us: int

    @property
    def place(self) -> str:
        """The address with the snapshot.

        Example:
            >>> Origin(1, Digest("b3:" + 64 * "0"), "", DELTA, "delta:lake", "", "12", "", True, PrincipalId("ana"), 0).place
            'delta:lake@12'
        """
        return f"{self.source}@{self.snapshot}" if self.snapshot else self.source

    @property
    def tells(self) -> tuple[object, ...]:
        """All but the number, who, and when: two that tell the same need not both be recorded."""
        whence = (self.kind, self.source, self.query, self.snapshot, self.table_id)
        return (self.artifact, self.ref, self.pinned, *whence)


@dataclass(frozen=True, slots=True)
class Check:
    """What a source answered when it was asked whether it still keeps what was pinned.

    Attributes:
        origin: the number of the origin.
        why: why not, in words; empty if it does.
    """

    origin: int
    found: bool
    why: str
    by: PrincipalId
    at_us: int


def is_address(text: str) -> bool:
    """Return whether a text is an address of rows and not a path.

    Example:
        >>> is_address("delta:lake@12"), is_address("landing/a.csv"), is_address("./delta:lake")
        (True, False, False)
    """
    scheme, colon, rest = text.partition(":")
    return bool(colon) and scheme in _SCHEMES and (_SCHEMES[scheme] != POSTGRES or rest.startswith("//"))


def parse_address(text: str) -> Address:
    """Return the address that a text is.

    Raises:
        Invalid: it is none; the message never shows a password.

    Example:
        >>> parse_address("postgresql://ana:geheim@db/sales?sslmode=require").public
        'postgresql://ana@db/sales?sslmode=require'
        >>> parse_address("delta:lake/orders@12").snapshot
        '12'
    """
    scheme, _, rest = text.partition(":")
    if not is_address(text) or not rest.strip("/"):
        _refuse(scheme[:20], "it is no address", f"write one that starts with {', '.join(f'{one}:' for one in _SCHEMES)}")
    kind = _SCHEMES[scheme]
    if kind == POSTGRES:
        public, hidden = _without_secrets(text)
        return Address(kind, text, public, hidden=hidden)
    if kind == ADBC:
        return _adbc(rest)
    at_number = _AT_NUMBER.fullmatch(rest)
    place, snapshot = (at_number[1], at_number[2]) if at_number else (rest, "")
    if kind == ICEBERG and not _TABLE.fullmatch(place):
        _refuse(text, "it has no catalog, namespace and table", "write iceberg:CATALOG.NAMESPACE.TABLE, or …@SNAPSHOT")
    if kind == DELTA and ("?" in place or _USER.match(place)):
        _refuse(scheme, "it may hold a secret", "take it out; credentials come from the environment (AWS_…, GOOGLE_…, AZURE_…)")
    if kind == NAMED:
        require_name(place, what="source")
    return Address(kind, place, f"{scheme}:{place}", snapshot)


def parse_sources(table: Mapping[str, Any]) -> dict[str, Wanted]:
    """Return the sources that the setting `data_sources` names.

    Raises:
        Invalid: one has no address, an unknown key, a value of another kind, or what may be a secret.
    """
    return {name: _source(require_name(name, what="source"), held) for name, held in table.items() if name != ICEBERG}


def _source(name: str, held: object) -> Wanted:
    def refuse(why: str, next_step: str) -> NoReturn:
        raise Invalid(f"the source {name} cannot be used", why=why, next_step=next_step)

    if not isinstance(held, dict) or not isinstance(held.get("uri"), str):
        refuse("it has no uri", f'write `uri = "postgresql://USER@HOST/DB"` in [data_sources.{name}]')
    order_by = held.get("order_by", [])
    texts = [held.get(key, "") for key in ("query", "table", "secret")]
    texts += order_by if isinstance(order_by, list) else [None]
    if set(held) - {"uri", "query", "table", "order_by", "secret"} or not all(isinstance(one, str) for one in texts):
        refuse("it has `uri`, `query` or `table`, a list `order_by`, `secret`, and nothing else", "mend it")
    address = parse_address(held["uri"])
    if address.hidden or address.kind == NAMED:
        why = "its uri names another source" if address.kind == NAMED else "its uri holds a secret, and settings are shared"
        refuse(why, 'take it out; `secret = "NAME"` names a secret with it, and Postgres also reads PGPASSWORD and ~/.pgpass')
    secret = held.get("secret", "")
    if secret and address.kind != POSTGRES:
        refuse("only Postgres takes its password from a secret", "leave `secret` out; other stores have their own variables")
    return require_wanted(Wanted(address, held.get("query", ""), held.get("table", ""), tuple(order_by), secret))


def parse_catalogs(table: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the Iceberg catalogs that the setting `data_sources` names, each with its properties as texts.

    Raises:
        Invalid: one is no table of plain values, or holds what may be a secret.
    """
    held = table.get(ICEBERG, {})
    if not isinstance(held, dict) or not all(isinstance(one, dict) for one in held.values()):
        raise Invalid("the Iceberg catalogs cannot be used", why="each is a table of properties", next_step="mend them")
    return {name: {key: _property(name, key, value) for key, value in one.items()} for name, one in held.items()}


def _property(name: str, key: str, value: object) -> str:
    def refuse(why: str, next_step: str) -> NoReturn:
        raise Invalid(f"the Iceberg catalog {name} cannot be used", why=why, next_step=next_step)

    if not isinstance(value, str | bool | int):
        refuse(f"{key} is not a text, a number or a boolean", "mend it")
    if _is_secret(key) or (isinstance(value, str) and _without_secrets(value)[1]):
        refuse(
            f"{key} may hold a secret, and settings are shared",
            f"take it out; PyIceberg reads PYICEBERG_CATALOG__{name.upper()}__… and ~/.pyiceberg.yaml",
        )
    return str(value).lower() if isinstance(value, bool) else str(value)


def require_wanted(wanted: Wanted) -> Wanted:
    """Return `wanted` if it says what rows it wants, once.

    Raises:
        Invalid: it does not.
    """
    said = bool(wanted.query) + bool(wanted.table)
    kind, public = wanted.address.kind, wanted.address.public
    if kind in PINNABLE:
        if said or wanted.order_by:
            _refuse(public, "it is one table, whose rows come in the order of its files", "leave the query out")
        return wanted
    if said != 1:
        why = "both a query and a table are given" if said else "nothing says which rows"
        _refuse(public, why, "give --query SQL or --from-table NAME")
    if wanted.order_by and not wanted.table:
        _refuse(public, "a query orders its rows itself", "write ORDER BY into the query")
    return wanted


def standing(origin: Origin, check: Check | None) -> tuple[bool, str]:
    """Return whether a pinned source was last seen to keep what was pinned, and that in words.

    Example:
        >>> pin = Origin(1, Digest("b3:" + 64 * "0"), "", DELTA, "delta:lake", "", "12", "", True, PrincipalId("ana"), 0)
        >>> standing(pin, None)
        (True, 'regenerable while the source keeps it: delta:lake@12, seen 1970-01-01')
        >>> standing(pin, Check(1, False, "vacuumed", PrincipalId("ana"), 86_400_000_000))
        (False, 'the source no longer keeps delta:lake@12: vacuumed (asked 1970-01-02)')
    """
    if check is None or check.found:
        return (
            True,
            f"regenerable while the source keeps it: {origin.place}, seen {_day(check.at_us if check else origin.at_us)}",
        )
    return False, f"the source no longer keeps {origin.place}: {check.why} (asked {_day(check.at_us)})"


def _day(at_us: int) -> str:
    return (dt.date(1970, 1, 1) + dt.timedelta(microseconds=at_us)).isoformat()


# ---- secrets


def _is_secret(name: str) -> bool:
    return any(word in name.lower() for word in _SECRET)


def _without_secrets(uri: str) -> tuple[str, tuple[str, ...]]:
    """Return a URI without password and secret options, and what was taken out."""
    place, mark, query = uri.partition("?")
    found = _USER.match(place)
    hidden: list[str] = []
    if found:
        hidden += [found[2], unquote(found[2])]
        place = f"{found[1]}@{place[found.end() :]}"
    kept = []
    for key, value in parse_qsl(query, keep_blank_values=True):
        if _is_secret(key) or _is_secret(value):
            hidden.append(value)
        else:
            kept.append((key, value))
    return place + (mark + urlencode(kept, safe="/:@,") if kept else ""), _longest_first(hidden)


def _adbc(rest: str) -> Address:
    driver, _, query = rest.partition("?")
    hidden: list[str] = []
    kept = []
    for key, value in parse_qsl(query, keep_blank_values=True):
        if _is_secret(key):
            hidden.append(value)
            continue
        public, taken = _without_secrets(value)
        hidden += taken
        if _is_secret(public) and "=" in public:  # a text of settings in a form of its own
            hidden.append(public)
            public = ""
        kept.append((key, public))
    public = f"{ADBC}:{driver}" + (f"?{urlencode(kept, safe='/:@,')}" if kept else "")
    return Address(ADBC, rest, public, hidden=_longest_first(hidden))


def _longest_first(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted({text for text in texts if text}, key=lambda text: (-len(text), text)))


def _quoted(name: str) -> str:
    return ".".join('"' + word.replace('"', '""') + '"' for word in name.split("."))


def _ordered(column: str) -> str:
    found = _ORDER.fullmatch(column.strip())
    if found is None:
        _refuse("the order", f"{column!r} is no column", "give --order-by COLUMN[,COLUMN]")
    name = '"' + found[1].replace('"', '""') + '"'
    return f"{name} {found[2].upper()}" if found[2] else name


def _refuse(what: str, why: str, next_step: str) -> NoReturn:
    raise Invalid(f"{what} cannot be read", why=why, next_step=next_step)
