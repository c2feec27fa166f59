"""`remint regenerate`."""

import click

from remint.cli.output import Out
from remint.core.regeneration import Regeneration
from remint.errors import Diverged


@click.command()
@click.argument("name")
@click.option(
    "--match",
    "required",
    type=click.Choice(["bytes", "content", "predictions", "metrics"]),
    default="content",
    show_default=True,
    help="The level that must be reached.",
)
@click.option(
    "--vary", metavar="CONDITION=VALUE", help="Change one declared condition, such as seed=8, to see whether it matters."
)
@click.option("--check", is_flag=True, help="Only say whether everything needed is still here; run nothing.")
@click.pass_obj
def regenerate(out: Out, name: str, required: str, vary: str | None, check: bool) -> None:
    """Make an artifact again from its record and compare

    The recorded step runs again, from recorded code and inputs, in a fresh isolated process. Two outputs can agree at four
    levels: bytes, content, predictions, metrics. What came of it is signed, and can be demanded by a gate.
    """
    app = out.open()
    context = app.context()
    digest = app.refs.artifact(context, name).digest
    if check:
        found = app.regenerations.check(digest)
        words = ["everything needed to make it again is here"] if found.yes else [f"missing: {gap}" for gap in found.missing]
        held = {"subject": digest, "regenerable": found.yes, "missing": found.missing, "while_kept": found.while_kept}
        why = found.missing[0] if found.missing else ""
        error = None if found.yes else Diverged(f"{name} is not regenerable", why=why, next_step=found.next_step)
        out.show("regenerable", held, [*words, *found.while_kept], error=error)
        return
    varied = None
    if vary is not None:
        condition, equals, value = vary.partition("=")
        if not equals or not value.isdecimal():
            raise click.BadParameter(f"{vary!r} is not CONDITION=NUMBER", param_hint="--vary")
        varied = {condition: int(value)}
    result = app.regenerations.regenerate(context, digest, required=required, vary=varied)
    error = Diverged(
        f"{name} did not come out the same",
        why=f"it reached the level {result.level}, and {required} was asked for",
        next_step="mend the likely cause named above, run it again, and propose the new version",
        level=result.level,
    )
    held = {**vars_of(result), "passed": result.passed}
    out.show("regeneration", held, lines_of(name, result), error=None if result.passed else error)


def vars_of(result: Regeneration) -> dict[str, object]:
    """Return the fields of a regeneration for JSON."""
    return {name: getattr(result, name) for name in result.__slots__}


def lines_of(name: str, result: Regeneration) -> list[str]:
    """Return a regeneration as lines for people."""
    lines = [
        f"{name} was made again in run {result.run.short}, following run {result.original.short}",
        f"level   {result.level}",
    ]
    for output in result.outputs:
        lines.append(f"output  {output.name}: {output.level} ({output.recorded.short} → {output.regenerated.short})")
        if output.first_difference:
            lines.append(f"        first difference: {output.first_difference}")
    lines += [f"cause   {cause}" for cause in result.causes]
    return lines + [f"note    {note}" for note in result.notes]
