"""Commands of sources: list, check."""

from collections.abc import Sequence

import click

from remint.cli.output import Out, table, when
from remint.core.origin import standing
from remint.errors import SourceGone
from remint.ports.usecases.sources import Sourced


@click.group()
def sources() -> None:
    """List or check where tables came from"""


@sources.command("list")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many.")
@click.pass_obj
def list_(out: Out, limit: int) -> None:
    """List where tables came from, newest first

    Stored rows are kept here. Pinned rows are kept by their source, and are regenerable while the source keeps them.
    """
    app = out.open()
    app.context()
    found = app.sources.newest(limit=limit)
    head = ["ref", "artifact", "rows are", "source", "when", "by"]
    rows = [
        [one.origin.ref, one.origin.artifact.short, _kept(one), one.origin.place, when(one.origin.at_us), one.origin.by]
        for one in found
    ]
    none = "no table came from a source; see `remint add --help`"
    out.show("sources", {"sources": [_json(one) for one in found]}, table(head, rows) if rows else none)


@sources.command("check")
@click.argument("names", nargs=-1, metavar="[REF|NAME]...")
@click.pass_obj
def check(out: Out, names: Sequence[str]) -> None:
    """Ask each pinned source whether it still keeps what was pinned

    REF is a ref with or without a version, or a digest; NAME is a source of the settings; without any, everything pinned is
    asked for. The answers are recorded, and `remint control` and `remint regenerate --check` tell them. No row is read. Exit
    code 4 if something is gone.

    Example: remint sources check data/orders
    """
    app = out.open()
    found = app.sources.check(app.context(), names)
    rows = [[one.origin.ref, one.origin.artifact.short, standing(one.origin, one.check)[1]] for one in found]
    value = {"sources": [_json(one) for one in found]}
    out.show("checked", value, table(["ref", "artifact", "answer"], rows) if rows else "nothing is pinned")
    gone = [one for one in found if one.check is not None and not one.check.found]
    if gone:
        held = sum(one.held for one in gone)
        raise SourceGone(
            f"{len(gone)} of {len(found)} pinned tables are gone from their sources",
            why=standing(gone[0].origin, gone[0].check)[1],
            next_step=f"copies of {held} are still here: `remint hold REF --reason TEXT` keeps them"
            if held
            else "restore them there",
            gone=[one.origin.ref for one in gone],
        )


def _kept(one: Sourced) -> str:
    if not one.origin.pinned:
        return "stored"
    is_kept = standing(one.origin, one.check)[0]
    return f"pinned{'' if is_kept else ', gone'}{', a copy is here' if one.held else ''}"


def _json(one: Sourced) -> dict[str, object]:
    is_kept, words = standing(one.origin, one.check) if one.origin.pinned else (True, "")
    return {
        "origin": one.origin,
        "place": one.origin.place,
        "check": one.check,
        "held": one.held,
        "kept": is_kept,
        "words": words,
    }
