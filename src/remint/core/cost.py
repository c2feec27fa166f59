"""Costs: what was spent and what was saved, line by line and in sums."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from remint.core.ids import PrincipalId, RunId
from remint.core.price import GB, amount_text

BY = ("budget", "principal", "team", "step", "profile", "month", "model")
COLUMNS = ("at", "budget", "principal", "step", "run", "state", "profile", "cpu_s", "gb_s", "amount", "currency")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class CostLine:
    """What one run was charged, or what one hit saved.

    Attributes:
        budget: the path of its budget, from the top, with `/` between names.
        run: the run, or the earlier run that stands for a hit.
        state: how the run ended, or `broken off`; `saved` for a hit, which costs nothing.
        memory_bytes: what was charged for, over `wall_us`.
        amount_micro: after refunds; of a hit what it saved.
    """

    at_us: int
    budget: str
    principal: PrincipalId
    step: str
    run: RunId
    state: str
    profile: str
    cpu_us: int
    wall_us: int
    memory_bytes: int
    amount_micro: int
    currency: str

    @property
    def is_saved(self) -> bool:
        """Whether it is about a hit."""
        return self.state == "saved"


@dataclass(frozen=True, slots=True)
class CostRow:
    """The sum of some lines, in one currency.

    Attributes:
        key: what they have in common.
        runs: how many runs were charged.
        hits: how many steps did not run.
    """

    key: str
    currency: str
    runs: int = 0
    hits: int = 0
    cpu_us: int = 0
    spent_micro: int = 0
    saved_micro: int = 0


@dataclass(frozen=True, slots=True)
class CostReport:
    """Sums of lines.

    Attributes:
        by: what the rows are by; rows by model or team overlap, since runs stand behind several, and people are in several.
        totals: of all lines, a row for each currency.
    """

    by: str
    rows: tuple[CostRow, ...]
    totals: tuple[CostRow, ...]


def summed(lines: Iterable[tuple[str, CostLine]]) -> tuple[CostRow, ...]:
    """Return the sums of lines by key and currency, what cost most first.

    Args:
        lines: each with its key.
    """
    sums: dict[tuple[str, str], list[int]] = {}
    for key, line in lines:
        found = sums.setdefault((key, line.currency), [0, 0, 0, 0, 0])
        more = (0, 1, 0, 0, line.amount_micro) if line.is_saved else (1, 0, line.cpu_us, line.amount_micro, 0)
        for place, number in enumerate(more):
            found[place] += number
    rows = [CostRow(key, currency, *numbers) for (key, currency), numbers in sums.items()]
    return tuple(sorted(rows, key=lambda row: (row.currency, -row.spent_micro, -row.saved_micro, row.key)))


def by_key(
    lines: Sequence[CostLine], by: str, behind: Mapping[str, Collection[RunId | PrincipalId]]
) -> Iterable[tuple[str, CostLine]]:
    """Yield each line with its key; by model or team, with every one it belongs to.

    Args:
        lines: of runs and hits.
        by: one of BY.
        behind: by model, for each the runs behind it; by team, for each its members.
    """
    for line in lines:
        if by == "month":
            yield month_of(line.at_us), line
        elif by in {"model", "team"}:
            of_it = line.run if by == "model" else line.principal
            yield from ((name, line) for name, held in behind.items() if of_it in held)
        else:
            yield str(getattr(line, by)), line


def month_of(at_us: int) -> str:
    """Return the month of a time, UTC.

    Example:
        >>> month_of(1_700_000_000_000_000), month_of(0)
        ('2023-11', '1970-01')
    """
    return _moment(at_us)[:7]


def _moment(at_us: int) -> str:
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=at_us)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def cells(line: CostLine) -> tuple[str, ...]:
    """Return a line as the cells of COLUMNS: numbers in full, and text that no spreadsheet takes for a formula.

    Example:
        >>> line = CostLine(0, "research", PrincipalId("ana"), "p:train", RunId("1f"), "done", "", 1, 2, 0, 48_000, "EUR")
        >>> cells(line)[-4:]
        ('0.000001', '0.000000', '0.048', 'EUR')
    """
    gb_us = line.memory_bytes * line.wall_us // GB
    texts = (line.budget, line.principal, line.step, line.run, line.state, line.profile)
    spans = (f"{us // 10**6}.{us % 10**6:06}" for us in (line.cpu_us, gb_us))
    amount = amount_text(line.amount_micro)
    return (_moment(line.at_us), *(_harmless(text) for text in texts), *spans, amount, _harmless(line.currency))


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else str(text)
