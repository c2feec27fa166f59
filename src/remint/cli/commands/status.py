"""`remint status`."""

from collections.abc import Iterator, Sequence

import click

from remint.cli.commands.pipeline import graphs
from remint.cli.output import Out, table
from remint.core.change import ChangeState
from remint.core.ref import Ref
from remint.errors import RemintError

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


@click.command()
@click.pass_obj
def status(out: Out) -> None:
    """Show where this project stands

    The refs of the workspace, the pipelines with work to do, and the changes that wait for someone.
    """
    app = out.open()
    context = app.context()
    refs = app.refs.list(context)
    waiting = [one for one in app.changes.list() if one.state in {ChangeState.OPEN, ChangeState.APPROVED}]
    lines = [f"workspace {context.workspace}, acting as {context.principal}", ""]
    lines += table(["ref", "artifact", "version"], list(_folded(refs))) if refs else []
    plans, blocked = [], ""
    try:
        plans = [app.pipelines.plan(context, graph) for graph in graphs(app, (), ())]
    except RemintError as error:
        blocked = f"pipelines cannot be planned: {error.what} ({error.why})"
    lines += ["", *([blocked] if blocked else [])]
    for plan in plans:
        counts = ", ".join(f"{count} {state}" for state, count in plan.counts.items() if count)
        lines.append(f"pipeline {plan.graph}: {counts or 'no steps'}")
    lines += [f"change {one.change.id} is {one.state}: {one.change.title}" for one in waiting]
    value = {
        "workspace": context.workspace,
        "principal": context.principal,
        "refs": refs,
        "pipelines": [{"pipeline": plan.graph, "counts": plan.counts} for plan in plans],
        "changes": [{"change": one.change.id, "state": one.state, "title": one.change.title} for one in waiting],
        "blocked": blocked,
    }
    out.show("status", value, lines)
