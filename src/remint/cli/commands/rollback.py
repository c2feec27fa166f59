"""`remint rollback`."""

import click

from remint.cli.output import Out


@click.command()
@click.argument("ref")
@click.option("--reason", default="", help="Why, in words.")
@click.pass_obj
def rollback(out: Out, ref: str, reason: str) -> None:
    """Take back the last merge of a ref

    REF is KIND/NAME in main. It goes back at once to the version that was merged right before; that one was approved already.
    """
    app = out.open()
    move = app.roll_backs.roll_back(app.context(), ref, reason=reason)
    text = f"{move.name} points at {move.new.short} again (version {move.serial}, by change {move.change})"
    out.show("move", move, text)
