"""`remint backup` and `remint restore`."""

from pathlib import Path

import click

from remint.cli.output import Out, table, when
from remint.cli.progress import ByteProgress


@click.command()
@click.argument("place", type=click.Path(path_type=Path))
@click.option("--keep", type=click.IntRange(1), help="Forget all but so many of the newest backups.")
@click.option("--list", "only_list", is_flag=True, help="List the backups in PLACE instead.")
@click.pass_obj
def backup(out: Out, place: Path, keep: int | None, only_list: bool) -> None:
    """Copy the project's state to another place

    PLACE is a folder, best on another machine's disk: catalog, store, usage logs and keys are copied to it, while others work,
    and the next backup copies only what is new. Whoever can read it can act as every principal. It holds what `gc` gave up and
    what erasures removed since, until you remove the folder.
    """
    app = out.open()
    if only_list:
        found = app.backups.list(place)
        rows = [[one.name, when(one.at_us), one.entries, one.root.short] for one in found]
        out.show("backups", {"backups": found}, table(["name", "made", "entries", "root"], rows) if rows else "no backup yet")
        return
    with ByteProgress(out, f"backing up to {place.name}") as progress:
        made = app.backups.take(app.context(), place, keep=keep, on_progress=progress)
    dropped = f", {len(made.dropped)} older forgotten" if made.dropped else ""
    text = f"backup {made.backup.name} in {place}: {made.backup.entries} entries, {made.copied_bytes} bytes copied{dropped}"
    out.show("backup", made, text)


@click.command()
@click.argument("place", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--backup", "name", metavar="NAME", help="The start of its name; the newest if not given.")
@click.pass_obj
def restore(out: Out, place: Path, name: str | None) -> None:
    """Put a backup back where the catalog was lost

    Run it in the project, which must have no .remint/catalog.db. What is still in the store stays. Then the log is verified,
    and every ref is looked at.
    """
    from remint.app import put_back

    with ByteProgress(out, f"restoring from {place.name}") as progress:
        app, chosen, copied = put_back(place, name=name, principal=out.principal, on_progress=progress)
    try:
        found = app.backups.confirm(app.context(), chosen)
    finally:
        app.close()
    words = [f"restored {chosen.name} of {when(chosen.at_us)}: {chosen.entries} entries, {copied} bytes copied"]
    words += [f"problem: {problem}" for problem in found.problems]
    words += [f"its bytes are not all here: {ref}" for ref in found.missing]
    out.show("restore", {"copied_bytes": copied, **{key: getattr(found, key) for key in found.__slots__}}, words)
