"""`remint principals …` and `remint whoami`."""

import click

from remint.cli.output import Out, table, when
from remint.core.principal import ROLES


@click.group()
def principals() -> None:
    """List or make principals"""


@principals.command("list")
@click.pass_obj
def list_(out: Out) -> None:
    """List principals"""
    app = out.open()
    found = app.principals.list()
    rows = [[one.id, str(one.kind), ", ".join(sorted(one.roles)), when(one.at_us)] for one in found]
    out.show("principals", {"principals": found}, table(["name", "kind", "roles", "since"], rows))


@principals.command()
@click.argument("name")
@click.option(
    "--kind", type=click.Choice(["person", "service"]), default="person", show_default=True, help="Who acts under it."
)
@click.option(
    "--role", "roles", multiple=True, type=click.Choice(ROLES), default=("member",), help="May be given more than once."
)
@click.pass_obj
def create(out: Out, name: str, kind: str, roles: tuple[str, ...]) -> None:
    """Make a principal with a key of its own

    Only an owner makes principals. The key is a file in .remint/keys that only your account can read.
    """
    app = out.open()
    made = app.principals.create(app.context(), name, kind=kind, roles=roles)
    out.show("principal", made, f"made {made.kind} {made.id} ({', '.join(sorted(made.roles)) or 'no roles'})")
    out.advise("note: embedded, whoever can read a key file can act as its principal")


@click.command()
@click.pass_obj
def whoami(out: Out) -> None:
    """Show who acts here, and where"""
    app = out.open()
    context = app.context()
    origin = app.settings.origins["principal"]
    text = f"{context.principal} (from {origin}) in workspace {context.workspace}, embedded in {app.settings.root}"
    out.show("whoami", {"principal": context.principal, "origin": origin, "workspace": context.workspace}, text)
