"""What governing a write costs: the token, the decision and the audit entry; and merging a change of two refs.

Run: python -m benchmarks.writes [--writes 2000] [--merges 300]
One process, a catalog of its own on the disk of the current folder. What governing costs is the difference between a write that
is asked for with a token, decided on and told in the audit log, and the same write without: both commit one transaction.
"""

import argparse
import itertools
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.peers import fsync_median_ms
from remint.app import App, initialise
from remint.config import load
from remint.core.entry import Entry
from remint.core.ids import PrincipalId
from remint.ports.usecases.context import Context

BO = Context(PrincipalId("bo"), "main")
REFS = ("data/one", "data/two")
ROUNDS = 5


def each_us(act: Callable[[], object], times: int) -> tuple[float, float]:
    """Return CPU and wall microseconds of one call."""
    cpu, wall = time.process_time_ns(), time.perf_counter_ns()
    for _ in range(times):
        act()
    return (time.process_time_ns() - cpu) / times / 1000, (time.perf_counter_ns() - wall) / times / 1000


def writes(app: App, times: int) -> None:
    """Print what a governed write costs beside a bare one."""
    secret = app.identity.issue(app.context(), about="benchmark", days=1).secret

    names = (f"row {number}" for number in itertools.count())

    def governed() -> None:
        context = app.identity.identify(secret)
        at_us = app.clock.now_us()
        with app.access.begin(context, "ref:move", "main:data/x", workspace="main") as tx:
            tx.facts.set_once({next(names): "x"})
            tx.entries.append(Entry("ref:move", "main:data/x", context.principal, at_us, {"from": None, "to": "x"}))

    def bare() -> None:
        with app.catalog.begin() as tx:
            tx.facts.set_once({next(names): "x"})

    governed(), bare()
    rounds = [(each_us(governed, times // ROUNDS), each_us(bare, times // ROUNDS)) for _ in range(ROUNDS)]
    (cpu, wall), (bare_cpu, bare_wall) = (min(one[place] for one in rounds) for place in (0, 1))
    print(f"a governed write           {cpu:7.1f} CPU us, {wall:7.1f} us wall")
    print(f"the same without           {bare_cpu:7.1f} CPU us, {bare_wall:7.1f} us wall")
    print(f"token, decision and entry  {cpu - bare_cpu:7.1f} CPU us")


def merges(app: App, root: Path, times: int) -> None:
    """Print how long merges take; every change moves two refs, and was approved by a second person."""
    app.principals.create(app.context(), "bo", roles=("approver",))
    app.refs.fork(app.context(), "try")
    context = Context(app.context().principal, "try")
    cpu, wall = list[float](), list[float]()
    for number in range(times + 1):
        for ref in REFS:
            (root / "file").write_text(f"{ref} {number}")
            app.artifacts.add(context, ref, root / "file")
        change = app.changes.propose(context, REFS).change.id
        app.changes.approve(BO, change)
        began = time.process_time_ns(), time.perf_counter_ns()
        app.changes.merge(context, change)
        cpu.append((time.process_time_ns() - began[0]) / 1e6)
        wall.append((time.perf_counter_ns() - began[1]) / 1e6)
    print(
        f"merge of two refs, {times} times     median {statistics.median(wall[1:]):.1f} ms, p99 "
        f"{statistics.quantiles(wall[1:], n=100)[98]:.1f} ms wall; median {statistics.median(cpu[1:]):.1f} CPU ms"
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--writes", type=int, default=2_000)
    options.add_argument("--merges", type=int, default=300)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(dir=".") as place:
        root = Path(place)
        initialise(root, owner="ana")
        settings = root / "remint.toml"
        settings.write_text(f'protected = ["data/*"]\n{settings.read_text()}')
        app = App(load(root, environment={"REMINT_PRINCIPAL": "ana"}))
        print(f"fsync median {fsync_median_ms(root):.2f} ms")
        writes(app, chosen.writes)
        merges(app, root, chosen.merges)
        app.close()


if __name__ == "__main__":
    main()
