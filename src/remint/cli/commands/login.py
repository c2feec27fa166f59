"""`remint login` and `remint logout`."""

import sys

import click

from remint.cli.output import Out
from remint.config import forget_token, keep_token


@click.command()
@click.argument("url")
@click.pass_obj
def login(out: Out, url: str) -> None:
    """Keep the token that is shown to a server

    The token is asked for, or read from standard input; it is tried before it is kept, in a file only you can read. Then set
    REMINT_URL, or `url` in remint.toml, and every command works against that server. REMINT_TOKEN wins over what is kept.
    """
    from remint.app.project import require_known

    token = click.prompt("token", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()
    me = require_known(url, token.strip())
    keep_token(url, token.strip())
    out.show("login", {"url": url, "principal": me.principal}, f"{url} knows you as {me.principal}; now set REMINT_URL={url}")


@click.command()
@click.argument("url")
@click.pass_obj
def logout(out: Out, url: str) -> None:
    """Forget the token that is kept for a server

    The token itself goes on being good until it ends or is revoked: `remint tokens revoke`.
    """
    was_kept = forget_token(url)
    out.show("logout", {"url": url, "kept": was_kept}, f"no token is kept for {url}" + (" any more" if was_kept else ""))
