"""`remint why` and `remint impact`."""

from collections.abc import Iterator, Mapping

import click

from remint.cli.output import Out, table, when
from remint.core.digest import Digest
from remint.core.lineage import Lineage


@click.command()
@click.argument("name")
@click.pass_obj
def why(out: Out, name: str) -> None:
    """Print the lineage of a ref, an artifact or a run

    What it was made of, by which steps, by whom, down to what came from outside.
    """
    app = out.open()
    context = app.context()
    if "/" in name or name.startswith("b3:"):
        targets = [app.refs.artifact(context, name).digest]
    else:
        run, _ = app.runs.show(name)
        targets = [output.artifact for output in run.end.outputs.values()] if run.end else []
    lineages = [app.lineage.up(target) for target in targets]
    erased = app.erasures.among({digest for lineage in lineages for digest in lineage.nodes})
    gone = {digest: f"  ERASED: {one.words}" for digest, one in erased.items()}
    lines = [line for lineage in lineages for line in _tree(lineage, lineage.target, "", set(), gone)]
    held = [{"target": one.target, "nodes": list(one.nodes.values()), "unknown": one.unknown()} for one in lineages]
    out.show("lineage", {"lineages": held, "erased": erased}, lines)


def _tree(lineage: Lineage, digest: Digest, indent: str, seen: set[Digest], gone: Mapping[Digest, str]) -> Iterator[str]:
    node = lineage.nodes[digest]
    named = f" {node.refs[-1]}" if node.refs else ""
    if node.maker is None:
        yield f"{indent}{node.kind} {digest.short}{named}  {node.source or 'ORIGIN UNKNOWN'}{gone.get(digest, '')}"
        return
    maker = node.maker
    again = "  (as above)" if digest in seen else ""
    made = f"by {maker.step}, run {maker.run.short}, {maker.by}, {when(maker.at_us)}"
    yield f"{indent}{node.kind} {digest.short}{named}  {made}{again}{gone.get(digest, '')}"
    if digest in seen:
        return
    seen.add(digest)
    for name, given in maker.inputs.items():
        yield from (f"{line}" for line in _named(_tree(lineage, given, indent + "  ", seen, gone), name, indent + "  "))


def _named(lines: Iterator[str], name: str, indent: str) -> Iterator[str]:
    first = next(lines)
    yield f"{indent}{name}: {first[len(indent) :]}"
    yield from lines


@click.command()
@click.argument("name")
@click.option("--limit", default=50, show_default=True, help="At most so many runs.")
@click.pass_obj
def impact(out: Out, name: str, limit: int) -> None:
    """List the runs that used an artifact, directly or through others"""
    app = out.open()
    digest = app.refs.artifact(app.context(), name).digest
    found = app.lineage.down(digest, limit=limit)
    rows = []
    for run in found:
        _, recipe = app.runs.show(run.id)
        made = ", ".join(output.artifact.short for output in run.end.outputs.values()) if run.end else ""
        rows.append([run.id.short, recipe.step, str(run.state), run.start.by, made])
    out.show("impact", {"runs": found}, table(["run", "step", "state", "by", "made"], rows) if rows else "nothing used it yet")
