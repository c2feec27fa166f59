"""`remint at WHEN`."""

import click

from remint.cli.output import Out, table, when
from remint.core.ref import KINDS


@click.command()
@click.argument("moment", metavar="WHEN")
@click.option("--kind", type=click.Choice(KINDS), help="Only refs of this kind.")
@click.pass_obj
def at(out: Out, moment: str, kind: str | None) -> None:
    """Show all refs of a workspace as they were at a time

    WHEN is an ISO-8601 time such as 2026-08-03 or 2026-08-03T14:30Z; without a zone it is UTC, a date means its beginning.
    Every version shown can be read: as REF@WHEN.
    """
    app = out.open()
    moves = app.history.at(app.context(), moment, kind=kind)
    rows = [
        [move.name.path, move.serial, move.new.short, when(move.at_us), move.by, f"change {move.change}" if move.change else ""]
        for move in moves
    ]
    words = table(["ref", "version", "artifact", "since", "moved by", "by change"], rows) if rows else "nothing was there yet"
    out.show("at", {"when": moment, "moves": moves}, words)
