"""`remint migrate`."""

import click

from remint.cli.output import Out, table
from remint.cli.progress import RecordProgress


@click.command()
@click.option("--to", metavar="URL", required=True, help="postgresql://USER@HOST:PORT/DB?schema=NAME, or `sqlite`.")
@click.option("--dry-run", is_flag=True, help="Say what would be copied, and copy nothing.")
@click.pass_obj
def migrate(out: Out, to: str, dry_run: bool) -> None:
    """Copy all records to another database

    There must be no records yet where they are copied to; `sqlite` is .remint/catalog.db. Writers wait meanwhile, and the
    records here stay as they are: stop the servers of this project first, for what they write afterwards is not in the copy.
    Then the copy is compared and its audit log verified. The password is read as for the setting `catalog`.
    """
    from remint.app import copy_of, migrations

    app = out.open()
    moving, copy = migrations(app), copy_of(app, to)
    if dry_run:
        found = moving.look(app.context(), copy)
    else:
        with RecordProgress(out, "copying records") as progress:
            found = moving.migrate(app.context(), copy, on_progress=progress)
    rows = [[name, count] for name, count in sorted(found.records.items()) if count]
    total = sum(found.records.values())
    verb = "copied" if found.done else "to be copied"
    words = [*table(["records", "count"], rows), f"{total} records and {found.entries} entries {verb} to {found.to}"]
    words += [f"problem: {problem}" for problem in found.problems]
    out.show("migration", found, words)
    if found.done and not found.problems:
        out.advise(f'use them: set `catalog = "{found.setting}"` in remint.toml, and unset REMINT_CATALOG if it says otherwise')
