"""The command that looks into an artifact: show."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from remint.cli.cells import cell
from remint.cli.output import Out, short_path, size_text, table
from remint.cli.progress import FileProgress
from remint.cli.sourcewords import origin_words
from remint.cli.tablewords import schema_line
from remint.core.artifact import Artifact, Kind
from remint.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from remint.app import App

SHOWN_ROWS = 10
LOOKED = 40
"""So many pictures, and so many sounds, are looked into for the terminal."""
THUMBNAILS = 120
EDGE = 240
"""The longer edge of a thumbnail in pixels."""


@click.command()
@click.argument("name")
@click.option("--rows", default=SHOWN_ROWS, show_default=True, help="How many rows of a table, or files of a set, to show.")
@click.option("--no-stats", is_flag=True, help="Do not read all rows for statistics, nor look into pictures and sounds.")
@click.option("--page", type=click.Path(path_type=Path), metavar="FILE.html", help="Write a page of a table or a set of files.")
@click.option(
    "--thumbnails",
    type=click.IntRange(0, 2000),
    default=THUMBNAILS,
    show_default=True,
    help="How many pictures, and sounds, the page has at most.",
)
@click.pass_obj
def show(out: Out, name: str, rows: int, no_stats: bool, page: Path | None, thumbnails: int) -> None:
    """Show an artifact: what it is, its parts, and a look inside

    NAME is a ref with or without a version, or a digest. Of a table it tells statistics of each column and the first rows; of a
    set of files the kinds and sizes, and what its pictures and sounds are. A page is one file that needs no network:
    remint show data/images@3 --page images.html
    """
    app = out.open()
    artifact = app.refs.artifact(app.context(), name)
    if page is not None:
        _require_page(name, artifact, page)
    look = _Look(max(rows, 0), not no_stats, page, thumbnails)
    if artifact.kind is Kind.FILES:
        _show_files(out, app, name, artifact, look)
    elif artifact.kind is Kind.TABLE:
        _show_table(out, app, name, artifact, look)
    else:
        _show_other(out, app, artifact)


@dataclass(frozen=True)
class _Look:
    """What a person asked for."""

    rows: int
    with_statistics: bool
    page: Path | None
    thumbnails: int


def _require_page(name: str, artifact: Artifact, page: Path) -> None:
    if artifact.kind not in {Kind.FILES, Kind.TABLE}:
        raise Invalid(f"{name} has no page", why=f"it is {artifact.kind.noun}", next_step="show it without --page")
    if page.is_dir() or not page.absolute().parent.is_dir():
        why = "a folder is there" if page.is_dir() else f"the folder {page.parent} does not exist"
        raise Invalid(f"the page {page} was not written", why=why, next_step="name a file in a folder that exists")


def _write_page(out: Out, page: Path, content: str) -> None:
    page.write_text(content, encoding="utf-8")
    out.advise(f"wrote {short_path(page.absolute())} ({size_text(len(content.encode()))})")


# ---- sets of files


def _show_files(out: Out, app: "App", name: str, artifact: Artifact, look: _Look) -> None:
    from remint.cli.showwords import files_json, files_lines
    from remint.services.showing import Wanted

    looked = look.thumbnails if look.page is not None else LOOKED
    wanted = Wanted(look.rows, looked if look.with_statistics else 0, EDGE if look.page is not None else 0)
    with FileProgress(out, f"looking into {name}") as progress:
        found = app.showing.files(artifact, wanted, on_progress=progress)
    held: dict[str, Any] = {"artifact": artifact, **files_json(found)}
    if look.page is not None:
        from remint.cli.pages.filesets import files_page

        _write_page(out, look.page, files_page(name, artifact, found))
        held["page"] = str(look.page)
    out.show("artifact", held, [f"{artifact.kind} {artifact.digest}", *files_lines(found)])


# ---- tables


class _RowsProgress(FileProgress):
    def _line(self, done: int, total: int) -> str:
        return f"{done:,} of {total:,} rows"


def _show_table(out: Out, app: "App", name: str, artifact: Artifact, look: _Look) -> None:
    files = [place for _, place in app.artifacts.files(artifact.digest)]
    artifact = app.artifacts.get(artifact.digest)  # as it lies here now, if its source had to be read
    rows = app.tables.rows(files, limit=look.rows) if look.rows else []
    found = None
    if look.with_statistics:
        with _RowsProgress(out, f"reading {name}") as progress:
            found = app.showing.table(files, on_rows=progress)
    origins = app.sources.of(artifact.digest)
    held: dict[str, Any] = {"artifact": artifact, "rows": rows, "origins": origins}
    lines = [
        f"{artifact.kind} {artifact.digest}",
        f"size    {size_text(artifact.size_bytes)} in {len(artifact.parts)} part(s), verified",
        f"rows    {artifact.facts['rows']}",
        schema_line(artifact.facts["schema"]),
        *(f"from    {origin_words(one)}" for one in origins[:3]),
    ]
    if found is not None:
        from remint.cli.showwords import table_json, table_lines

        held["statistics"] = table_json(found)
        lines += table_lines(found)
    lines += _preview(artifact, rows)
    if look.page is not None:
        from remint.cli.pages.tables import table_page

        _write_page(out, look.page, table_page(name, artifact, found, rows))
        held["page"] = str(look.page)
    out.show("artifact", held, lines)


def _preview(artifact: Artifact, rows: "Sequence[Mapping[str, Any]]") -> list[str]:
    names = [column["name"] for column in artifact.facts["schema"]][:12]
    return ["", *table(names, [[cell(row[name]) for name in names] for row in rows])] if rows else []


# ---- everything else


def _show_other(out: Out, app: "App", artifact: Artifact) -> None:
    files = app.artifacts.files(artifact.digest)
    lines = [
        f"{artifact.kind} {artifact.digest}",
        f"size    {size_text(artifact.size_bytes)} in {len(artifact.parts)} part(s), verified",
    ]
    held: dict[str, Any] = {"artifact": artifact}
    if artifact.kind in {Kind.METRICS, Kind.VALUE, Kind.ENVIRONMENT, Kind.DEFINITION}:
        held["value"] = app.artifacts.value(artifact.digest)
        lines += _value_lines(held["value"])
    elif artifact.kind is Kind.MODEL:
        lines += [f"model   {artifact.facts.get('estimator')} in {artifact.facts['format']}"]
        lines += [f"inputs  {', '.join(artifact.facts['features'])}"]
    elif artifact.kind in {Kind.REPORT, Kind.LOG}:
        lines += ["", files[0][1].read_text(errors="replace").rstrip()]
    else:
        lines += [f"  {part.path}  {size_text(part.size_bytes)}" for part in artifact.parts[:50]]
    out.show("artifact", held, lines)


def _value_lines(value: object, indent: str = "") -> list[str]:
    if isinstance(value, dict):
        lines: list[str] = []
        for name, item in value.items():
            if isinstance(item, dict | list) and item:
                lines += [f"{indent}{name}", *_value_lines(item, indent + "  ")]
            else:
                lines.append(f"{indent}{name}  {item}")
        return lines
    if isinstance(value, list):
        if all(isinstance(item, dict) for item in value) and value:
            names = list(value[0])
            return [indent + line for line in table(names, [[cell(item.get(name)) for name in names] for item in value[:60]])]
        return [f"{indent}{item}" for item in value[:60]]
    return [f"{indent}{value}"]
