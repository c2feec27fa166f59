"""A project whose runs cost money, and runs in it that start and end without a process: what they used is told."""

from pathlib import Path

from remint.app import App, initialise
from remint.config import load
from remint.core import canonical
from remint.core.artifact import Kind
from remint.core.digest import digest_bytes
from remint.core.ids import PrincipalId, RunId, uuid7
from remint.core.pipeline import StepSpec
from remint.core.recipe import Recipe
from remint.core.run import Start, Usage
from remint.ports.capture import Declared
from remint.ports.compute import Result
from remint.ports.usecases.context import Context
from remint.services.execution import Made, Work

ANA = Context(PrincipalId("ana"), "main")
SECOND_MICRO = 1_000_000
"""A CPU second costs one unit."""

SETTINGS = """
budget = "lab"
[prices]
currency = "EUR"
cpu_hour = "3600.00"
"""
LOCK = {"python": "3.11", "packages": []}
STEP = StepSpec("pipeline", "train", {"out": "value"}, {"seed": 7}, cpu_s=10)


def opened(project: Path) -> App:
    """Open a project."""
    return App(load(project, environment={}))


def prepare(project: Path, *, limit: str = "100.00", parent_limit: str = "1000.00", settings: str = "") -> None:
    """Make a project with the budget lab below team; what a run leaves behind is in the store already."""
    project.mkdir()
    (project / "remint.toml").write_text(f'principal = "ana"\n{settings}{SETTINGS}')
    initialise(project, owner="ana")
    app = opened(project)
    app.budgets.create(ANA, "team", limit=parent_limit)
    app.budgets.create(ANA, "lab", limit=limit, parent="team")
    submitted(app)
    made(app, cpu_s=0)
    app.close()


def submitted(app: App, step: StepSpec = STEP, by: PrincipalId = ANA.principal) -> Work:
    """Return a run of ten CPU seconds at most, with an id of its own, that may be started."""
    lock = app.artifacts.keep(Kind.ENVIRONMENT, [("environment.json", app.blobs.put(canonical.dumps(LOCK)))], {})
    app._execution.remember(ANA, [lock.artifact])
    recipe = Recipe(step.name, digest_bytes(b"code"), {}, {}, lock.artifact.digest, step.conditions, step.outputs)
    at_us = app.clock.now_us()
    start = Start(
        id=RunId(uuid7(at_us, app.clock.entropy(8))),
        recipe=recipe.key(),
        run_key=recipe.key(),
        inputs={},
        workspace="main",
        by=by,
        at_us=at_us,
        why="a test",
        code=recipe.code,
    )
    return Work(start, recipe, step, (), app.settings.root, Declared(lock.artifact.digest, LOCK))


def made(app: App, *, cpu_s: float, state: str = "done") -> Made:
    """Return what a run left behind that used so much CPU time."""
    log = app.artifacts.keep(Kind.LOG, [("log.txt", app.blobs.put(b"done\n"))], {}).artifact
    seen = app.artifacts.keep(Kind.ENVIRONMENT, [("observed.json", app.blobs.put(canonical.dumps(LOCK)))], {}).artifact
    app.blobs.flush()
    usage = Usage(round(cpu_s * 1e6), round(cpu_s * 1e6), 1 << 20)
    result = Result(state, {}, {}, usage, {}, guarded=True, log=app.settings.root / "log.txt")
    return Made(result, {}, {}, log, seen)


def start(app: App, step: StepSpec = STEP) -> Work:
    """Start a run: what it may cost is reserved."""
    return app._execution.started(submitted(app, step))


def end(app: App, work: Work, *, cpu_s: float, state: str = "done") -> None:
    """End a run that used so much CPU time: it is settled."""
    app._execution._ended(work, made(app, cpu_s=cpu_s, state=state))


def standing(app: App, budget: str = "lab") -> tuple[int, int]:
    """Return what is reserved and spent in a budget, in micro-units, after a check of all records."""
    found = app.audit.verify()
    assert found.problems == (), found.problems
    with app.catalog.read() as tx:
        balance = tx.budgets.balances()[budget]
    return balance.reserved, balance.spent
