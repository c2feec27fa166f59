"""`remint erase` and `remint erasures …`."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from remint.cli.output import Out, a_person_looks, size_text, table, when
from remint.cli.progress import ByteProgress
from remint.core.digest import Digest
from remint.core.plain import to_json
from remint.errors import Diverged
from remint.ports.usecases.erasures import Demand, Erasing
from remint.ports.usecases.remintings import Reminted

SHOWN = 20


@click.command()
@click.option("--subject", required=True, metavar="VALUE", help="The value that tells the person's rows.")
@click.option("--column", metavar="NAME", help="The column that holds it; else those of the setting `subjects`.")
@click.option("--reason", required=True, help="Why, without naming the person; kept for ever.")
@click.option("--dry-run", "-n", is_flag=True, help="Say what would go, and change nothing.")
@click.option("--remint", "again", is_flag=True, help="Then make the models again without the rows, and propose them.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def erase(out: Out, subject: str, column: str | None, reason: str, dry_run: bool, again: bool, yes: bool) -> None:
    """Remove one person's rows from every table kept

    Every version of every table with the column is looked at; those with such rows are given up, and the same tables without
    them stand in their place. What was made of them and cannot be told apart by row is given up too. A certificate says what
    was done and which models were trained on the rows. A hold wins. This cannot be undone.

    Example: remint erase --subject 4711 --column passenger_id --reason "request 2026-81"
    """
    app = out.open()
    context = app.context()
    if not (dry_run or yes or out.as_json) and a_person_looks():
        click.confirm("The rows go from every version, and nothing brings them back. Go on?", abort=True, err=True)

    def tell(receipt: str) -> None:
        if not out.as_json:
            click.echo(f"receipt     {receipt}")
            out.advise("keep the receipt: it is stored nowhere, and only with it can be shown whom the erasure was about")

    demand = Demand(subject, reason, column, dry_run)
    with ByteProgress(out, "looking for rows") as progress:
        done = app.erasures.erase(context, demand, on_receipt=tell, on_progress=progress)
    if not again or done.erasure is None:
        out.show("erasing", done, _done_lines(done))
        return
    if not out.as_json:  # what was done cannot be done again: it is said before what may fail
        out.show("erasing", done, _done_lines(done))
    made = app.remintings.remint(context, done.erasure.number, on_line=out.advise)
    out.show("erasing", {**to_json(done), "reminted": made}, _reminted_lines(made))


def _done_lines(done: Erasing) -> list[str]:
    finished = [f"erasure {number} is complete now: its bytes are gone" for number in done.finished]
    if done.erasure is None and not done.dry_run:
        return [*finished, "no table here holds such a row; nothing was changed"]
    lines = lines_of(done.certificate, dry_run=done.dry_run)
    lines += [f"open log    {name}: {rows} rows, would be sealed first" for name, rows in done.open_logs.items()]
    if done.erasure is None:
        return lines
    swept = [f"gone        {size_text(done.swept.size_bytes)} in {done.swept.blobs} blobs"] if done.swept is not None else []
    return [f"erasure     {done.erasure.number}, certificate {done.erasure.certificate.short}", *lines, *swept, *finished]


def lines_of(said: Mapping[str, Any], *, dry_run: bool = False) -> list[str]:
    """Return what a certificate says, for people."""
    kept, missed = said["kept"], said["not_examined"]
    named = [one for one in kept if one["value_found"]]
    lines = [f"columns     {', '.join(said['columns'])}; tables looked at: {said['examined']['tables']}"]
    lines += _some("rows        ", [_table_words(one, dry_run=dry_run) for one in said["tables"]])
    lines += _some("moved       ", said.get("moved", ()))
    lines += _some("given up    ", [f"{one['kind']} {_short(one['artifact'])}{_named(one)}" for one in said["derived"]])
    lines += [f"given up    {len(said['logs'])} logs of runs, in which the value stands"] if said["logs"] else []
    lines += _some("trained     ", [_model_words(one) for one in said["models"]])
    lines += [f"kept        {len(kept)} other artifacts made of them"] if kept else []
    lines += _some(
        "LOOK AT     ", [f"{one['kind']} {_short(one['artifact'])}{_named(one)}: the value stands in it" for one in named]
    )
    lines += [f"runs        {len(said['runs'])} are regenerable up to this erasure"] if said["runs"] else []
    lines += [f"unreadable  {said['examined']['unreadable']} tables whose column cannot hold the value"] * bool(
        said["examined"]["unreadable"]
    )
    lines += _some("not here    ", [_short(digest) for digest in missed["absent"]])
    lines += [f"not looked  into {len(missed['files'])} sets of files"] if missed["files"] else []
    lines += _some("your copies ", missed["copies"])
    lines += _some("remotes     ", missed["remotes"])
    return lines


def _some(head: str, words: Sequence[str]) -> list[str]:
    """Return a line for each of the first words, all under one head."""
    lines = [f"{head if not place else ' ' * len(head)}{one}" for place, one in enumerate(words[:SHOWN])]
    return [*lines, f"{' ' * len(head)}and {len(words) - SHOWN} more"] if len(words) > SHOWN else lines


def _table_words(one: Mapping[str, Any], *, dry_run: bool) -> str:
    went = f"{one['rows']:,} of {_short(one['table'])}{_named(one)}"
    return went if dry_run or "successor" not in one else f"{went} → {_short(one['successor'])}"


def _model_words(one: Mapping[str, Any]) -> str:
    words = f"model {_short(one['model'])}{_named(one)}"
    words += ", in production" if one["production"] else ""
    return words + ("; rows are in its probe: replace it" if one["probe"] else "")


def _named(one: Mapping[str, Any]) -> str:
    return f" {one['refs'][-1]}" if one["refs"] else ""


def _short(text: str) -> str:
    return Digest(text).short


def _reminted_lines(made: Reminted) -> list[str]:
    lines = [f"sandbox     {made.sandbox}: {made.ran} steps ran"]
    lines += _some("moved       ", made.moved)
    for model in made.models:
        if model.new is None:
            lines.append(f"model       {model.ref} was not made again: {model.why}")
            continue
        if model.new == model.old:
            lines.append(f"model       {model.ref} came out the same: {model.old.short}")
            continue
        then = f"change {model.change} is open" if model.change is not None else "moved"
        lines.append(f"model       {model.ref} {model.old.short} → {model.new.short}; {then}")
        rows = [
            [name, f"{before:.6g}", f"{after:.6g}", f"{after - before:+.3g}"] for name, (before, after) in model.metrics.items()
        ]
        lines += [f"            {line}" for line in table(["metric", "before", "after", "difference"], rows)] if rows else []
    return lines if made.models else [*lines, "no model at a ref of main was trained on the rows"]


@click.group()
def erasures() -> None:
    """List, show or verify erasures, or make models again"""


@erasures.command()
@click.argument("number", type=int)
@click.pass_obj
def remint(out: Out, number: int) -> None:
    """Make the models again that were trained on what an erasure took

    The recorded steps run again from the successors, in a sandbox. Protected refs get a change each. May be repeated.
    """
    app = out.open()
    made = app.remintings.remint(app.context(), number, on_line=out.advise)
    out.show("reminted", made, _reminted_lines(made))


@erasures.command("list")
@click.pass_obj
def list_(out: Out) -> None:
    """List erasures, newest first"""
    app = out.open()
    found = app.erasures.list()
    rows = [
        [
            one.number,
            when(one.at_us),
            one.by,
            ", ".join(one.columns),
            one.certificate.short,
            "complete" if one.removed_at_us is not None else "bytes still on the disk: run `remint gc`",
            one.reason,
        ]
        for one in found
    ]
    head = ["erasure", "when", "by", "columns", "certificate", "state", "why"]
    out.show("erasures", {"erasures": found}, table(head, rows) if rows else "nothing was ever erased")


@erasures.command()
@click.argument("number", type=int)
@click.pass_obj
def show(out: Out, number: int) -> None:
    """Show what the certificate of an erasure says; its signature is verified

    Example: remint erasures show 1
    """
    app = out.open()
    erasure, said = app.erasures.show(number)
    gone = when(erasure.removed_at_us) if erasure.removed_at_us is not None else "not yet: run `remint gc`"
    lines = [
        f"erasure     {erasure.number}, {when(erasure.at_us)}, by {erasure.by}",
        f"why         {erasure.reason}",
        f"certificate {erasure.certificate}, signature verified",
        f"subject     {erasure.subject} (a commitment; see `remint erasures verify`)",
        f"off disk    {gone}",
        *lines_of(said),
    ]
    out.show("erasure", {"erasure": erasure, "certificate": said}, lines)


@erasures.command()
@click.argument("number", type=int)
@click.option("--subject", required=True, metavar="VALUE", help="The value that tells the person's rows.")
@click.option("--receipt", required=True, metavar="HEX", help="What `remint erase` printed.")
@click.pass_obj
def verify(out: Out, number: int, subject: str, receipt: str) -> None:
    """Say whether an erasure was about a person"""
    app = out.open()
    found = app.erasures.is_about(number, subject, receipt)
    error = Diverged(
        f"erasure {number} was not about this person",
        why="value and receipt do not make the commitment in its certificate",
        next_step="check both; the value must be as it was typed then",
    )
    words = f"erasure {number} was about this person" if found else []
    out.show("erasure-verified", {"erasure": number, "about": found}, words, error=None if found else error)
