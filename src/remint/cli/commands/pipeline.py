"""`remint plan` and `remint run`."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from remint.cli.output import Out, duration, table
from remint.cli.progress import RunProgress
from remint.core.pipeline import Graph, Plan, PlannedStep
from remint.core.price import amount_text
from remint.errors import NotFound

if TYPE_CHECKING:
    from remint.app import App
    from remint.ports.usecases.pipelines import PipelineOutcome
    from remint.sdk.steps import Pipeline


def graphs(app: "App", targets: tuple[str, ...], parameters: tuple[str, ...]) -> list[Graph]:
    """Return the graphs of the named pipelines, or of all."""
    from remint.sdk.project import load_pipelines

    found = load_pipelines(app.settings.root, app.settings.texts("pipelines"))
    for target in targets:
        if target not in found:
            raise NotFound(
                f"there is no pipeline {target}",
                why=f"this project has {', '.join(sorted(found)) or 'none'}",
                next_step="check the spelling, or the setting `pipelines`",
            )
    given = dict(_parameter(text) for text in parameters)
    chosen: list[Pipeline] = [found[target] for target in targets] or list(found.values())
    return [one.graph(given if targets else {}) for one in chosen]


def _parameter(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="-p")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


PARAMETER = click.option(
    "-p", "--param", "parameters", multiple=True, metavar="NAME=VALUE", help="Set a parameter; JSON or text."
)


@click.command()
@click.argument("targets", nargs=-1)
@PARAMETER
@click.pass_obj
def plan(out: Out, targets: tuple[str, ...], parameters: tuple[str, ...]) -> None:
    """Show which steps would run, and why

    Reads code, lock and refs, and writes nothing. TARGETS are names of pipelines, all if none is given.
    """
    app = out.open()
    context = app.context()
    plans = [app.pipelines.plan(context, graph) for graph in graphs(app, targets, parameters)]
    currency = app.prices.currency if app.prices else ""
    out.show("plan", {"plans": [{**_fields(plan), "counts": plan.counts} for plan in plans]}, _lines(plans, currency))


def _fields(plan: Plan) -> dict[str, Any]:
    steps = [
        {
            "step": step.name,
            "state": step.state,
            "reason": step.reason,
            "expected_us": step.expected_us,
            "likely_micro": step.likely_micro,
            "plan_key": step.recipe.key() if step.recipe else None,
        }
        for step in plan.steps
    ]
    return {"pipeline": plan.graph, "workspace": plan.workspace, "steps": steps, "protected": list(plan.protected)}


def _expected(step: PlannedStep) -> str:
    return duration(step.expected_us) if step.state in {"run", "maybe"} else ""


def _likely(step: PlannedStep) -> str:
    return "" if step.likely_micro is None else amount_text(step.likely_micro)


def _lines(plans: list[Plan], currency: str) -> list[str]:
    lines: list[str] = []
    for plan in plans:
        counts = ", ".join(f"{count} {state}" for state, count in plan.counts.items() if count)
        expected = f", expected {duration(plan.expected_us)}" if plan.expected_us is not None else ""
        likely = f", likely {amount_text(plan.likely_micro, currency)}" if plan.likely_micro is not None else ""
        lines.append(f"{plan.graph} in {plan.workspace}: {counts}{expected}{likely}")
        priced = [_likely(step) for step in plan.steps] if currency else None
        rows = [[f"  {step.state}", step.name, _expected(step), step.reason] for step in plan.steps]
        head = ["  what", "step", "expected", "why"]
        lines += table(head, rows) if priced is None else table([*head[:3], "likely", *head[3:]], _beside(rows, priced))
        lines += [f"  {name} is protected: its result is proposed, not moved" for name in plan.protected]
    return lines or ["this project has no pipelines"]


def _beside(rows: list[list[str]], priced: list[str]) -> list[list[str]]:
    return [[*row[:3], price, *row[3:]] for row, price in zip(rows, priced, strict=True)]


@click.command()
@click.argument("targets", nargs=-1)
@PARAMETER
@click.option("--inline", is_flag=True, help="Run steps in this process, for debugging; such runs never stand for later ones.")
@click.pass_obj
def run(out: Out, targets: tuple[str, ...], parameters: tuple[str, ...], inline: bool) -> None:
    """Run pipelines and move the refs they make

    Steps that were done before with the same code, inputs, parameters and environment are not run again. Refs of main that
    are protected are not moved: work in a sandbox (-w NAME), then `remint propose`.
    """
    app = out.open(inline=inline)
    context = app.context()
    app.runs.close_lost()
    found = graphs(app, targets, parameters)
    with RunProgress(out, found) as progress:
        outcomes = app.pipelines.run_all(context, found, on_progress=progress)
    lines: list[str] = []
    for outcome in outcomes:
        ran = sum(step.ran for step in outcome.steps)
        lines.append(f"{outcome.graph}: {ran} ran, {len(outcome.steps) - ran} done before")
        lines += [f"  {move.name} now points at {move.new.short} (version {move.serial})" for move in outcome.moves]
        if not outcome.moves and not outcome.held:
            lines += [f"  {name} points at {digest.short} already" for name, digest in outcome.made.items()]
        for name in outcome.held:
            digest = outcome.made.get(name) or outcome.made[graph_path(name)]
            lines.append(
                f"  {name} is protected and was not moved; propose it: remint propose {graph_path(name)}={digest.short}"
            )
    if app.prices is not None:
        lines.append(_costs(outcomes, app.prices.currency))
    out.show("run", {"pipelines": outcomes}, lines)


def _costs(outcomes: Sequence["PipelineOutcome"], currency: str) -> str:
    """Return in words what the runs of some pipelines were charged, and what hits saved."""
    spent = sum(step.cost_micro for outcome in outcomes for step in outcome.steps)
    saved = sum(step.saved_micro for outcome in outcomes for step in outcome.steps)
    return f"cost {amount_text(spent, currency)}, saved {amount_text(saved, currency)}"


def graph_path(name: str) -> str:
    """Return a ref's name without its workspace."""
    return name.partition(":")[2]
