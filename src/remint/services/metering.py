"""Metering: what a run may use, what is reserved for it before it starts, and what it is charged when it has ended."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from remint.core.budget import (
    PAST,
    Allotment,
    Refund,
    Reservation,
    Saving,
    Settlement,
    allot,
    charge,
    lease_end_us,
    likely_cost,
    record_digest,
)
from remint.core.entry import Entry
from remint.core.ids import PrincipalId, RunId
from remint.core.isolation import NONE, demanded
from remint.core.pipeline import StepSpec
from remint.core.price import MOST, Prices, amount_text
from remint.core.profile import Profile, bounds
from remint.core.run import End, Start, State, Usage
from remint.errors import Denied, Invalid, NotFound
from remint.ports.catalog import Transaction
from remint.ports.clock import Clock
from remint.ports.usecases.context import Context
from remint.ports.usecases.pipelines import StepOutcome
from remint.ports.usecases.recording import Measured
from remint.services.access import Access
from remint.services.principals import PLATFORM

BROKEN_OFF = "broken off"
"""What stands for the state of a run that did not come to an end because whoever carried it out was interrupted."""

LATE_NOTE = "it ended after its lease, and was charged all that was reserved"


@dataclass(frozen=True)
class Metering:
    """Holds runs to profiles and budgets.

    Attributes:
        profiles: by name.
        profile: the one of steps that name none; empty for none.
        budget: what runs are charged to whose profile names none; empty for none.
        priced: the price table; None where nothing has a price, and then nothing is charged.
        stops: runs are stopped at their limits.
        isolation: the least level for all runs, and for those in sandboxes.
    """

    clock: Clock
    access: Access
    profiles: Mapping[str, Profile]
    profile: str
    budget: str
    priced: Prices | None
    stops: bool = True
    isolation: tuple[int, int] = (NONE, NONE)

    # ---- before a run

    def check(self, context: Context, steps: Iterable[StepSpec]) -> None:
        """Refuse steps whose profile the caller may not use, before any of them runs.

        Raises:
            Denied: with the rule `profile`.
            Invalid: there is no such profile.
        """
        named = {step.profile or self.profile: step for step in steps}
        for step in named.values():
            profile = self._profile(step)
            if profile is not None:
                resource = f"profile {profile.name}"
                with self.access.recording(context, "run:start", resource), self.access.catalog.read() as tx:
                    _require_for(tx, profile, context.principal, step)

    def measure(self, tx: Transaction, start: Start, step: StepSpec) -> Measured:
        """Return what a run may use and what is to be reserved for it.

        Raises:
            Denied: the profile is not for who starts it, or what cannot be stopped would be charged.
            Invalid: there is no such profile.
        """
        profile = self._profile(step)
        if profile is not None:
            _require_for(tx, profile, start.by, step)
        within, name, isolation = bounds(step, profile), "", self._isolation(start, profile)
        if profile is not None:
            name = profile.name
        budget = self._budget(profile)
        if self.priced is None or not budget:
            return Measured(name, Allotment(within, 0), None, isolation)
        if not self.stops:
            raise Denied(
                f"step {step.name} was not run",
                why=f"rule budget: in this process it cannot be stopped at what is reserved in {budget}",
                next_step="run it without --inline",
                rule="budget",
            )
        allotment = allot(within, tx.budgets.past(step.name, limit=PAST), self.priced)
        reservation = self._reservation(start, step, (budget, name), allotment, self.priced)
        return Measured(name, allotment, reservation, isolation, self.priced.currency)

    def _isolation(self, start: Start, profile: Profile | None) -> int:
        own = profile.isolation if profile is not None else NONE
        return demanded(start.workspace, always=self.isolation[0], in_sandboxes=self.isolation[1], profile=own)

    @staticmethod
    def _reservation(start: Start, step: StepSpec, named: tuple[str, str], allotment: Allotment, prices: Prices) -> Reservation:
        budget, profile = named
        return Reservation(
            run=start.id,
            budget=budget,
            principal=start.by,
            step=step.name,
            profile=profile,
            amount=allotment.amount,
            prices=prices.digest(),
            memory_bytes=(allotment.bounds.memory_bytes or 0) if prices.gb_hour else 0,
            lease_us=lease_end_us(start.at_us, allotment.bounds.wall_s),
            at_us=start.at_us,
        )

    def reserve(self, tx: Transaction, reservation: Reservation | None) -> None:
        """Set aside what a run may cost, in its budget and all above it; the run is recorded.

        Raises:
            Denied: one of them has not so much left, or is closed. The transaction must be aborted.
            NotFound: there is no such budget.
        """
        if reservation is None or self.priced is None:
            return
        self.release(tx)
        path = tx.budgets.path(reservation.budget)
        if not path:
            raise NotFound(
                f"step {reservation.step} was not run",
                why=f"it is charged to the budget {reservation.budget}, which does not exist",
                next_step=f"make it: `remint budgets create {reservation.budget} --limit 100.00`",
            )
        tx.budgets.keep_prices(self.priced)
        closed = tx.budgets.closed()
        ended = next((budget.name for budget in path if budget.name in closed), None)
        too_much = path[-1].name if reservation.amount > MOST else None
        lacking = ended or too_much or tx.budgets.reserve(reservation)
        if lacking is not None:
            raise self._refused(tx, reservation, lacking, is_closed=ended is not None)
        facts = {"budget": reservation.budget, "amount": reservation.amount, "prices": reservation.prices}
        _append(tx, "budget:reserve", reservation, facts, by=reservation.principal)

    def _refused(self, tx: Transaction, reservation: Reservation, lacking: str, *, is_closed: bool) -> Denied:
        asked = amount_text(reservation.amount, self.priced.currency if self.priced else "")
        free = amount_text(tx.budgets.balances()[lacking].free)
        return Denied(
            f"step {reservation.step} was not run",
            why=f"rule budget: {lacking} is closed"
            if is_closed
            else f"rule budget: it may cost {asked}, and {lacking} has {free}",
            next_step=f"ask an owner: `remint budgets limit {lacking} AMOUNT`; or give the step smaller limits",
            rule="budget",
            budget=lacking,
        )

    def _profile(self, step: StepSpec) -> Profile | None:
        name = step.profile or self.profile
        if not name:
            return None
        found = self.profiles.get(name)
        if found is None:
            raise Invalid(
                f"step {step.name} was not run",
                why=f"it asks for the profile {name}, and this project has {', '.join(sorted(self.profiles)) or 'none'}",
                next_step=f"write [profiles.{name}] into the settings, or name another one",
            )
        return found

    def _budget(self, profile: Profile | None) -> str:
        return (profile.budget if profile else "") or self.budget

    # ---- after a run

    def break_off(self, run: RunId, *, wall_us: int, processors: int | None) -> None:
        """Charge a run that is broken off: an interrupt, or a process that could not be started.

        No meter tells what it used then. It is at most every processor for as long as it went on.
        """
        with self.access.catalog.begin() as tx:
            held = tx.budgets.reservation(run)
            if held is None:
                return
            amount, cpu_us = held.amount, 0
            if processors is not None and wall_us > 0:  # a clock that was set back tells nothing
                cpu_us = wall_us * processors
                amount = charge(held, tx.budgets.prices(held.prices), cpu_us=cpu_us, wall_us=wall_us)
            made = Settlement(run, amount, cpu_us, max(wall_us, 0), BROKEN_OFF, held.principal, self.clock.now_us())
            if tx.budgets.settle(made):
                _append(tx, "budget:settle", made, {"amount": amount}, by=held.principal)

    def settle(self, tx: Transaction, end: End, *, by: PrincipalId) -> None:
        """Charge a run that has ended; one whose process is gone is charged all that was reserved for it."""
        held = tx.budgets.reservation(end.id)
        if held is None:
            return
        prices = tx.budgets.prices(held.prices)
        used = end.usage if end.state is not State.LOST else Usage()
        amount = held.amount
        if end.state is not State.LOST:
            amount = charge(held, prices, cpu_us=used.cpu_us, wall_us=used.wall_us)
        made = Settlement(end.id, amount, used.cpu_us, used.wall_us, str(end.state), by, end.at_us)
        if tx.budgets.settle(made):
            _append(tx, "budget:settle", made, {"amount": amount}, by=by)
            return
        charged = tx.budgets.charge(end.id)
        if charged is not None and charged.settlement.state == State.LOST and end.state is not State.LOST:
            back = Refund(end.id, charged.settlement.amount - amount, by, end.at_us, LATE_NOTE)
            if tx.budgets.refund(back):
                _append(tx, "budget:refund", back, {"amount": back.amount}, by=by)

    def release(self, tx: Transaction) -> int:
        """Charge the runs whose lease ended and that have no end; return how many there were."""
        at_us = self.clock.now_us()
        lapsed = tx.budgets.lapsed(at_us)
        for held in lapsed:
            made = Settlement(held.run, held.amount, 0, 0, str(State.LOST), PLATFORM, at_us)
            if tx.budgets.settle(made):
                _append(tx, "budget:settle", made, {"amount": made.amount}, by=PLATFORM)
        return len(lapsed)

    # ---- around runs

    def likely(self, tx: Transaction, steps: Iterable[StepSpec]) -> Mapping[str, int]:
        """Return what the next run of each step is likely to cost, in micro-units, by name; empty where nothing has a price."""
        if self.priced is None:
            return {}
        found: dict[str, int] = {}
        for step in {step.name: step for step in steps}.values():
            within = bounds(step, self.profiles.get(step.profile or self.profile))
            found[step.name] = likely_cost(within, tx.budgets.past(step.name, limit=PAST), self.priced)
        return found

    def tell(
        self, tx: Transaction, context: Context, outcomes: Sequence[StepOutcome], steps: Sequence[StepSpec]
    ) -> tuple[StepOutcome, ...]:
        """Return outcomes with what their runs were charged, each run once; record what those saved that did not run now.

        Args:
            tx: where to read and write.
            context: who ran them.
            outcomes: of one pipeline.
            steps: the step of each.
        """
        if self.priced is None:
            return tuple(outcomes)
        amounts = dict(tx.budgets.amounts({outcome.run for outcome in outcomes}))
        ran = {outcome.run for outcome in outcomes if outcome.ran}
        told: list[StepOutcome] = []
        for outcome, step in zip(outcomes, steps, strict=True):
            if outcome.ran:
                told.append(replace(outcome, cost_micro=amounts.get(outcome.run, 0)))
                continue
            saved = 0 if outcome.run in ran else amounts.pop(outcome.run, 0)
            told.append(replace(outcome, saved_micro=saved))
            budget = self._budget(self.profiles.get(step.profile or self.profile))
            if saved and budget:
                asked = Saving(0, outcome.run, budget, context.principal, step.name, saved, self.clock.now_us())
                _append(tx, "budget:save", tx.budgets.add_saving(asked), {"amount": saved}, by=context.principal)
        return tuple(told)


def _append(
    tx: Transaction,
    action: str,
    record: Reservation | Settlement | Refund | Saving,
    facts: Mapping[str, object],
    *,
    by: PrincipalId,
) -> None:
    told = {**facts, "record": record_digest(record)}
    tx.entries.append(Entry(action, f"run {record.run}", by, record.at_us, told))


def _require_for(tx: Transaction, profile: Profile, principal: PrincipalId, step: StepSpec) -> None:
    found = tx.principals.get(principal)
    if not profile.is_for(principal, found.roles if found else frozenset()):
        named = " or ".join(sorted({*profile.roles, *profile.principals}))
        raise Denied(
            f"step {step.name} was not run",
            why=f"rule profile: {profile.name} is for {named}",
            next_step="name another profile, or ask an owner for the role",
            rule="profile",
        )
