"""What it takes to set aside and to charge what runs cost, in three budgets; no peer has such budgets.

Run: python -m benchmarks.budgets [--runs 300]
Durable transactions on a catalog in a file (SQLite), one after the other; then 200 parallel submissions from 3 processes
against a budget for 10.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from remint.app import App, initialise
from remint.config import load
from remint.core.digest import digest_bytes
from remint.core.ids import PrincipalId, RunId, uuid7
from remint.core.pipeline import StepSpec
from remint.core.recipe import Recipe
from remint.core.run import End, Start, State, Usage
from remint.errors import Denied
from remint.ports.usecases.context import Context

ANA = Context(PrincipalId("ana"), "main")
STEP = StepSpec("pipeline", "train", {"out": "value"}, {}, cpu_s=10)
RECIPE = Recipe(STEP.name, digest_bytes(b"code"), {}, {}, digest_bytes(b"lock"), {}, STEP.outputs)
SETTINGS = """
budget = "lab"
[prices]
currency = "EUR"
cpu_hour = "3600.00"
"""
FITTING, SHARES = 10, (67, 67, 66)

One = TypeVar("One")


def prepare(root: Path, *, limit: str) -> App:
    """Make a project with a budget below two others, whose every second costs one unit."""
    initialise(root, owner="ana")
    settings = root / "remint.toml"
    settings.write_text(settings.read_text(encoding="utf-8") + SETTINGS, encoding="utf-8")
    app = App(load(root, environment={}))
    for name, parent in (("company", ""), ("team", "company"), ("lab", "team")):
        app.budgets.create(ANA, name, limit=limit, parent=parent)
    return app


def start(app: App) -> Start:
    """Return a run that may be started."""
    at_us = app.clock.now_us()
    run = RunId(uuid7(at_us, app.clock.entropy(8)))
    return Start(run, RECIPE.key(), RECIPE.key(), {}, "main", ANA.principal, at_us, "a figure", RECIPE.code)


def begun(app: App, made: Start, *, charged: bool) -> bool:
    """Record that a run started, and set aside what it may cost; return whether a budget had enough for it."""
    metering = app._metering if charged else replace(app._metering, budget="")
    try:
        with app.catalog.begin() as tx:
            measured = metering.measure(tx, made, STEP)
            tx.recipes.add(RECIPE)
            tx.runs.start(made)
            metering.reserve(tx, measured.reservation)
    except Denied:
        return False
    return True


def ended(app: App, made: Start) -> None:
    """Record that a run ended, and charge it if anything was set aside for it."""
    end = End(made.id, State.DONE, app.clock.now_us(), usage=Usage(3_000_000, 3_000_000, 1 << 20), guarded=True)
    with app.catalog.begin() as tx:
        tx.runs.end(end)
        app._metering.settle(tx, end, by=ANA.principal)


def measured(what: str, act: Callable[[One], object], things: Iterable[One]) -> None:
    """Do something with each thing, and print how many a second that is."""
    given = list(things)
    began, cpu = time.perf_counter(), time.process_time()
    for thing in given:
        act(thing)
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(f"{what:<44} {len(given) / wall:8,.0f} a second, {cpu / len(given) * 1e6:6,.0f} CPU us each")


def submissions(root: Path) -> None:
    """Submit from several processes at once against a budget for ten, and print how many started and how much is overspent."""
    app = prepare(root, limit=f"{FITTING * (STEP.cpu_s or 0)}.00")
    command = [sys.executable, "-m", "benchmarks.budgets", "--submit", str(root), "--runs"]
    began = time.perf_counter()
    running = [subprocess.Popen([*command, str(share)], stdout=subprocess.PIPE, text=True) for share in SHARES]
    started = sum(int(process.communicate()[0]) for process in running)
    took = time.perf_counter() - began
    with app.catalog.read() as tx:
        over = [max(0, -one.free) for one in tx.budgets.balances().values()]
        agree = tx.budgets.balances() == tx.budgets.recomputed()
    app.close()
    print(
        f"{sum(SHARES)} submissions from {len(SHARES)} processes: {started} started, {sum(over)} micro-units over, {took:.1f} s"
    )
    assert agree
    assert started == FITTING


def submit(root: Path, share: int) -> None:
    """Submit so many runs from several threads; print how many started."""
    from concurrent.futures import ThreadPoolExecutor

    app = App(load(root, environment={}))
    with ThreadPoolExecutor(8) as pool:
        print(sum(pool.map(lambda _: begun(app, start(app), charged=True), range(share))))
    app.close()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=300)
    options.add_argument("--submit", type=Path, help="submit against the budget of this project; used by this script itself")
    chosen = options.parse_args()
    if chosen.submit is not None:
        submit(chosen.submit, chosen.runs)
        return
    with tempfile.TemporaryDirectory() as place:
        app = prepare(Path(place), limit="1000000.00")
        free, charged = ([start(app) for _ in range(chosen.runs)] for _ in range(2))
        begun(app, start(app), charged=True)
        measured("start of a run, nothing is charged", lambda made: begun(app, made, charged=False), free)
        measured("end of it", lambda made: ended(app, made), free)
        measured("start of a run that reserves in 3 budgets", lambda made: begun(app, made, charged=True), charged)
        measured("end of it, settled in 3 budgets", lambda made: ended(app, made), charged)
        app.close()
    with tempfile.TemporaryDirectory() as place:
        submissions(Path(place))


if __name__ == "__main__":
    main()
