"""`remint sandboxes …`."""

import click

from remint.cli.output import Out, table, when


@click.group()
def sandboxes() -> None:
    """List or make sandboxes"""


@sandboxes.command("list")
@click.pass_obj
def list_(out: Out) -> None:
    """List workspaces"""
    app = out.open()
    found = app.refs.workspaces()
    rows = [[one.name, one.base or "", one.owner, when(one.at_us)] for one in found]
    out.show("workspaces", {"workspaces": found}, table(["workspace", "forked from", "by", "when"], rows))


@sandboxes.command()
@click.argument("name")
@click.option("--from", "base", default="main", show_default=True, metavar="WORKSPACE", help="What to fork.")
@click.pass_obj
def create(out: Out, name: str, base: str) -> None:
    """Fork a workspace, copying no data

    The sandbox sees the refs of its base as they are now. What you run in it (-w NAME) moves refs of the sandbox only.
    """
    app = out.open()
    made = app.refs.fork(app.context(), name, base=base)
    out.show("workspace", made, f"made sandbox {made.name}, forked from {made.base}")
    out.advise(f"next: `remint run -w {made.name}`, then `remint propose {made.name}:KIND/NAME`")
