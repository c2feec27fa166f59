"""`remint tokens …`."""

import click

from remint.cli.output import Out, table, when
from remint.core.action import SCOPES
from remint.core.token import DAYS_MAX, Token


@click.group()
def tokens() -> None:
    """List, make or revoke tokens"""


@tokens.command("list")
@click.pass_obj
def list_(out: Out) -> None:
    """List your tokens; an owner sees all

    Nothing leads from this list to a secret: what is kept of one is its digest.
    """
    app = out.open()
    now_us = app.clock.now_us()
    found = app.identity.list(app.context())
    rows = [
        [one.number, one.owner, one.about, ", ".join(sorted(one.scopes)), one.sandbox or "", _ends(one, now_us)]
        for one in found
    ]
    text = table(["token", "owner", "for", "scopes", "sandbox", "ends"], rows)
    out.show("tokens", {"tokens": found}, text if rows else "no token yet; make one: `remint tokens create --about TEXT`")


@tokens.command()
@click.option("--about", required=True, metavar="TEXT", help="What it is for.")
@click.option("--days", type=click.IntRange(1, DAYS_MAX), default=30, show_default=True, help="How long it lasts.")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help="Limit it; may be given more than once.")
@click.option("--sandbox", metavar="NAME", help="Bind it to one sandbox: it moves nothing outside.")
@click.option("--for", "owner", metavar="SERVICE", default="", help="Let it act as this service; only an owner may.")
@click.pass_obj
def create(out: Out, about: str, days: int, scopes: tuple[str, ...], sandbox: str | None, owner: str) -> None:
    """Make a token and print its secret once

    It acts as its owner and never may do more. What is kept is the digest of the secret: if it is lost, make another one.
    """
    app = out.open()
    made = app.identity.issue(app.context(), about=about, days=days, scopes=scopes, sandbox=sandbox, owner=owner)
    out.show("token", {"secret": made.secret, "token": made.token}, made.secret)
    out.advise(f"token {made.token.number} of {made.token.owner} until {when(made.token.ends_us)}; it is not shown again")


@tokens.command()
@click.argument("number", type=click.IntRange(1))
@click.pass_obj
def revoke(out: Out, number: int) -> None:
    """End a token, at once

    One of your own; an owner may end any.
    """
    app = out.open()
    token = app.identity.revoke(app.context(), number)
    out.show("token", {"token": token}, f"token {token.number} of {token.owner} counts no more")


def _ends(token: Token, now_us: int) -> str:
    if token.revoked_us is not None:
        return f"revoked {when(token.revoked_us)}"
    return when(token.ends_us) if token.is_alive(now_us) else f"ended {when(token.ends_us)}"
