"""`remint glass …`."""

import click

from remint.cli.output import Out, table, when
from remint.core.glass import Glass


def _lines(found: Glass) -> list[str]:
    confirmed = found.confirmed
    return [
        f"emergency {found.number}, until {when(found.until_us)}",
        f"refs      {', '.join(str(ref) for ref in found.refs)}",
        f"reason    {found.reason}",
        f"opened    by {found.by}, {when(found.at_us)}",
        f"confirmed by {confirmed.by}, {when(confirmed.at_us)}" if confirmed else "confirmed by nobody yet: it allows nothing",
    ]


@click.group()
def glass() -> None:
    """Open, confirm, list or show emergencies"""


@glass.command("open")
@click.argument("refs", nargs=-1, required=True)
@click.option("--reason", required=True, help="What happened, in words.")
@click.option("--ttl", default="30m", show_default=True, help="How long it lasts: minutes (30m) or hours (2h).")
@click.pass_obj
def open_(out: Out, refs: tuple[str, ...], reason: str, ttl: str) -> None:
    """Open an emergency for protected refs

    It allows nothing before a second principal with the role glass confirms it.
    """
    app = out.open()
    made = app.glasses.open(app.context(), refs, reason=reason, ttl=ttl)
    out.show("glass", made, _lines(made))
    out.ask_others(app, f"remint glass confirm {made.number}")


@glass.command()
@click.argument("number", type=int)
@click.pass_obj
def confirm(out: Out, number: int) -> None:
    """Confirm an emergency that somebody else opened"""
    app = out.open()
    found = app.glasses.confirm(app.context(), number)
    out.show("glass", found, _lines(found))
    out.advise(f"next: `remint changes merge CHANGE --glass {number}`")


@glass.command()
@click.argument("number", type=int)
@click.pass_obj
def show(out: Out, number: int) -> None:
    """Show one emergency"""
    app = out.open()
    found = app.glasses.get(number)
    out.show("glass", found, _lines(found))


@glass.command("list")
@click.option("--limit", default=20, show_default=True, help="At most so many emergencies.")
@click.pass_obj
def list_(out: Out, limit: int) -> None:
    """List emergencies, newest first"""
    app = out.open()
    found = app.glasses.list(limit=limit)
    rows = [
        [
            one.number,
            ", ".join(ref.path for ref in one.refs),
            one.by,
            one.confirmed.by if one.confirmed else "",
            when(one.until_us),
        ]
        for one in found
    ]
    head = ["emergency", "refs", "opened by", "confirmed by", "until"]
    out.show("glasses", {"glasses": found}, table(head, rows) if rows else "no emergencies")
