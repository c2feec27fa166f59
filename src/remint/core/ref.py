"""Refs: movable names of artifacts, and the grammar people write them in.

REF := [WORKSPACE:]KIND/NAME[@SELECTOR]; SELECTOR := N | b3:HEX (12 digits or more) | ISO-8601 time.
"""

import datetime as dt
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from remint.core.digest import SHORT, Digest
from remint.core.ids import ChangeId, PrincipalId, RunId
from remint.errors import Invalid, InvalidName

PRODUCTION = "main"
KINDS = (
    "contract", "data", "deployment", "environment", "evaluation", "features", "log", "model", "monitor", "policy", "report",
    "value",
)  # fmt: skip
MAX_NAME = 200
MAX_SERIAL_DIGITS = 18
_WORD = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9_-])?")
_DIGITS = re.compile(rf"b3:[0-9a-f]{{{SHORT},64}}")


@dataclass(frozen=True, slots=True, order=True)
class RefName:
    """The full name of a ref.

    Example:
        >>> str(RefName("main", "model", "delay"))
        'main:model/delay'
    """

    workspace: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.workspace}:{self.kind}/{self.name}"

    @property
    def path(self) -> str:
        """The name inside its workspace, `kind/name`."""
        return f"{self.kind}/{self.name}"

    def within(self, workspace: str) -> "RefName":
        """Return the ref of the same kind and name in another workspace."""
        return RefName(workspace, self.kind, self.name)


@dataclass(frozen=True, slots=True)
class Selector:
    """Which version of a ref: exactly one field is set.

    Attributes:
        serial: the number of the move, from 1.
        digest: the first digits of the artifact's digest, with `b3:`.
        at_us: the last move at or before this time, UTC microseconds.
    """

    serial: int | None = None
    digest: str | None = None
    at_us: int | None = None

    def __post_init__(self) -> None:
        if [self.serial, self.digest, self.at_us].count(None) != 2:
            raise ValueError(f"a selector names one of serial, digest and time, not {self}")


@dataclass(frozen=True, slots=True)
class Ref:
    """Where a name points now; `serial` counts its moves in its workspace."""

    name: RefName
    artifact: Digest
    serial: int


@dataclass(frozen=True, slots=True)
class Move:
    """One move of a ref; the history of moves is kept for ever.

    Attributes:
        order: the number of this move among all moves of all refs; a fork remembers it.
    """

    name: RefName
    serial: int
    old: Digest | None
    new: Digest
    by: PrincipalId
    at_us: int
    reason: str
    run: RunId | None = None
    change: ChangeId | None = None
    order: int = 0


def parse_ref(text: str, *, workspace: str = PRODUCTION) -> tuple[RefName, Selector | None]:
    """Return the name and the selector of a ref as a person writes it.

    Args:
        text: for example `main:model/delay@3`.
        workspace: the one meant where `text` names none.

    Raises:
        InvalidName: the text is outside the grammar.

    Example:
        >>> parse_ref("data/flights@3")
        (RefName(workspace='main', kind='data', name='flights'), Selector(serial=3, digest=None, at_us=None))
    """
    named, _, selector = text.partition("@")
    head, colon, path = named.partition(":")
    if not colon:
        head, path = workspace, named
    kind, slash, name = path.partition("/")
    if kind not in KINDS or not slash:
        raise _invalid(text, f"a ref is KIND/NAME, and KIND is one of {', '.join(KINDS)}")
    require_name(head, what="workspace")
    for word in name.split("/"):
        require_name(word, what="ref name")
    if len(name) > MAX_NAME:
        raise _invalid(text, f"a name has at most {MAX_NAME} characters")
    return RefName(head, kind, name), _parse_selector(text, selector) if "@" in text else None


def require_name(word: str, *, what: str) -> str:
    """Return `word` if it is in the grammar of names.

    Raises:
        InvalidName: it is not.
    """
    if len(word) > MAX_NAME or not _WORD.fullmatch(word):
        raise InvalidName(
            f"{word[:80]!r} is not a {what}",
            why="names are lower-case letters, digits, dots, dashes and underscores, from a letter or digit on, no dot last",
            next_step="choose another name, for example `flights-2013`",
        )
    return word


def _parse_selector(text: str, selector: str) -> Selector:
    if selector.isascii() and selector.isdecimal() and len(selector) <= MAX_SERIAL_DIGITS and int(selector) > 0:
        return Selector(serial=int(selector))
    if _DIGITS.fullmatch(selector):
        return Selector(digest=selector)
    at_us = _moment_us(selector)
    if at_us is None:
        raise _invalid(text, f"after @ comes a version number, b3: with at least {SHORT} digits, or an ISO-8601 time")
    return Selector(at_us=at_us)


def parse_view(text: str) -> tuple[str, int | None]:
    """Return the workspace and the time, in UTC microseconds, of a view of all its refs; None for now.

    Raises:
        InvalidName: the text is outside the grammar `WORKSPACE[@TIME]`.

    Example:
        >>> parse_view("main@2026-08-03")
        ('main', 1785715200000000)
    """
    workspace, at, moment = text.partition("@")
    require_name(workspace, what="workspace")
    at_us = _moment_us(moment) if at else None
    if at and at_us is None:
        raise InvalidName(
            f"{text[:80]!r} is not a view of a workspace",
            why="after @ comes an ISO-8601 time",
            next_step="write it like `main@2026-08-03` or `main@2026-08-03T14:30Z`",
        )
    return workspace, at_us


def parse_moment(text: str) -> int:
    """Return an ISO-8601 time as UTC microseconds, a date as its beginning.

    Raises:
        Invalid: it is none.

    Example:
        >>> parse_moment("1970-01-02")
        86400000000
    """
    at_us = _moment_us(text)
    if at_us is None:
        raise Invalid(
            f"{text[:80]!r} is not a time", why="a time is written as in ISO 8601", next_step="write it like 2026-08-03"
        )
    return at_us


def _moment_us(text: str) -> int | None:
    """Return an ISO-8601 time as UTC microseconds, a date as its beginning; None if it is none."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


def _invalid(text: str, why: str) -> InvalidName:
    return InvalidName(f"{text[:80]!r} is not a ref", why=why, next_step="write it like `main:model/delay@3`")


def is_protected(ref: RefName, *, patterns: tuple[str, ...]) -> bool:
    """Return whether only an approved change may move `ref`.

    Example:
        >>> is_protected(RefName("main", "model", "delay"), patterns=("model/*",))
        True
        >>> is_protected(RefName("ana", "model", "delay"), patterns=("model/*",))
        False
    """
    return ref.workspace == PRODUCTION and any(fnmatchcase(ref.path, pattern) for pattern in patterns)
