"""`remint status`."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from remint.cli.commands.pipeline import graphs
from remint.cli.filesets import tracked_json, tracked_lines
from remint.cli.output import Out, table
from remint.core.plain import to_json
from remint.core.ref import Ref
from remint.core.standing import Standing

FOLDED = 4
"""So many refs below one name are shown as one line."""


def _folded(refs: Sequence[Ref]) -> Iterator[list[object]]:
    """Yield a row for each ref, and one for many refs below the same name."""
    below: dict[str, list[Ref]] = {}
    for ref in refs:
        group, _, rest = ref.name.name.partition("/")
        below.setdefault(f"{ref.name.kind}/{group}{'/' if rest else ''}", []).append(ref)
    for name, found in below.items():
        if name.endswith("/") and len(found) >= FOLDED:
            yield [f"{name}… ({len(found)} refs)", "", ""]
        else:
            yield from ([ref.name.path, ref.artifact.short, ref.serial] for ref in found)


def _lines(standing: Standing) -> Iterator[str]:
    yield f"workspace {standing.workspace}, acting as {standing.principal}"
    yield ""
    yield from table(["ref", "artifact", "version"], list(_folded(standing.refs))) if standing.refs else ()
    yield ""
    yield from [standing.blocked] if standing.blocked else ()
    for one in standing.pipelines:
        counts = ", ".join(f"{count} {state}" for state, count in one.counts.items() if count)
        yield f"pipeline {one.pipeline}: {counts or 'no steps'}"
    yield from (f"change {one.change} is {one.state}: {one.title}" for one in standing.changes)


@click.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--files", "listed", is_flag=True, help="List the files that changed in tracked paths.")
@click.pass_obj
def status(out: Out, path: Path | None, listed: bool) -> None:
    """Show where this project stands

    The refs of the workspace, the pipelines with work to do, the changes that wait for someone, and the files and folders that
    were added: whether they changed since. With PATH only that file or folder, its changed files listed.
    """
    app = out.open()
    tracked = app.tracking.status(app.settings.text("workspace"), path)
    if path is not None:
        out.show("status", {"tracked": tracked_json(tracked)}, tracked_lines(tracked, listed=True))
        return
    standing = app.standing.now(lambda: graphs(app, (), ()))
    lines = [*_lines(standing), *(["", *tracked_lines(tracked, listed=listed)] if tracked else [])]
    out.show("status", {**to_json(standing), "tracked": tracked_json(tracked)}, lines)
