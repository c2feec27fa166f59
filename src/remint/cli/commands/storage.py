"""Commands of storage: gc, hold, holds."""

import click

from remint.cli.output import Out, size_text, table, when
from remint.cli.progress import ByteProgress
from remint.ports.usecases.remotes import Cleared
from remint.ports.usecases.storage import Collected

SHOWN = 20


@click.command()
@click.option("--dry-run", "-n", is_flag=True, help="Say what would go, and change nothing.")
@click.option("--unused-days", type=click.IntRange(min=0), help="Instead of the setting unused_days.")
@click.option("--remote", metavar="REMOTE", help="In this remote instead of the store here.")
@click.pass_obj
def gc(out: Out, dry_run: bool, unused_days: int | None, remote: str | None) -> None:
    """Give up the bytes that nothing needs

    Needed are: what refs keep (setting `retention`; all versions without it), what changes, evidence, usage logs and holds are
    about, everything behind these, and whatever was made or used in the last days. Records stay; a step that is run again
    brings its bytes back. What others add meanwhile is never removed.

    In a remote (remint gc --remote team) the versions of refs go that the retention of this project does not keep there and
    that are not needed here, what erasures took, and what stopped pushes left. Nobody pushes meanwhile.
    """
    app = out.open()
    if remote is not None:
        with ByteProgress(out, "collecting") as progress:
            cleared = app.remotes.clear(app.context(), remote, dry_run=dry_run, unused_days=unused_days, on_progress=progress)
        out.show("cleared", cleared, _lines_of_remote(cleared))
        return
    found = app.storage.collect(app.context(), dry_run=dry_run, unused_days=unused_days)
    out.show("collected", found, _lines(found))


def _lines(found: Collected) -> list[str]:
    swept = found.swept
    would = "would go" if found.dry_run else "gone"
    if not swept.blobs:
        return [f"nothing to give up: {found.needed} artifacts are needed"]
    rows = [
        [one.kind, one.digest.short, size_text(one.size_bytes), when(one.at_us), ", ".join(one.refs[:2])] for one in found.given
    ]
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(found.by_kind.items())) or "no artifact of its own"
    more = [f"and {len(rows) - SHOWN} more"] if len(rows) > SHOWN else []
    return [
        *(table(["kind", "artifact", "size", "made", "was"], rows[:SHOWN]) if rows else []),
        *more,
        f"{would}: {size_text(swept.size_bytes)} in {swept.blobs} blobs ({kinds}); {found.needed} artifacts are needed",
    ]


def _lines_of_remote(cleared: Cleared) -> list[str]:
    kept = f"{cleared.kept} artifacts stay"
    if not cleared.size_bytes and not cleared.given:
        return [f"nothing to give up in {cleared.remote}: {kept}"]
    rows = [
        [one.kind, one.digest.short, size_text(one.size_bytes), ", ".join(one.refs[:2]), "erased" if one.erased else ""]
        for one in cleared.given
    ]
    counts = {
        "packs removed": cleared.packs,
        "packs written anew": cleared.rewritten,
        "whole files removed": cleared.objects,
    }
    words = ", ".join(f"{count:,} {word}" for word, count in counts.items() if count) or "no pack"
    would = "would go from" if cleared.dry_run else "gone from"
    return [
        *(table(["kind", "artifact", "size", "is", ""], rows[:SHOWN]) if rows else []),
        *([f"and {len(rows) - SHOWN} more"] if len(rows) > SHOWN else []),
        f"{would} {cleared.remote}: {size_text(cleared.size_bytes)} ({words}); {kept}",
    ]


@click.command()
@click.argument("name")
@click.option("--reason", required=True, help="Why it must be kept.")
@click.pass_obj
def hold(out: Out, name: str, reason: str) -> None:
    """Keep an artifact and everything behind it until the hold is released

    NAME is a ref with or without a version (data/flights@3), or a digest. A hold wins over retention, gc and erasure.
    """
    app = out.open()
    made = app.storage.hold(app.context(), name, reason=reason)
    out.show("hold", made, f"hold {made.number}: {name} ({made.subject.short}) is kept")


@click.group()
def holds() -> None:
    """List or release holds"""


@holds.command("list")
@click.option("--all", "released", is_flag=True, help="Also those that were released.")
@click.pass_obj
def list_(out: Out, released: bool) -> None:
    """List holds, newest first"""
    app = out.open()
    found = app.storage.holds(released=released)
    rows = [
        [
            one.number,
            one.named,
            one.subject.short,
            one.by,
            when(one.at_us),
            one.reason,
            f"released by {one.release.by}: {one.release.reason}" if one.release else "",
        ]
        for one in found
    ]
    out.show("holds", {"holds": found}, table(["hold", "named", "artifact", "by", "when", "why", ""], rows))


@holds.command()
@click.argument("number", type=int)
@click.option("--reason", required=True, help="Why it need not be kept any more.")
@click.pass_obj
def release(out: Out, number: int, reason: str) -> None:
    """End a hold"""
    app = out.open()
    ended = app.storage.release(app.context(), number, reason=reason)
    out.show("hold", ended, f"hold {number} of {ended.named} is released")
