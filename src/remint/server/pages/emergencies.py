"""The page of emergencies: those there were, and opening and confirming them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from remint.app import App
from remint.core.access import Caller, decide
from remint.core.change import FINAL, Change
from remint.core.glass import GLASS, Glass
from remint.core.ref import PRODUCTION
from remint.core.window import in_words
from remint.ports.usecases.changes import Review
from remint.server.pages.changes import LOOKED_AT, Deed
from remint.server.pages.shown import Chip, Moment, chip_of, moment_of

LISTED = 100
"""How many of the newest emergencies are listed."""

_DONE = {
    "open": "You opened an emergency. It allows nothing before a second person confirms it.",
    "confirm": "You confirmed an emergency. Both of you may merge in it until it ends.",
}


@dataclass(frozen=True, slots=True)
class Concerned:
    """A change that an emergency is about."""

    number: str
    title: str
    words: str


@dataclass(frozen=True, slots=True)
class EmergencyRow:
    """An emergency.

    Attributes:
        confirmed_by: empty if nobody did.
        confirm: confirming it; None where there is nothing to confirm any more.
        changes: those that wait and could be merged in it, and those that were.
    """

    number: int
    state: Chip
    refs: tuple[str, ...]
    reason: str
    by: str
    opened: Moment
    until: str
    confirmed_by: str
    confirmed: Moment | None
    confirm: Deed | None
    changes: tuple[Concerned, ...]


@dataclass(frozen=True, slots=True)
class EmergenciesPage:
    """Emergencies, newest first.

    Attributes:
        open: opening one.
        wanted: refs to begin the form with.
        is_cut: there are more than are listed.
        done: what the reader just did, in words.
    """

    rows: tuple[EmergencyRow, ...]
    open: Deed
    wanted: str
    is_cut: bool
    done: str
    title: str = "Emergencies"


def emergencies_page(app: App, caller: Caller, *, wanted: str, done: str) -> EmergenciesPage:
    """Return the page of emergencies for one reader.

    Args:
        app: the project.
        caller: who reads.
        wanted: refs to begin the form with.
        done: what the reader just did.
    """
    found = app.glasses.list(limit=LISTED)
    reviews = app.changes.list(limit=LOOKED_AT) if found else []
    now_us = app.clock.now_us()
    return EmergenciesPage(
        rows=tuple(_row(glass, caller, reviews, now_us) for glass in found),
        open=Deed("open", _refused(caller, "glass:open")),
        wanted=wanted,
        is_cut=len(found) == LISTED,
        done=_DONE.get(done, ""),
    )


def _row(glass: Glass, caller: Caller, reviews: Sequence[Review], now_us: int) -> EmergencyRow:
    ended = now_us >= glass.until_us
    confirm = None
    if glass.confirmed is None and not ended:
        own = "rule four-eyes: who opened it does not confirm it" if glass.by == caller.principal else ""
        confirm = Deed(f"confirm-{glass.number}", _refused(caller, "glass:confirm") or own)
    state = "ended" if ended else "in force" if glass.confirmed else "waits for a second person"
    return EmergencyRow(
        number=glass.number,
        state=chip_of(state),
        refs=tuple(ref.path for ref in glass.refs),
        reason=glass.reason,
        by=glass.by,
        opened=moment_of(glass.at_us, now_us=now_us),
        until=in_words(glass.until_us),
        confirmed_by=glass.confirmed.by if glass.confirmed else "",
        confirmed=moment_of(glass.confirmed.at_us, now_us=now_us) if glass.confirmed else None,
        confirm=confirm,
        changes=tuple(_concerned(glass, reviews, ended=ended)),
    )


def _concerned(glass: Glass, reviews: Sequence[Review], *, ended: bool) -> Iterator[Concerned]:
    for review in reviews:
        change = review.change
        if _merged_in(change, glass):
            due = review.review_due_us
            words = f"merged in it; to be reviewed by {in_words(due)}" if due is not None else "merged in it, and reviewed"
            yield Concerned(change.id, change.title, words)
        elif not ended and review.state not in FINAL and {move.ref for move in change.moves} <= set(glass.refs):
            yield Concerned(change.id, change.title, f"is {review.state}")


def _merged_in(change: Change, glass: Glass) -> bool:
    merge = change.merge
    return merge is not None and merge.role == GLASS and merge.note == str(glass.number)


def _refused(caller: Caller, action: str) -> str:
    """Return the rule that refuses an action to a caller; empty if none does."""
    decision = decide(caller, action, workspace=PRODUCTION)
    return "" if decision.allowed else f"rule {decision.rule}: {decision.why}"
