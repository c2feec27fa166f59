"""`remint models …`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from remint.cli.output import Out, table
from remint.core.artifact import Artifact, Kind
from remint.core.digest import Digest
from remint.core.external import FACT, Service, service_of

if TYPE_CHECKING:
    from remint.app import App


@click.group()
def models() -> None:
    """List, show, compare or register models"""


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
        rows.append([str(ref.name), ref.artifact.short, ref.serial, _what(artifact), shown])
        held.append({"ref": ref, "estimator": artifact.facts.get("estimator"), "kind": artifact.kind, "metrics": metrics})
    out.show(
        "models",
        {"models": held},
        table(["model", "artifact", "version", "estimator", "metrics"], rows) if rows else "no models yet",
    )


def _what(artifact: Artifact) -> str:
    """Return what a model is, in a few words."""
    if artifact.kind is Kind.MODEL:
        return str(artifact.facts.get("estimator", ""))
    return f"{artifact.facts[FACT]} of {artifact.facts.get('vendor')}" if FACT in artifact.facts else str(artifact.kind)


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
    service = service_of(app.artifacts.value(artifact.digest)) if artifact.kind is Kind.DEFINITION else None
    lines = [
        f"model   {artifact.digest}",
        *([f"kind    external: {service.words}"] if service else _kind_lines(artifact)),
        *(f"metric  {key} {value:.6g}" for key, value in metrics.items()),
        *(f"again   {one['level']} in run {one['run'][-8:]} by {one['by']}" for one in again),
    ]
    out.show("model", {"artifact": artifact, "service": service, "metrics": metrics, "regenerations": again}, lines)


def _kind_lines(artifact: Artifact) -> list[str]:
    if artifact.kind is not Kind.MODEL:
        return [f"kind    {artifact.kind.noun}, as it was added"]
    features = ", ".join(artifact.facts.get("features", ()))
    return [f"kind    {artifact.facts.get('estimator')} in {artifact.facts.get('format')}", f"inputs  {features}"]


@models.command()
@click.argument("name", metavar="REF")
@click.option("--vendor", required=True, metavar="NAME", help="Who runs it.")
@click.option("--model", "model_name", required=True, metavar="NAME", help="What the vendor calls it.")
@click.option("--version", required=True, metavar="TEXT", help="What the vendor calls the version that is meant.")
@click.option("--url", required=True, help="Where it is asked, without a secret.")
@click.pass_obj
def register(out: Out, name: str, vendor: str, model_name: str, version: str, url: str) -> None:
    """Register a model that somebody else runs

    Its definition is kept and approved like a model. It cannot be made again here, and `control` says so: external. Steps
    get the definition as an input, so that what they measure counts as measured of it. Of a model that a vendor
    delivered as files, add the files, and name the vendor: `remint inventory set REF --vendor NAME`.

    Example: remint -w try models register model/chat --vendor Acme --model chat-large --version 2026-05 --url
    https://acme.example/v1
    """
    app = out.open()
    made = app.externals.register(app.context(), name, Service(vendor, model_name, version, url))
    words = f"{name} is {made.artifact.digest.short}, external" + ("" if made.moved else "; it was before")
    out.show("registered", made, words)


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
