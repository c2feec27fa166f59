"""Budgets: a tree of limits in micro-units. A run reserves in its budget and all above it before it starts, then settles."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from remint.core import canonical
from remint.core.digest import Digest, digest_record
from remint.core.ids import PrincipalId, RunId
from remint.core.price import Prices, cost
from remint.core.profile import Bounds
from remint.core.run import State

FIRST_S = 600
"""A run of which nothing is known, and that has no limit, reserves so many seconds."""

FIRST_BYTES = 2 * 10**9
"""Where memory costs something, a run without a limit gets at least so much."""

PAST = 20
"""So many earlier runs of a step tell what the next one will use."""

LEASE_S = 60
"""So long after a run must have ended its reservation is settled for it."""

UNLIMITED_S = 24 * 3600
"""So long a run without a limit of wall time is waited for."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A budget, as it was made.

    Attributes:
        parent: the budget above it; None at the top. It never changes.
        owner: who answers for it.
    """

    name: str
    parent: str | None
    owner: PrincipalId
    by: PrincipalId
    at_us: int


@dataclass(frozen=True, slots=True)
class Limit:
    """What a budget may spend in all, from now on, in micro-units; `number` counts the limits of one budget from 1."""

    budget: str
    number: int
    amount: int
    by: PrincipalId
    at_us: int


@dataclass(frozen=True, slots=True)
class Closing:
    """The end of a budget: nothing is reserved in it or below it any more."""

    budget: str
    by: PrincipalId
    at_us: int


@dataclass(frozen=True, slots=True)
class Reservation:
    """What was set aside for one run before it started.

    Attributes:
        budget: the one named; those above it hold the amount too.
        amount: in micro-units.
        prices: the digest of the price table it was made of.
        memory_bytes: what the run is charged for having; 0 where memory costs nothing or has no limit.
        lease_us: a run without an end by then is dead.
    """

    run: RunId
    budget: str
    principal: PrincipalId
    step: str
    profile: str
    amount: int
    prices: Digest
    memory_bytes: int
    lease_us: int
    at_us: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a run was charged, in place of what was reserved.

    Attributes:
        amount: in micro-units, never more than was reserved.
        cpu_us, wall_us: as metered; 0 for a run that is lost, the most there can have been for one that was broken off.
        state: how the run ended, or `broken off`.
    """

    run: RunId
    amount: int
    cpu_us: int
    wall_us: int
    state: str
    by: PrincipalId
    at_us: int


@dataclass(frozen=True, slots=True)
class Refund:
    """What was given back of a charge, once, by an owner or because the run ended after all."""

    run: RunId
    amount: int
    by: PrincipalId
    at_us: int
    note: str


@dataclass(frozen=True, slots=True)
class Saving:
    """A step that did not run because an earlier run stands for it.

    Attributes:
        number: from 1.
        run: the earlier run.
        amount: what that was charged.
    """

    number: int
    run: RunId
    budget: str
    principal: PrincipalId
    step: str
    amount: int
    at_us: int


@dataclass(frozen=True, slots=True)
class Balance:
    """How a budget stands, its children's spending included, in micro-units.

    Attributes:
        ceiling: its limit.
    """

    budget: str
    ceiling: int
    reserved: int
    spent: int

    @property
    def free(self) -> int:
        """What can still be reserved; below zero after the limit was lowered."""
        return self.ceiling - self.spent - self.reserved


Kept = Budget | Limit | Closing | Reservation | Settlement | Refund | Saving


def record_digest(record: Kept) -> Digest:
    """Return the digest of a record for its entry: an edited record no longer has it."""
    return digest_record("budget record v1", [canonical.dumps([type(record).__name__.lower(), asdict(record)])])


@dataclass(frozen=True, slots=True)
class Past:
    """What one earlier run of a step used."""

    state: State
    cpu_us: int
    wall_us: int
    peak_bytes: int


def p90(values: Sequence[int]) -> int:
    """Return the smallest of the values that nine in ten do not exceed.

    Source:
        The nearest-rank method.

    Example:
        >>> p90(range(1, 11)), p90([7])
        (9, 7)
    """
    ordered = sorted(values)
    return ordered[-(-9 * len(ordered) // 10) - 1]


def expected(past: Sequence[Past]) -> Past | None:
    """Return what the next run of a step is likely to use at most; None if no run of it was done.

    Args:
        past: its earlier runs, newest first.
    """
    done = [one for one in past if one.state is State.DONE]
    if not done:
        return None
    return Past(State.DONE, *(p90(values) for values in zip(*((p.cpu_us, p.wall_us, p.peak_bytes) for p in done), strict=True)))


@dataclass(frozen=True, slots=True)
class Allotment:
    """What one run may use, and what that costs at most.

    Attributes:
        bounds: limits that keep its cost within the amount.
        amount: in micro-units.
        own: which of the limits the reservation set, below those of step and profile.
    """

    bounds: Bounds
    amount: int
    own: frozenset[str] = frozenset()


def allot(within: Bounds, past: Sequence[Past], prices: Prices) -> Allotment:
    """Return what to reserve for the next run of a step, and the limits that come with it.

    Half as much again as nine in ten earlier runs used, twice what it used if it was stopped since, and at least
    `prices.least_s` seconds; never more than its limits allow. Without an earlier run it is the limits, or `FIRST_S`. What
    costs nothing is not limited.

    Args:
        within: limits of the step and its profile.
        past: earlier runs of the step, newest first.
        prices: the price table.
    """
    memory = within.memory_bytes
    if prices.gb_hour and memory is None:
        memory = max(FIRST_BYTES, _likely([one.peak_bytes for one in past], past))
    cpu_s = _span(within.cpu_s, [one.cpu_us for one in past], past, prices) if prices.cpu_hour else within.cpu_s
    wall_s = _span(within.wall_s, [one.wall_us for one in past], past, prices) if prices.gb_hour else within.wall_s
    amount = cost(prices, cpu_us=(cpu_s or 0) * 10**6, wall_us=(wall_s or 0) * 10**6, memory_bytes=memory or 0)
    own = {
        name for name, set_to, limit in (("cpu_s", cpu_s, within.cpu_s), ("wall_s", wall_s, within.wall_s)) if set_to != limit
    }
    return Allotment(Bounds(memory, cpu_s, wall_s), amount, frozenset(own))


def _span(limit_s: int | None, used_us: Sequence[int], past: Sequence[Past], prices: Prices) -> int:
    likely = _likely(used_us, past)
    wanted_s = max(prices.least_s, -(-likely // 10**6)) if likely else (limit_s or FIRST_S)
    return wanted_s if limit_s is None else min(wanted_s, limit_s)


def _likely(used: Sequence[int], past: Sequence[Past]) -> int:
    """Return what to set aside by earlier use: 3/2 of the p90 of what was done, twice what was stopped since; 0 if unknown."""
    done = [one for one, run in zip(used, past, strict=True) if run.state is State.DONE]
    last_done = next((place for place, run in enumerate(past) if run.state is State.DONE), len(past))
    stopped = [one for one, run in zip(used[:last_done], past[:last_done], strict=True) if run.state is State.STOPPED]
    return max(-(-3 * p90(done) // 2) if done else 0, 2 * max(stopped, default=0))


def likely_cost(within: Bounds, past: Sequence[Past], prices: Prices) -> int:
    """Return what the next run of a step is likely to cost, in micro-units: by what it used, or else by what it may use."""
    allotment, seen = allot(within, past, prices), expected(past)
    if seen is None:
        return allotment.amount
    memory = allotment.bounds.memory_bytes or 0
    return min(allotment.amount, cost(prices, cpu_us=seen.cpu_us, wall_us=seen.wall_us, memory_bytes=memory))


def charge(reservation: Reservation, prices: Prices, *, cpu_us: int, wall_us: int) -> int:
    """Return what a run is charged: its cost, never more than was reserved for it.

    A run is stopped at its limits, at most a few hundredths of a second late; those are not charged.
    """
    return min(reservation.amount, cost(prices, cpu_us=cpu_us, wall_us=wall_us, memory_bytes=reservation.memory_bytes))


def lease_end_us(at_us: int, wall_s: int | None) -> int:
    """Return until when a run that starts now is waited for, in microseconds."""
    return at_us + ((UNLIMITED_S if wall_s is None else wall_s) + LEASE_S) * 10**6


def rolled_up(budgets: Iterable[Budget], own: Mapping[str, Balance]) -> Mapping[str, Balance]:
    """Return the balances of all budgets with what lies below them.

    Args:
        budgets: all of them.
        own: the limit of each, and what was reserved and spent in its own name.
    """
    parents = {one.name: one.parent for one in budgets}
    reserved, spent = dict.fromkeys(parents, 0), dict.fromkeys(parents, 0)
    for name in parents:
        above: str | None = name
        while above is not None:
            reserved[above] += own[name].reserved
            spent[above] += own[name].spent
            above = parents[above]
    return {name: Balance(name, own[name].ceiling, reserved[name], spent[name]) for name in parents}
