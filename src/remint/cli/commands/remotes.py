"""Commands of remotes: push and pull."""

from collections.abc import Sequence

import click

from remint.cli.output import Out, size_text
from remint.cli.progress import ByteProgress
from remint.core.digest import SHORT
from remint.ports.usecases.remotes import Carried, Transfer


@click.command()
@click.argument("names", nargs=-1, metavar="[REF]...")
@click.option("--all", "everything", is_flag=True, help="Push every ref of the workspace.")
@click.option("--to", metavar="REMOTE", help="Instead of the setting remote.")
@click.option("--dry-run", "-n", is_flag=True, help="Say what would be carried, and change nothing.")
@click.pass_obj
def push(out: Out, names: Sequence[str], everything: bool, to: str | None, dry_run: bool) -> None:
    """Bring versions to a remote

    A REF without a version is moved there too, if what is there now was pushed from here or pulled to here. A version
    (data/flights@3) or a digest is brought alone. Only what is missing there is carried; if it is stopped, the same command
    goes on.
    """
    if bool(names) == everything:
        raise click.UsageError("name what to push, or say --all; not both")
    app = out.open()
    with ByteProgress(out, "pushing") as progress:
        done = app.remotes.push(app.context(), names, to=to, dry_run=dry_run, on_progress=progress)
    verb = "would push" if dry_run else "pushed"
    lines = [_line(one, side="there", dry_run=dry_run) for one in done.artifacts]
    out.show("push", done, [*lines, f"{verb} {_load(done)} to {done.remote}"])


@click.command()
@click.argument("names", nargs=-1, metavar="[REF]...")
@click.option("--from", "source", metavar="REMOTE", help="Instead of the setting remote.")
@click.option("--lazy", is_flag=True, help="Leave out the files of sets of files; each is brought when it is first read.")
@click.option("--theirs", is_flag=True, help="Move a ref here also if both sides moved it; what is here stays in its log.")
@click.pass_obj
def pull(out: Out, names: Sequence[str], source: str | None, lazy: bool, theirs: bool) -> None:
    """Bring versions from a remote

    Without a REF: every ref of the workspace that was pushed. A REF without a version is moved here too, unless only an
    approved change may move it. A version (data/flights@3) or a digest is brought alone. Every byte is verified; if it is
    stopped, the same command goes on.
    """
    app = out.open()
    with ByteProgress(out, "pulling") as progress:
        done = app.remotes.pull(app.context(), names, source=source, lazy=lazy, theirs=theirs, on_progress=progress)
    out.show("pull", done, [*(_line(one, side="here") for one in done.artifacts), f"pulled {_load(done)} from {done.remote}"])
    for one in done.artifacts:
        if one.protected and one.ref:
            path = one.ref.partition(":")[2]
            out.advise(f"only an approved change moves {one.ref}; open one: remint propose {path}={one.artifact[: 3 + SHORT]}")


def _line(one: Carried, *, side: str, dry_run: bool = False) -> str:
    if one.ref is None:
        return f"{one.artifact.short} is {side}" if not dry_run else f"{one.artifact.short} would be {side}"
    if one.protected:
        return f"{one.ref} was not moved here: {one.artifact.short} is here"
    if not one.moved:
        return f"{one.ref} has {one.artifact.short} {side} already"
    return f"{one.ref} {'would point' if dry_run else 'now points'} at {one.artifact.short} {side}"


def _load(done: Transfer) -> str:
    counts = {"pack": done.packs, "file": done.objects, "piece": done.pieces}
    words = [f"{count:,} {word}{'' if count == 1 else 's'}" for word, count in counts.items() if count]
    return f"{size_text(done.size_bytes)} ({', '.join(words)})" if words else "nothing, for all of it was there,"
