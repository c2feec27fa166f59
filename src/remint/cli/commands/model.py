"""`remint models …`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from remint.cli.output import Out, table
from remint.core.digest import Digest

if TYPE_CHECKING:
    from remint.app import App


@click.group()
def models() -> None:
    """List, show or compare models"""


@models.command("list")
@click.pass_obj
def list_(out: Out) -> None:
    """List the models of this workspace"""
    app = out.open()
    context = app.context()
    rows, held = [], []
    for ref in app.refs.list(context, kind="model"):
        artifact = app.artifacts.get(ref.artifact)
        metrics = _metrics(app, ref.artifact)
        shown = ", ".join(f"{name} {value:.4f}" for name, value in list(metrics.items())[:3])
        rows.append([str(ref.name), ref.artifact.short, ref.serial, artifact.facts.get("estimator", ""), shown])
        held.append({"ref": ref, "estimator": artifact.facts.get("estimator"), "metrics": metrics})
    out.show(
        "models",
        {"models": held},
        table(["model", "artifact", "version", "estimator", "metrics"], rows) if rows else "no models yet",
    )


def _metrics(app: "App", digest: Digest) -> Mapping[str, float]:
    """Return the numbers of the newest evaluation of a model."""
    for run in reversed(app.lineage.down(digest)):
        if run.end and run.end.metrics and digest in run.start.inputs.values():
            return run.end.metrics
    return {}


@models.command()
@click.argument("name")
@click.pass_obj
def show(out: Out, name: str) -> None:
    """Show a model: features, metrics, makers, regenerations"""
    app = out.open()
    artifact = app.refs.artifact(app.context(), name)
    metrics = _metrics(app, artifact.digest)
    again = app.regenerations.evidence(artifact.digest)
    lines = [
        f"model   {artifact.digest}",
        f"kind    {artifact.facts.get('estimator')} in {artifact.facts.get('format')}",
        f"inputs  {', '.join(artifact.facts.get('features', ()))}",
        *(f"metric  {key} {value:.6g}" for key, value in metrics.items()),
        *(f"again   {one['level']} in run {one['run'][-8:]} by {one['by']}" for one in again),
    ]
    out.show("model", {"artifact": artifact, "metrics": metrics, "regenerations": again}, lines)


@models.command()
@click.argument("left")
@click.argument("right")
@click.pass_obj
def compare(out: Out, left: str, right: str) -> None:
    """Compare the metrics of two models"""
    app = out.open()
    context = app.context()
    old, new = (_metrics(app, app.refs.artifact(context, name).digest) for name in (left, right))
    names = [name for name in old if name in new]
    rows = [[name, f"{old[name]:.6g}", f"{new[name]:.6g}", f"{new[name] - old[name]:+.6g}"] for name in names]
    value = {"metrics": {name: {"left": old[name], "right": new[name]} for name in names}}
    out.show(
        "model-comparison", value, table(["metric", left, right, "difference"], rows) if rows else "no metric is known of both"
    )
