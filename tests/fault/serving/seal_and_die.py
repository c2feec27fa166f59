"""Seal a log again and again, killed at every call that sealing makes; print how often that was and how much was logged."""

import dataclasses
import importlib
import os
import signal
import sys
from pathlib import Path
from typing import Any

from remint.app import App
from remint.config import load
from remint.core.ids import PrincipalId
from remint.ports.usecases.context import Context
from tests.support.batches import batch

ANA = Context(PrincipalId("ana"), "main")


class Dying:
    """Another object, whose user is killed just before, or just after, a certain call."""

    def __init__(self, inner: Any, calls: list[int], at: int) -> None:
        self._inner = inner
        self._calls = calls
        self._at = at

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        def called(*given: Any, **named: Any) -> Any:
            self._count()
            result = found(*given, **named)
            self._count()
            return result

        return called

    def _count(self) -> None:
        self._calls[0] += 1
        if self._calls[0] == self._at:
            os.kill(os.getpid(), signal.SIGKILL)


def seal_until(root: Path, at: int) -> None:
    """Log a batch and seal, to be killed at the call number `at`."""
    app = App(load(root, environment={}))
    writer = app.usage_logs.writer("x")
    writer.append(batch(at))
    writer.rotate()
    calls = [0]
    parts = {name: Dying(getattr(app.usage, name), calls, at) for name in ("catalog", "blobs", "artifacts", "tables", "logs")}
    dataclasses.replace(app.usage, **parts).seal(ANA, "x")


def seal_whole(root: Path) -> None:
    """Seal what the killed one left, twice."""
    app = App(load(root, environment={}))
    app.usage.seal(ANA, "x")
    assert app.usage.seal(ANA, "x").rows == 0
    assert app.usage.deployments() == []


def in_child(work: Any, *given: Any) -> int:
    """Do something in a child; return how that ended, as `os.waitpid` says it."""
    child = os.fork()
    if child == 0:
        work(*given)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def main() -> None:
    for name in ("duckdb", "pyarrow.parquet", "sqlalchemy"):  # once, and not in every child
        importlib.import_module(name)
    root = Path(sys.argv[1])
    at, ended = 0, 1
    while ended:
        at += 1
        ended = in_child(seal_until, root, at)
        assert ended in {0, signal.SIGKILL}, ended
        assert in_child(seal_whole, root) == 0
    sys.stdout.write(f"{at - 1} {at}\n")


if __name__ == "__main__":
    main()
