"""Erasures: removing the rows of one person from every table kept. No record of one holds a personal value.

A person is named by a value of a column, the subject. What is recorded is a commitment: a digest of the value and of a receipt,
random bytes that only the caller gets. With both at hand it can be shown whom an erasure was about, and without it cannot.
"""

import datetime as dt
import decimal
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

from remint.core import canonical
from remint.core.digest import Digest, digest_record
from remint.core.ids import PrincipalId
from remint.core.tabletype import TypeTag
from remint.errors import Invalid

RECEIPT_BYTES: Final = 32
ERASED: Final = "erased"
"""The predicate of the evidence about a successor and about a certificate."""

_INTEGER = re.compile(r"[+-]?[0-9]+")
_UNITS: Final = {"s": 0, "ms": 3, "us": 6, "ns": 9}
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose rows go; it lives as long as the command, and is never recorded.

    Attributes:
        value: as it was typed.
        column: the column that holds it; None where `patterns` say so.
        patterns: of paths of refs, each with the column of the tables they name.
    """

    value: str = field(repr=False)
    column: str | None = None
    patterns: Mapping[str, str] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that may hold it, in order."""
        return (self.column,) if self.column is not None else tuple(sorted(set(self.patterns.values())))

    def is_named_in(self, text: bytes) -> bool:
        """Return whether the value stands in a text, as a word of its own.

        Example:
            >>> Subject("7").is_named_in(b"seat 7, row 17"), Subject("7").is_named_in(b"row 17, 2017-01-01")
            (True, False)
        """
        return re.search(rb"(?<!\w)" + re.escape(self.value.encode()) + rb"(?!\w)", text) is not None

    def columns_of(self, paths: Iterable[str]) -> frozenset[str]:
        """Return the columns that hold it in a table, by the paths of the refs that ever pointed at the table.

        A table that no ref ever pointed at lies between two steps, and may have any of the columns.

        Example:
            >>> orders = Subject("7", patterns={"data/orders*": "customer", "data/*": "id"})
            >>> sorted(orders.columns_of(["data/orders-2013"])), sorted(orders.columns_of([]))
            (['customer'], ['customer', 'id'])
        """
        named = tuple(paths)
        if self.column is not None or not named:
            return frozenset(self.columns)
        first = (
            next((column for pattern, column in self.patterns.items() if fnmatchcase(path, pattern)), None) for path in named
        )
        return frozenset(column for column in first if column is not None)


@dataclass(frozen=True, slots=True)
class Erasure:
    """One erasure as it is recorded.

    Attributes:
        number: counts erasures from 1; 0 before it is recorded.
        subject: the commitment (see `commitment`).
        columns: that were looked at.
        certificate: the artifact that says what was done.
        removed_at_us: when the bytes were gone from the disk; None while they may be there.
    """

    number: int
    subject: Digest
    columns: tuple[str, ...]
    by: PrincipalId
    at_us: int
    reason: str
    certificate: Digest
    removed_at_us: int | None = None


@dataclass(frozen=True, slots=True)
class Erased:
    """An artifact whose bytes went with an erasure.

    Attributes:
        number: of the erasure.
        successor: the same table without the rows; None if its rows cannot be told apart, so that all of it went.
        at_us: when, UTC.
    """

    number: int
    artifact: Digest
    successor: Digest | None
    at_us: int

    @property
    def date(self) -> str:
        """The day, UTC, as `2026-11-23`."""
        return (_EPOCH + dt.timedelta(microseconds=self.at_us)).strftime("%Y-%m-%d")

    @property
    def words(self) -> str:
        """What happened to it, for people."""
        if self.successor is None:
            return f"erasure {self.number} gave it up on {self.date}"
        return f"erasure {self.number} removed rows of it on {self.date}"

    @property
    def words_behind(self) -> str:
        """What happened, said of something that was made of it."""
        return f"erasure {self.number} removed rows of its inputs on {self.date}"


def commitment(value: str, receipt: bytes) -> Digest:
    """Return what stands for a subject in a record (docs/format/records.md, section 10).

    Example:
        >>> commitment("7", bytes(32)) == commitment("7", bytes(31) + b"a")
        False
    """
    return digest_record("erasure subject v1", [canonical.dumps({"receipt": receipt.hex(), "value": value})])


def parse_receipt(text: str) -> bytes:
    """Return the bytes of a receipt.

    Raises:
        Invalid: the text is none.
    """
    if not re.fullmatch(rf"[0-9a-f]{{{2 * RECEIPT_BYTES}}}", text):
        raise Invalid(
            "that is not a receipt",
            why=f"a receipt is {2 * RECEIPT_BYTES} lower-case hex digits",
            next_step="give the one that `remint erase` printed",
        )
    return bytes.fromhex(text)


def parse_patterns(table: Mapping[str, Any]) -> dict[str, str]:
    """Return the setting `subjects`, checked.

    Raises:
        Invalid: a column is not the name of one.

    Example:
        >>> parse_patterns({"data/passengers*": "passenger_id"})
        {'data/passengers*': 'passenger_id'}
    """
    for pattern, column in table.items():
        if not isinstance(column, str) or not column:
            raise Invalid(
                f"the subjects of {pattern!r} are not understood",
                why="a pattern of refs has the name of one column",
                next_step=f'write for example "{pattern}" = "passenger_id"',
            )
    return dict(table)


def last_of(digest: Digest, successors: Mapping[Digest, Digest | None]) -> Digest | None:
    """Return what stands for an artifact after every erasure; None if nothing does.

    Example:
        >>> a, b, c = (Digest("b3:" + letter * 64) for letter in "abc")
        >>> last_of(a, {a: b, b: c}) == c, last_of(c, {a: b}) == c, last_of(a, {a: None})
        (True, True, None)
    """
    here: Digest | None = digest
    while here is not None and here in successors:
        here = successors[here]
    return here


def value_in(tag: TypeTag, text: str) -> object | None:
    """Return a text as a value of a column's type, as Arrow takes it; None if no value of that type is meant.

    A time is ISO 8601; without a zone it is UTC where the column has one. Lists, structs, durations and times of day hold no
    subject.

    Args:
        tag: the type of the column.
        text: as a person typed it.

    Example:
        >>> from remint.core.tabletype import parse_tag
        >>> [value_in(parse_tag(tag), "300") for tag in ("int64", "uint8", "utf8", "decimal128(5,2)", "date32")]
        [300, None, '300', Decimal('300'), None]
    """
    if tag.kind == "timestamp":
        return _moment(tag, text)
    if tag.kind == "decimal":
        return _decimal(tag, text)
    if tag.kind != "plain":
        return None
    if tag.name.startswith(("int", "uint")):
        return _integer(tag.name, text)
    read = _PLAIN.get(tag.name)
    return read(text) if read is not None else None


def _integer(name: str, text: str) -> int | None:
    if not _INTEGER.fullmatch(text) or len(text) > 40:
        return None
    value, bits = int(text), int(name.removeprefix("u").removeprefix("int"))
    low, high = (0, 1 << bits) if name.startswith("u") else (-(1 << bits - 1), 1 << bits - 1)
    return value if low <= value < high else None


def _float(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:  # the answer: no number is meant
        return None
    return value if math.isfinite(value) else None


def _date(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:  # the answer: no date is meant
        return None


def _decimal(tag: TypeTag, text: str) -> decimal.Decimal | None:
    try:
        value = decimal.Decimal(text)
    except decimal.InvalidOperation:  # the answer: no number is meant
        return None
    if not value.is_finite():
        return None
    digits, exponent = value.normalize().as_tuple()[1:]
    places = max(-int(exponent), 0)
    whole = len(digits) + int(exponent)
    return value if places <= tag.scale and whole <= tag.precision - tag.scale else None


def _moment(tag: TypeTag, text: str) -> int | None:
    """Return a time as whole units since 1970; None if it is none, has a zone the column has not, or is finer than the unit."""
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:  # the answer: no time is meant
        return None
    if tag.zone is None and found.tzinfo is not None:
        return None
    in_utc = found if found.tzinfo is not None else found.replace(tzinfo=dt.UTC)
    us, digits = (in_utc - _EPOCH) // dt.timedelta(microseconds=1), _UNITS[tag.unit]
    if digits >= 6:
        return int(us * 10 ** (digits - 6))
    units, rest = divmod(us, 10 ** (6 - digits))
    return None if rest else int(units)


_PLAIN: Final[Mapping[str, Callable[[str], object | None]]] = {
    "utf8": lambda text: text,
    "binary": lambda text: text.encode(errors="surrogateescape"),
    "bool": {"true": True, "false": False}.get,
    "float32": _float,
    "float64": _float,
    "date32": _date,
}
