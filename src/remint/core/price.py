"""Prices: what computing costs, in whole micro-units of one currency. No float is in it, and nothing is converted."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from remint.core import canonical
from remint.core.digest import Digest, digest_record
from remint.errors import Invalid

MICRO = 1_000_000
"""Micro-units in one unit of a currency."""

MOST = 10**18 - 1
"""The largest amount that can be written, in micro-units; no budget holds more."""

HOUR_US = 3600 * 1_000_000
GB = 10**9
LEAST_S = 60
MOST_LEAST_S = 7 * 24 * 3600
_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,11})(?:\.([0-9]{1,6}))?")
_CURRENCY = re.compile(r"[A-Za-z]{1,12}")
_KEYS = ("currency", "cpu_hour", "gb_hour", "run", "least_s")


@dataclass(frozen=True, slots=True)
class Prices:
    """A price table.

    Attributes:
        currency: its name; it stands beside amounts and is never converted.
        cpu_hour: of an hour of CPU time, in micro-units.
        gb_hour: of a gigabyte (10^9 bytes) of memory that a run may use, for an hour, in micro-units.
        run: of every run that is started, in micro-units.
        least_s: a run that was measured before reserves at least so many seconds.
    """

    currency: str = ""
    cpu_hour: int = 0
    gb_hour: int = 0
    run: int = 0
    least_s: int = LEAST_S

    def body(self) -> bytes:
        """Return the canonical JSON of this table."""
        return canonical.dumps({"v": 1, **asdict(self)})

    def digest(self) -> Digest:
        """Return the digest that reservations name it by."""
        return digest_record("prices v1", [self.body()])


FREE = Prices()


def parse_amount(said: object, *, what: str = "an amount") -> int:
    """Return an amount of money in micro-units; the text is read exactly.

    Args:
        said: decimal digits, at most 12 before the point and 6 after it.
        what: what is read, for the sentence of a refusal.

    Raises:
        Invalid: it is no such text: a float, negative, with an exponent, or with more digits.

    Example:
        >>> parse_amount("0.048"), parse_amount("100")
        (48000, 100000000)
    """
    found = _AMOUNT.fullmatch(said) if isinstance(said, str) else None
    if found is None:
        raise Invalid(
            f"{str(said)[:40]!r} is not {what}",
            why="money is written as text: digits, at most 12 before the point and 6 after it, never negative",
            next_step='write it like "0.048"',
        )
    whole, part = found.groups()
    return int(whole) * MICRO + int((part or "").ljust(6, "0"))


def amount_text(micro: int, currency: str = "") -> str:
    """Return an amount for people, exactly, with at least two digits after the point.

    Example:
        >>> amount_text(48_000, "EUR"), amount_text(100_000_000), amount_text(-1)
        ('0.048 EUR', '100.00', '-0.000001')
    """
    whole, part = divmod(abs(micro), MICRO)
    digits = f"{part:06}".rstrip("0").ljust(2, "0")
    return f"{'-' if micro < 0 else ''}{whole}.{digits}{f' {currency}' if currency else ''}"


def cost(prices: Prices, *, cpu_us: int, wall_us: int, memory_bytes: int) -> int:
    """Return what a run costs, in micro-units, rounded up once.

    Args:
        prices: the table.
        cpu_us: CPU time.
        wall_us: wall time.
        memory_bytes: the memory it may use; it counts for the whole wall time.

    Example:
        >>> cost(Prices(cpu_hour=48_000, run=5), cpu_us=1_800_000_000, wall_us=1, memory_bytes=0)
        24005
    """
    scaled = prices.cpu_hour * cpu_us * GB + prices.gb_hour * memory_bytes * wall_us
    return prices.run - (-scaled // (HOUR_US * GB))


def parse_prices(table: Mapping[str, Any]) -> Prices | None:
    """Return the price table of the setting `prices`; None if there is none.

    Raises:
        Invalid: a key is unknown, or a value is not what it must be.
    """
    if not table:
        return None
    unknown = sorted(set(table) - set(_KEYS))
    if unknown:
        raise Invalid(
            f"[prices] has {unknown[0]!r}", why=f"its keys are {', '.join(_KEYS)}", next_step="mend the setting `prices`"
        )
    currency, least_s = table.get("currency", ""), table.get("least_s", LEAST_S)
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        raise Invalid(
            f"[prices] has the currency {currency!r}",
            why="a price without a currency says nothing; it is a word of up to 12 letters",
            next_step='write for example currency = "EUR"',
        )
    if isinstance(least_s, bool) or not isinstance(least_s, int) or not 1 <= least_s <= MOST_LEAST_S:
        raise Invalid(
            f"[prices] has least_s = {least_s!r}",
            why=f"it is a whole number of seconds from 1 to {MOST_LEAST_S:,}",
            next_step=f"leave it out for {LEAST_S}",
        )
    amounts = {name: parse_amount(table.get(name, "0"), what=f"a price ({name})") for name in ("cpu_hour", "gb_hour", "run")}
    return Prices(currency, least_s=least_s, **amounts)


def read_prices(body: bytes) -> Prices:
    """Return the table that `Prices.body` wrote."""
    record = canonical.loads(body)
    return Prices(**{name: record[name] for name in _KEYS})
