"""Commands that look at artifacts and refs: diff, log, query."""

import re
from typing import TYPE_CHECKING

import click

from remint.cli.cells import cell
from remint.cli.filesets import difference_json, difference_lines
from remint.cli.output import Out, table, when
from remint.cli.refwords import view_lines
from remint.cli.tablewords import row_difference_json, row_difference_lines
from remint.core.artifact import Artifact, Kind
from remint.core.definition import definition_differences
from remint.errors import Invalid

if TYPE_CHECKING:
    from remint.app import App


@click.command()
@click.argument("name")
@click.option("--limit", default=20, show_default=True, help="At most so many moves.")
@click.pass_obj
def log(out: Out, name: str, limit: int) -> None:
    """Show the moves of a ref, newest first"""
    app = out.open()
    moves = app.refs.log(app.context(), name, limit=limit)
    rows = [[move.serial, move.new.short, when(move.at_us), move.by, move.reason] for move in moves]
    out.show("log", {"moves": moves}, table(["version", "artifact", "when", "by", "why"], rows))


@click.command()
@click.argument("left")
@click.argument("right")
@click.option("--key", metavar="COLUMN[,COLUMN]", help="Tell the rows of tables apart by these columns.")
@click.pass_obj
def diff(out: Out, left: str, right: str, key: str | None) -> None:
    """Show how two versions differ

    LEFT and RIGHT are refs with or without a version, or digests, of the same kind. Without a key, rows of tables are aligned.
    Or both are workspaces, with or without a time, as `main@2026-08-03 main`: then every ref that differs is shown, with the
    moves and changes that made it so.
    """
    app = out.open()
    context = app.context()
    if not any("/" in text or text.startswith("b3:") for text in (left, right)):
        found_refs = app.history.between(left, right)
        out.show("diff-refs", {"left": left, "right": right, "refs": found_refs}, view_lines(found_refs))
        return
    old, new = app.refs.artifact(context, left), app.refs.artifact(context, right)
    if old.kind is new.kind is Kind.FILES:
        found = app.artifacts.difference(old, new)
        words = difference_lines(found)
        value = {"left": old.digest, "right": new.digest, "differences": words, **difference_json(found)}
        out.show("diff", value, words or [f"both are {old.digest.short}"])
        return
    if old.kind is new.kind is Kind.TABLE:
        for artifact in (old, new):
            app.artifacts.verify(artifact.digest)
        rows = app.table_versions.difference(old, new, key=key.split(",") if key else ())
        words = row_difference_lines(rows)
        value = {"left": old.digest, "right": new.digest, "differences": words, **row_difference_json(rows)}
        out.show("diff", value, words or [f"both are {old.digest.short}"])
        return
    words = _differences(app, old, new)
    value = {"left": old.digest, "right": new.digest, "differences": words}
    out.show("diff", value, words or [f"both are {old.digest.short}"])


def _differences(app: "App", old: Artifact, new: Artifact) -> list[str]:
    if old.digest == new.digest:
        return []
    if old.kind is not new.kind:
        raise Invalid(
            "the two cannot be compared",
            why=f"one is {old.kind.noun}, the other {new.kind.noun}",
            next_step="compare versions of one ref",
        )
    if old.kind is Kind.DEFINITION:
        return definition_differences(*(app.artifacts.files(one.digest)[0][1].read_bytes() for one in (old, new)))
    before, after = dict(app.artifacts.files(old.digest)), dict(app.artifacts.files(new.digest))
    if old.kind is Kind.MODEL:
        form = app.formats[old.facts["format"]]
        first = form.first_difference(before["model.skops"].read_bytes(), after["model.skops"].read_bytes())
        return [first] if first else ["the features or the probe differ"]
    words = [f"{path} was added" for path in sorted(set(after) - set(before))]
    words += [f"{path} was removed" for path in sorted(set(before) - set(after))]
    held = {part.path: part.blob for part in old.parts}
    return words + [f"{part.path} changed" for part in new.parts if held.get(part.path, part.blob) != part.blob]


_TABLE = re.compile(r"\b(?:[a-z0-9][a-z0-9._-]*:)?(?:data|features|log)/[a-z0-9][a-z0-9._/-]*(?:@[A-Za-z0-9:.+-]+)?")


@click.command()
@click.argument("sql")
@click.option("--limit", default=1000, show_default=True, help="At most so many rows.")
@click.pass_obj
def query(out: Out, sql: str, limit: int) -> None:
    """Run SQL over versions of tables

    Tables are named as refs: remint query "select count(*) from data/flights@3"
    """
    app = out.open()
    context = app.context()
    named: dict[str, str] = {}

    def stand_in(found: re.Match[str]) -> str:
        return named.setdefault(found.group(0), f"remint_{len(named)}")

    rewritten = _TABLE.sub(stand_in, sql)
    tables = {}
    for text, name in named.items():
        artifact = app.refs.artifact(context, text)
        if artifact.kind is not Kind.TABLE:
            raise Invalid(f"{text} cannot be queried", why=f"it is {artifact.kind.noun}", next_step="name a table")
        tables[name] = [place for _, place in app.artifacts.files(artifact.digest)]
    head, rows = app.tables.query(rewritten, tables, limit=limit)
    records = [dict(zip(head, row, strict=True)) for row in rows]
    out.show("query", {"columns": head, "rows": records}, table(head, [[cell(value) for value in row] for row in rows]))
