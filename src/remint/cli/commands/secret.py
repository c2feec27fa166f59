"""`remint secrets …`."""

from typing import BinaryIO

import click

from remint.cli.output import Out, table, when
from remint.core.secret import EVERYWHERE, LONGEST, Grant


@click.group()
def secrets() -> None:
    """List, set, grant or remove secrets"""


@secrets.command("list")
@click.pass_obj
def list_(out: Out) -> None:
    """List secrets and who may use them; never their values"""
    found = out.open().secrets.list()
    rows = [[one.name, one.about, when(one.set_us), ", ".join(map(_words, one.grants)) or "nobody"] for one in found]
    text = table(["secret", "for", "set", "granted to"], rows)
    out.show("secrets", {"secrets": found}, text if rows else "no secret yet; set one: `remint secrets set NAME`")


@secrets.command("set")
@click.argument("name")
@click.option("--about", metavar="TEXT", default="", help="What it is for.")
@click.option("--file", "given", type=click.File("rb"), help="Read the value from this file; - for standard input.")
@click.pass_obj
def set_(out: Out, name: str, about: str, given: BinaryIO | None) -> None:
    """Set the value of a secret, new or not

    The value is asked for, or read from a file; it is no argument, for those stand in the history of the shell. A line break at
    its end is not part of it. Who may use the secret stays as it is: nobody, if it is new.
    """
    if given is None:
        value = click.prompt(f"value of {name}", hide_input=True, confirmation_prompt=True).encode()
    else:
        value = given.read(LONGEST + 3)
        value = value[:-1].removesuffix(b"\r") if value.endswith(b"\n") else value
    app = out.open()
    made = app.secrets.set(app.context(), name, value, about=about)
    out.show("secret", {"secret": made}, f"secret {name} is set")
    if not made.grants:
        out.advise(f"next: say who may use it: `remint secrets grant {name} PRINCIPAL`")


@secrets.command()
@click.argument("name")
@click.argument("principal")
@click.option("--everywhere", is_flag=True, help="In all workspaces, not only in this one.")
@click.option("--profile", default="", help="Only in runs under this compute profile.")
@click.pass_obj
def grant(out: Out, name: str, principal: str, *, everywhere: bool, profile: str) -> None:
    """Let a principal use a secret in its runs in this workspace

    What is granted in main is not granted in a sandbox: name that with -w.
    """
    app = out.open()
    context = app.context()
    workspace = EVERYWHERE if everywhere else context.workspace
    held = app.secrets.grant(context, name, principal, workspace=workspace, profile=profile)
    out.show("secret", {"secret": held}, f"secret {name} is granted to {', '.join(map(_words, held.grants))}")


@secrets.command()
@click.argument("name")
@click.argument("principal")
@click.pass_obj
def revoke(out: Out, name: str, principal: str) -> None:
    """Take every grant of a secret from a principal

    Runs that have started keep what they were given: set another value if it must not be known any more.
    """
    app = out.open()
    held = app.secrets.revoke(app.context(), name, principal)
    out.show("secret", {"secret": held}, f"secret {name} is granted to {', '.join(map(_words, held.grants)) or 'nobody'}")


@secrets.command()
@click.argument("name")
@click.pass_obj
def remove(out: Out, name: str) -> None:
    """Remove a secret, its value and its grants"""
    app = out.open()
    app.secrets.remove(app.context(), name)
    out.show("removed", {"secret": name}, f"secret {name} is removed")


def _words(grant: Grant) -> str:
    where = "everywhere" if grant.workspace == EVERYWHERE else f"in {grant.workspace}"
    return f"{grant.whom} {where}" + (f" under {grant.profile}" if grant.profile else "")
