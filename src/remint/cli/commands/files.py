"""Commands of files and folders: add and checkout."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from remint.cli.output import Out, short_path, size_text
from remint.cli.progress import FileProgress
from remint.cli.sourcewords import add_from_source
from remint.cli.tablewords import change_json, change_lines, schema_line
from remint.core.artifact import Kind
from remint.core.origin import is_address
from remint.core.ref import parse_ref
from remint.core.worktree import shown
from remint.errors import Invalid
from remint.ports.usecases.tables import TableChange

if TYPE_CHECKING:
    from remint.app import App


@click.command()
@click.argument("source", metavar="PATH|SOURCE")
@click.option("--as", "name", required=True, metavar="KIND/NAME", help="The ref to point at it, for example data/landing.")
@click.option("--again", is_flag=True, help="Read every file, also those that seem not to have changed.")
@click.option("--table", "as_table", is_flag=True, help="Make a table of CSV, JSON lines, or all files in a folder.")
@click.option("--append", is_flag=True, help="Put the rows after those of the table the ref points at.")
@click.option("--upsert", metavar="COLUMN[,COLUMN]", help="Put each row in the place of the row with its key, or at the end.")
@click.option("--delete", metavar="COLUMN[,COLUMN]", help="Remove the rows that have the key of a row in the file.")
@click.option("--query", metavar="SQL", default="", help="Of a database: one SELECT that gives the rows.")
@click.option("--from-table", metavar="[SCHEMA.]NAME", default="", help="Of a database: all rows of a table, named exactly.")
@click.option("--order-by", metavar="COLUMN[,COLUMN]", default="", help="With --from-table: the order of the rows.")
@click.option("--pin", is_flag=True, help="Of Delta and Iceberg: record the version, and let the source keep the rows.")
@click.pass_obj
def add(
    out: Out,
    source: str,
    name: str,
    again: bool,
    as_table: bool,
    append: bool,
    upsert: str | None,
    delete: str | None,
    query: str,
    from_table: str,
    order_by: str,
    pin: bool,
) -> None:
    """Add a file or folder as an artifact and point a ref at it

    A .parquet, .arrow or .feather file becomes a table, anything else a set of files. The path is tracked: `remint status` says
    what changed in it, and adding it again reads only that. Of a table, only the rows that changed are stored.

    With --append, --upsert or --delete the rows of the file change the table the ref points at; the file is not tracked.

    A SOURCE is postgresql://USER@HOST:PORT/DATABASE or adbc:DRIVER?OPTION=VALUE (with --query or --from-table),
    delta:PATH_OR_URL[@VERSION], iceberg:CATALOG.NAMESPACE.TABLE[@SNAPSHOT], or source:NAME of the settings. The order of rows
    is part of what a table is, so order those of a database. Nothing that is recorded holds a password.

    Example: remint add postgresql://ana@db/sales --from-table public.orders --order-by id --as data/orders
    """
    app = out.open()
    if is_address(source):
        _refuse(name, "files", again=again, table=as_table, append=append, upsert=upsert, delete=delete)
        add_from_source(out, app, source, name, query=query, from_table=from_table, order_by=order_by, pin=pin)
        return
    _refuse(name, "databases and lakes", query=query, from_table=from_table, order_by=order_by, pin=pin)
    path = Path(source)
    if append + (upsert is not None) + (delete is not None):
        change = _changed(app, path, name, append=append, upsert=upsert, delete=delete)
        out.show("add", change_json(change), change_lines(change))
        return
    with FileProgress(out, f"adding to {name}") as progress:
        added = app.artifacts.add(app.context(), name, path, again=again, table=as_table, on_progress=progress)
    if added.left_out:
        out.advise(f"left out: {_few([shown(one) + '/' for one in added.left_out])}")
    artifact = added.artifact
    ref, _ = parse_ref(name, workspace=app.settings.text("workspace"))
    words = f"now points at {artifact.digest.short}" if added.moved else f"points at {artifact.digest.short} already"
    held = (
        f"{added.files:,} files, {size_text(artifact.size_bytes)}"
        if artifact.kind is Kind.FILES
        else size_text(artifact.size_bytes)
    )
    value = {
        "ref": str(ref),
        "artifact": artifact,
        "moved": added.moved,
        "files": added.files,
        "read": added.read,
        "left_out": added.left_out,
    }
    if added.change is not None:
        text = [*change_lines(added.change), *([schema_line(artifact.facts["schema"])] if as_table else [])]
        out.show("add", value | change_json(added.change), text)
        return
    out.show("add", value, f"{ref} {words} ({held})")


def _refuse(name: str, meant_for: str, **given: object) -> None:
    """Refuse options that were given and mean nothing here."""
    wrong = [f"--{option.replace('_', '-')}" for option, value in given.items() if value not in {None, False, ""}]
    if wrong:
        why = f"{', '.join(wrong)} is for {meant_for}"
        raise Invalid(f"{name} was not changed", why=why, next_step="leave it out; see `remint add --help`")


def _changed(app: "App", path: Path, name: str, *, append: bool, upsert: str | None, delete: str | None) -> TableChange:
    if append + (upsert is not None) + (delete is not None) > 1:
        raise Invalid(
            f"{name} was not changed", why="rows are appended, upserted or deleted, one at a time", next_step="give one option"
        )
    tables, context = app.table_versions, app.context()
    if upsert is not None:
        return tables.upsert(context, name, [path], key=upsert.split(","))
    if delete is not None:
        return tables.delete(context, name, [path], key=delete.split(","))
    return tables.append(context, name, [path])


@click.command()
@click.argument("name")
@click.argument("folder", type=click.Path(path_type=Path))
@click.pass_obj
def checkout(out: Out, name: str, folder: Path) -> None:
    """Write the files of a version into an empty folder

    NAME is a ref with or without a version (data/flights@3), or a digest. If it is stopped, the same command goes on.
    """
    app = out.open()
    artifact = app.refs.artifact(app.context(), name)
    with FileProgress(out, f"writing {name}") as progress:
        count = app.artifacts.checkout(artifact.digest, folder, on_progress=progress)
    out.show("checkout", {"artifact": artifact.digest, "files": count}, f"wrote {count} files to {short_path(folder)}")


def _few(words: Sequence[str]) -> str:
    return ", ".join(words[:5]) + (f" and {len(words) - 5:,} more" if len(words) > 5 else "")
