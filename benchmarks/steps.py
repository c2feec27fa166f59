"""Planning cached steps, and the durable overhead of one step, beside DVC.

Run: python -m benchmarks.steps
Plan: 10,000 recorded steps, 100 chains of 100, planned again; DVC: `status` of 100 stages that were done.
Step: no-op steps that return a number, each with its records committed, in this process and in a child; DVC: `repro` of 100
stages that write a file.
"""

import os
import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.peers import DVC, clean, cpu_of, fsync_median_ms, ours, peer
from remint.app import App
from remint.config import load
from remint.core.artifact import Artifact, Kind, record_digest
from remint.core.ids import RunId, uuid7
from remint.core.pipeline import Call, Graph, Link, StepSpec, Target
from remint.core.run import End, Output, Start, State, Usage
from remint.ports.usecases.context import Context

PIPELINE = """
from remint import step

@step(exact="content")
def noop(n: int, before: int) -> int:
    return n
"""
LOCK = Path(__file__).resolve().parents[1] / "src/remint/cli/demo/project/requirements.lock"
SPEC = StepSpec("pipeline", "noop", {"out": "value"}, {"seed": None, "exact": "content", "threads": 1, "hash_seed": 0})


def chains(count: int, length: int, start: int = 0) -> Graph:
    calls = []
    for place in range(count * length):
        inputs = {} if place % length == 0 else {"before": Link(call=place - 1, output="out")}
        arguments = {"n": start + place, "before": {"$input": "before"} if inputs else 0}
        calls.append(Call(SPEC, arguments, inputs))
    return Graph("value/noop", tuple(calls), (Target("value/noop", len(calls) - 1, "out"),))


def record_as_done(app: App, context: Context, graph: Graph) -> None:
    """Write the records that running every step of `graph` would have written."""
    resolved = app.pipelines.plans.resolve(context, graph)  # type: ignore[attr-defined]
    with app.catalog.begin() as tx:
        for place, recipe in enumerate(resolved.recipes):
            digest = record_digest(Kind.VALUE, place)
            tx.artifacts.add(Artifact(digest, Kind.VALUE, ()), at_us=1)
            tx.recipes.add(recipe)
            at_us = 1_700_000_000_000_000 + place
            run = RunId(uuid7(at_us, os.urandom(8)))
            inputs = {"before": record_digest(Kind.VALUE, place - 1)} if recipe.inputs else {}
            tx.runs.start(
                Start(run, recipe.key(), recipe.bound(inputs).key(), inputs, "main", context.principal, at_us, "", digest)
            )
            tx.runs.end(End(run, State.DONE, at_us, {"out": Output(digest, digest)}, usage=Usage(wall_us=1000), guarded=True))


def used() -> float:
    own, below = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + below.ru_utime + below.ru_stime


def overhead(root: Path, *, inline: bool, count: int, start: int) -> tuple[float, float]:
    """Return CPU and wall milliseconds a step, after one step to warm up; a child's CPU counts when its parent ends it."""
    before_all = used()
    app = App(load(root), inline=inline)
    context = app.context()
    app.pipelines.run(context, chains(1, 1, start))
    warm = used()
    wall = time.perf_counter()
    app.pipelines.run(context, chains(count, 1, start + 1))
    wall = time.perf_counter() - wall
    own = used() - warm
    app.close()
    total = used() - before_all
    return (own if inline else total) / count * 1e3, wall / count * 1e3


def main() -> None:
    dvc = peer(DVC) / "dvc"
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as place:
        root, theirs = Path(place) / "ours", Path(place) / "dvc"
        root.mkdir(), theirs.mkdir()
        (root / "pipeline.py").write_text(PIPELINE)
        shutil.copyfile(LOCK, root / "requirements.lock")
        subprocess.run(
            [*ours(), "init"], cwd=root, env=clean(), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        app = App(load(root))
        context = app.context()
        graph = chains(100, 100)
        record_as_done(app, context, graph)
        app.close()
        app = App(load(root))
        began = time.process_time()
        counts = app.pipelines.plan(context, graph).counts
        planned = time.process_time() - began
        assert counts["hit"] == 10_000, counts
        app.close()
        isolated = overhead(root, inline=False, count=100, start=1_000_000)
        inside = overhead(root, inline=True, count=100, start=2_000_000)
        subprocess.run([dvc, "init", "--no-scm", "-q"], cwd=theirs, check=True)
        stages = [f"  s{n}: {{cmd: echo {n} > {n}.txt, outs: [{n}.txt]}}" for n in range(100)]
        (theirs / "dvc.yaml").write_text("\n".join(["stages:", *stages, ""]))
        repro = cpu_of([dvc, "repro", "-q"], theirs, runs=1)
        status = cpu_of([dvc, "status", "-q"], theirs, runs=2)
        print(f"fsync median {fsync_median_ms(root):.1f} ms")
        ratio = status / planned * 100
        print(f"plan of 10,000 done steps: {planned:.2f} CPU s; {DVC} status of 100: {status:.2f}; per step {ratio:.0f} times")
        print(f"durable step in process: {inside[0]:.1f} CPU ms, {inside[1]:.0f} ms wall")
        print(
            f"durable isolated step:   {isolated[0]:.1f} CPU ms, {isolated[1]:.0f} ms wall; {DVC} repro {repro * 10:.0f} CPU ms"
        )


if __name__ == "__main__":
    main()
