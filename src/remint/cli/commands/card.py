"""`remint card …`."""

from typing import BinaryIO

import click

from remint.cli.output import Out, when
from remint.core.card import LONGEST
from remint.errors import Invalid
from remint.ports.usecases.attestations import Card


@click.group()
def card() -> None:
    """Show or set what people wrote about a model"""


@card.command()
@click.argument("ref")
@click.pass_obj
def show(out: Out, ref: str) -> None:
    """Show what is recorded about a version, and what people wrote

    What is not recorded is listed as missing.
    """
    app = out.open()
    _, artifact = app.refs.resolve(app.context(), ref)
    found = app.attestations.card(artifact.digest)
    out.show("card", found, _lines(found))


@card.command("set")
@click.argument("ref")
@click.argument("file", type=click.File("rb"))
@click.pass_obj
def set_(out: Out, ref: str, file: BinaryIO) -> None:
    """Keep a card of a version: Markdown with headings, signed by you

    It is bound to this version; another one needs a card of its own.
    """
    try:
        text = file.read(4 * LONGEST + 1).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid("this is no card", why=f"it is not UTF-8: {error}", next_step="save it as UTF-8") from None
    app = out.open()
    context = app.context()
    _, artifact = app.refs.resolve(context, ref)
    made = app.attestations.set_card(context, artifact.digest, text)
    out.show("card", made, [f"{artifact.digest.short} has a card by {made.by}", *(f"  {words}" for words in made.empty)])


def _lines(found: Card) -> list[str]:
    lines = [f"{name:<12} {words}" for name, words in found.recorded.items()]
    if found.missing:
        lines.append(f"{'not recorded':<12} {', '.join(found.missing)}")
    if found.at_us is None:
        return [*lines, "nobody wrote a card yet: `remint card set REF FILE`"]
    return [*lines, f"{'card':<12} by {found.by}, {when(found.at_us)}", "", *found.text.splitlines()]
