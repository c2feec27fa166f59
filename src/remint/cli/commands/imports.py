"""`remint import …`."""

from pathlib import Path

import click

from remint.cli.output import Out, table
from remint.ports.usecases.imports import Imported


@click.group("import")
def import_() -> None:
    """Take over what another tool versioned"""


@import_.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--below", default="data", show_default=True, metavar="KIND", help="The first words of the refs.")
@click.option("--cache", type=click.Path(path_type=Path, file_okay=False), help="The cache of DVC, if it is elsewhere.")
@click.pass_obj
def dvc(out: Out, folder: Path, below: str, cache: Path | None) -> None:
    """Take over a DVC repository with its history

    Every version of every output that DVC tracked, in the order of the commits of the branch that is checked out, becomes a
    version of a ref below data/. The bytes come from the local cache: run `dvc fetch --all-commits` first. Called again it
    takes over what is new.
    """
    app = out.open()
    found = app.imports.take(
        app.context(),
        app.dvc_repository(folder.resolve(), cache.resolve() if cache else None),
        below=below,
        on_version=lambda one: out.advise(_line(one)),
    )
    refs = {one.ref: sum(other.moved for other in found if other.ref == one.ref) for one in found}
    left = [one for one in found if one.missing]
    lines = (
        table(["ref", "new versions"], [[ref, count] for ref, count in sorted(refs.items())])
        if refs
        else ["nothing is tracked"]
    )
    if left:
        lines.append(f"{len(left)} versions were left out: the cache does not hold their files; run `dvc fetch --all-commits`")
    out.show("imported", {"versions": found}, lines)


def _line(one: Imported) -> str:
    where = f"{one.commit[:12]} " if one.commit else ""
    if one.missing:
        return f"left out {where}{one.path}: {len(one.missing)} files are not in the cache"
    return f"{'took' if one.moved else 'have'}     {where}{one.path}: {one.files} files"
