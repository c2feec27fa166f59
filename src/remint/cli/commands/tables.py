"""Commands that make versions of tables: compact and merge."""

import click

from remint.cli.output import EXIT_CODES, Out, size_text
from remint.cli.tablewords import change_json, change_lines, conflict_lines
from remint.ports.tableversions import Conflicts


@click.command()
@click.argument("name")
@click.pass_obj
def compact(out: Out, name: str) -> None:
    """Store a table again without edits and small segments

    NAME is a ref. Its rows and its digest stay; other programs can read its files where they are.
    """
    app = out.open()
    change = app.table_versions.compact(app.context(), name)
    segments = len(change.artifact.facts["segment_rows"])
    text = f"{change.ref} is {segments} segment(s) without edits; {size_text(change.stored_bytes)} stored"
    out.show("compact", {**change_json(change), "segments": segments}, text)


@click.command()
@click.argument("ours")
@click.argument("theirs")
@click.option("--base", required=True, metavar="REF", help="The version that both come from.")
@click.option("--key", required=True, metavar="COLUMN[,COLUMN]", help="The columns that tell rows apart.")
@click.option("--as", "name", metavar="KIND/NAME", help="The ref to point at the result; OURS if not given.")
@click.pass_obj
def merge(out: Out, ours: str, theirs: str, base: str, key: str, name: str | None) -> int:
    """Merge two tables that were changed apart, row by row

    What THEIRS changed since the base is done to OURS. Where both changed one value, or one changed a row that the other
    removed, nothing is moved, the conflicts are printed, and the exit code is 5.
    """
    app = out.open()
    found = app.table_versions.merge(app.context(), name or ours, (base, ours, theirs), key=key.split(","))
    if isinstance(found, Conflicts):
        out.show("merge", {"conflicts": found.first, "count": found.count}, conflict_lines(found))
        return EXIT_CODES["conflict"]
    out.show("merge", {"conflicts": [], "count": 0, **change_json(found)}, change_lines(found))
    return 0
