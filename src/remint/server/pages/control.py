"""The control room: every production model, whether it is in control, and whether it does well."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from remint.app import App
from remint.core.access import Caller
from remint.core.change import FINAL
from remint.core.control import FIT, IN_CONTROL, ModelStatus
from remint.ports.usecases.context import Context
from remint.server.pages.rollback import refused
from remint.server.pages.shown import Chip, Moment, chip_of, moment_of

LOOKED_AT = 100
"""How many of the newest changes are looked at for those that wait."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of the summary; `share` of `whole` is drawn as a bar where `whole` is not 0."""

    name: str
    number: str
    unit: str
    note: str
    share: int = 0
    whole: int = 0


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A production model.

    Attributes:
        change: the change that put it there; empty if none did.
        moved_by: who moved its ref there.
        moved: when.
        regenerated: when it was last made again; None if it never was.
        level: at which it came out the same then.
        owner: who answers for it; empty if nobody does.
        materiality: how much depends on it; empty if not said.
        orphaned: whether who answered for it is gone.
        roll_back: the page on which its last merge is taken back; empty where the reader may not.
    """

    name: str
    ref: str
    digest: str
    serial: int
    control: Chip
    control_reasons: tuple[str, ...]
    fitness: Chip
    fitness_reasons: tuple[str, ...]
    change: str
    moved_by: str
    moved: Moment
    regenerated: Moment | None
    level: str
    owner: str
    materiality: str
    orphaned: bool
    roll_back: str


@dataclass(frozen=True, slots=True)
class ControlPage:
    """What runs in production, and whether it could be made again. Worst first.

    Attributes:
        alarms: how the settings in force depart from those recorded, in words.
    """

    figures: tuple[Figure, ...]
    models: tuple[ModelCard, ...]
    alarms: tuple[str, ...] = ()
    title: str = "Control room"


def control_page(app: App, context: Context, caller: Caller) -> ControlPage:
    """Return the control room for one reader."""
    now_us = app.clock.now_us()
    found = sorted(app.control.models(), key=lambda one: (one.control == IN_CONTROL, one.fitness == FIT, one.ref))
    may_roll_back = not refused(caller)
    return ControlPage(
        figures=tuple(_figures(app, context, found)),
        models=tuple(_card(app, context, one, now_us, may_roll_back=may_roll_back) for one in found),
        alarms=tuple(app.configuration.compare().departures),
    )


def _figures(app: App, context: Context, found: list[ModelStatus]) -> Iterator[Figure]:
    controlled = sum(one.control == IN_CONTROL for one in found)
    fit = sum(one.fitness == FIT for one in found)
    waiting = [one for one in app.changes.list(limit=LOOKED_AT) if one.state not in FINAL]
    own = sum(one.change.opened_by == context.principal for one in waiting)
    yield Figure("Production models in control", str(controlled), f"of {len(found)}", "", controlled, len(found))
    yield Figure("Production models that are fit", str(fit), f"of {len(found)}", "", fit, len(found))
    yield Figure("Changes that wait", str(len(waiting)), "", f"{own} of them opened by you" if waiting else "")


def _card(app: App, context: Context, status: ModelStatus, now_us: int, *, may_roll_back: bool) -> ModelCard:
    move = app.refs.log(context, str(status.ref), limit=1)[0]
    again = app.regenerations.evidence(status.artifact)
    return ModelCard(
        name=status.ref.name,
        ref=str(status.ref),
        digest=status.artifact.short,
        serial=status.serial,
        control=chip_of(status.control),
        control_reasons=status.control_reasons,
        fitness=chip_of(status.fitness),
        fitness_reasons=status.fitness_reasons,
        change=move.change or "",
        moved_by=move.by,
        moved=moment_of(move.at_us, now_us=now_us),
        regenerated=moment_of(int(again[0]["at_us"]), now_us=now_us) if again else None,
        level=again[0]["level"] if again else "",
        owner=status.owner,
        materiality=status.materiality,
        orphaned=status.orphaned,
        roll_back=f"/rollback?ref={quote(status.ref.path, safe='')}" if may_roll_back and status.serial > 1 else "",
    )
