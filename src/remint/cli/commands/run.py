"""`remint runs …`."""

import click

from remint.cli.output import Out, duration, table, when
from remint.core.price import amount_text
from remint.core.run import Run
from remint.core.runsummary import summary_of


@click.group()
def runs() -> None:
    """List, show or compare runs, or print their logs"""


@runs.command("list")
@click.option("--limit", default=20, show_default=True, help="At most so many runs.")
@click.option("--before", metavar="ID", help="Only runs before this one: the next page.")
@click.option("--step", metavar="MODULE:NAME", help="Only runs of this step.")
@click.pass_obj
def list_(out: Out, limit: int, before: str | None, step: str | None) -> None:
    """List runs, newest first"""
    app = out.open()
    found = app.runs.list(limit=limit, before=before, step=step)
    rows = [
        [
            run.id.short,
            recipe.step,
            str(run.state),
            when(run.start.at_us),
            duration(run.end.usage.wall_us if run.end else None),
            run.start.by,
            run.start.why,
        ]
        for run, recipe in found
    ]
    value = {"runs": [summary_of(run, recipe) for run, recipe in found]}
    out.show("runs", value, table(["run", "step", "state", "when", "took", "by", "why"], rows) if rows else "no runs yet")


@runs.command()
@click.argument("run_id")
@click.pass_obj
def show(out: Out, run_id: str) -> None:
    """Show one run: what it did, from what, under which conditions"""
    app = out.open()
    run, recipe = app.runs.show(run_id)
    lines = [
        f"run     {run.id}",
        f"step    {recipe.step}",
        f"state   {run.state}, {when(run.start.at_us)}, by {run.start.by} in {run.start.workspace}{_elsewhere(run)}",
        f"why     {run.start.why}",
        f"keys    plan {run.start.recipe.short}, run {run.start.run_key.short}",
        f"code    {recipe.code.short}, files {run.start.code.short}{_git(run)}",
        f"env     {recipe.environment.short}",
        f"given   {', '.join(f'{name}={value}' for name, value in recipe.conditions.items())}",
        *(f"input   {name} {digest.short}" for name, digest in run.start.inputs.items()),
    ]
    if run.end is not None:
        used = run.end.usage
        guard = "guarded" if run.end.guarded else "unguarded"
        lines += [f"output  {name} {output.artifact.short}" for name, output in run.end.outputs.items()]
        lines += [
            f"used    {used.cpu_us / 1e6:.2f} CPU s, {duration(used.wall_us)}, {used.peak_bytes / 2**20:.0f} MiB, {guard}"
        ]
        lines += [f"metric  {name} {value:.6g}" for name, value in run.end.metrics.items()]
        lines += [f"{name:<7} {text}" for name, text in run.end.error.items() if name != "traceback"]
        lines += [f"  {line}" for line in run.end.error.get("traceback", "").splitlines()]
    paid = app.costs.of_run(run.id)
    lines += [f"cost    {amount_text(paid.amount_micro, paid.currency)}, charged to {paid.budget}"] if paid else []
    erased = app.erasures.behind(run.start.inputs.values())
    words = dict.fromkeys(
        f"note    regenerable up to erasure {one.number}: it removed rows of its inputs on {one.date}" for one in erased
    )
    out.show("run-record", {"run": run, "recipe": recipe, "erased": erased, "cost": paid}, [*lines, *words])


def _elsewhere(run: Run) -> str:
    return ", by a client that told of it" if run.start.is_told else ""


def _git(run: Run) -> str:
    commit = run.start.git.get("commit")
    if not commit:
        return ", outside git"
    return f", commit {commit[:12]}{' with uncommitted changes' if run.start.git.get('dirty') else ''}"


@runs.command()
@click.argument("run_id")
@click.pass_obj
def logs(out: Out, run_id: str) -> None:
    """Print what a run printed"""
    app = out.open()
    text = app.runs.log(run_id)
    out.show("run-log", {"text": text}, text.rstrip("\n"))


@runs.command()
@click.argument("left")
@click.argument("right")
@click.pass_obj
def compare(out: Out, left: str, right: str) -> None:
    """Show how two runs differ: code, inputs, conditions, metrics"""
    app = out.open()
    words = list(app.runs.compare(left, right))
    out.show("run-comparison", {"differences": words}, words or ["nothing that is recorded differs"])
