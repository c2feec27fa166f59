"""`remint audit …`."""

from pathlib import Path

import click

from remint.cli.output import Out
from remint.errors import Corrupt


@click.group()
def audit() -> None:
    """Verify or export the audit log"""


@audit.command()
@click.pass_obj
def verify(out: Out) -> None:
    """Make the tree over all entries again and compare it with what is stored"""
    app = out.open()
    found = app.audit.verify()
    if found.first_bad is not None:
        raise Corrupt(
            f"the audit log was altered at entry {found.first_bad}",
            why="the entries no longer make the tree that is stored beside them",
            next_step="compare with a backup or an export from before",
            first_bad=found.first_bad,
        )
    out.show("audit", found, f"{found.entries} entries verified, root {found.root}")


@audit.command()
@click.option("--to", "target", type=click.Path(path_type=Path), help="A file instead of standard output.")
@click.pass_obj
def export(out: Out, target: Path | None) -> None:
    """Export the entries as JSON lines"""
    app = out.open()
    lines = (leaf.decode() for leaf in app.audit.export())
    if target is None:
        for line in lines:
            click.echo(line)
        return
    count = 0
    with target.open("w", encoding="utf-8") as file:
        for line in lines:
            file.write(line + "\n")
            count += 1
    out.show("audit-export", {"entries": count, "file": str(target)}, f"wrote {count} entries to {target}")
