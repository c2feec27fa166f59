"""The page on which a roll-back is confirmed: what is in production, and what would be there again."""

from dataclasses import dataclass

from remint.app import App
from remint.core.access import Caller, decide
from remint.core.ref import PRODUCTION, Move, parse_ref
from remint.errors import RefNotFound
from remint.ports.usecases.context import Context
from remint.server.pages.changes import Deed
from remint.server.pages.shown import Moment, moment_of

ACTIONS = ("change:open", "change:merge")
"""What a roll-back is: a change that is opened and merged at once."""


@dataclass(frozen=True, slots=True)
class Version:
    """Where a ref pointed.

    Attributes:
        change: that put it there; empty if none did.
    """

    serial: int
    digest: str
    by: str
    at: Moment
    change: str


@dataclass(frozen=True, slots=True)
class RollBackPage:
    """A roll-back before it is done.

    Attributes:
        seen: the whole digest that the ref points at; the roll-back fails if it does not any more.
        earlier: what it would go back to; None if there is nothing.
    """

    ref: str
    seen: str
    now: Version
    earlier: Version | None
    deed: Deed
    title: str = "Roll back"


def roll_back_page(app: App, context: Context, caller: Caller, text: str) -> RollBackPage:
    """Return the page that asks for a confirmation.

    Raises:
        InvalidName: that is no ref.
        RefNotFound: there is no such ref.
    """
    name, _ = parse_ref(text, workspace=PRODUCTION)
    moves = app.refs.log(context, str(name), limit=2)
    if not moves:
        raise RefNotFound(
            f"{name} was not rolled back", why="it does not exist", next_step="choose a model in the control room"
        )
    why = refused(caller)
    if not why and len(moves) == 1:
        why = "rule previous-merged: no earlier version of it was merged"
    now_us = app.clock.now_us()
    shown = tuple(_version(move, now_us) for move in moves)
    earlier = shown[1] if len(shown) > 1 else None
    return RollBackPage(str(name), moves[0].new, shown[0], earlier, Deed("roll-back", why))


def refused(caller: Caller) -> str:
    """Return the rule that refuses a roll-back to a caller; empty if none does."""
    decisions = [decide(caller, action, workspace=PRODUCTION) for action in ACTIONS]
    return next((f"rule {one.rule}: {one.why}" for one in decisions if not one.allowed), "")


def _version(move: Move, now_us: int) -> Version:
    return Version(move.serial, move.new.short, move.by, moment_of(move.at_us, now_us=now_us), move.change or "")
