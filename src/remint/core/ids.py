"""Ids: UUIDv7, written as 32 hex digits, so that ids sort by the time they were made."""

from remint.errors import InvalidName


class RunId(str):
    """The id of a run."""

    __slots__ = ()

    @property
    def short(self) -> str:
        """The form shown to people: its last 8 digits, because ids made in one minute start alike."""
        return self[-8:]


class PredictionId(str):
    """The id of one answered prediction request."""

    __slots__ = ()


class ChangeId(str):
    """The id of a change: its number in the project, from 1."""

    __slots__ = ()


class PrincipalId(str):
    """The name of a principal in embedded mode; issuer and subject behind a server."""

    __slots__ = ()


def uuid7(at_us: int, entropy: bytes) -> str:
    """Return a UUIDv7 as 32 hex digits.

    Args:
        at_us: UTC time in microseconds; the id keeps milliseconds, and the rest in the 12 bits after the version.
        entropy: at least 8 random bytes; the last 62 bits of the first 8 are used.

    Raises:
        ValueError: fewer than 8 bytes of entropy, or a time before 1970 or after the year 10889.

    Source:
        RFC 9562, section 5.7; sub-millisecond precision by its section 6.2, method 3.

    Example:
        >>> uuid7(1_700_000_000_000_000, bytes(8))
        '018bcfe5680070008000000000000000'
    """
    milliseconds, rest = divmod(at_us, 1000)
    if len(entropy) < 8 or not 0 <= milliseconds < 1 << 48:
        raise ValueError(
            f"an id needs 8 random bytes and a time within 48 bits of milliseconds, not {len(entropy)} and {at_us}"
        )
    fraction = (rest << 12) // 1000
    tail = int.from_bytes(entropy[:8], "big") & ((1 << 62) - 1)
    number = milliseconds << 80 | 7 << 76 | fraction << 64 | 2 << 62 | tail
    return f"{number:032x}"


def made_at_us(identifier: str) -> int:
    """Return the time a UUIDv7 was made, UTC microseconds; exact for ids made by `uuid7`.

    Example:
        >>> made_at_us(uuid7(1_700_000_000_123_000, bytes(8)))
        1700000000123000
    """
    number = int(identifier, 16)
    return (number >> 80) * 1000 + ((((number >> 64) & 0xFFF) * 1000 + 0xFFF) >> 12)


def parse_id(text: str) -> str:
    """Return `text` as an id in its stored form; dashes are allowed.

    Raises:
        InvalidName: it is not a UUIDv7.
    """
    compact = text.replace("-", "").lower()
    if (
        len(compact) != 32
        or compact[12] != "7"
        or compact[16] not in "89ab"
        or any(c not in "0123456789abcdef" for c in compact)
    ):
        raise InvalidName(
            f"{text[:80]!r} is not an id",
            why="ids of runs and predictions are UUIDv7: 32 hex digits with a 7 in the 13th place and 8, 9, a or b in the 17th",
            next_step="copy it from `remint runs list` or from the answer of the prediction",
        )
    return compact
