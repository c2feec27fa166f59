"""Seal a log again and again, killed at every call that sealing makes; print how often it was killed and how much was logged."""

import dataclasses
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


def seal_until(root: Path, at: int, number: int) -> None:
    app = App(load(root, environment={}))
    writer = app.usage_logs.writer("x")
    writer.append(batch(number))
    writer.rotate()
    calls = [0]
    parts = {name: Dying(getattr(app.usage, name), calls, at) for name in ("catalog", "blobs", "artifacts", "tables", "logs")}
    dataclasses.replace(app.usage, **parts).seal(ANA, "x")
    os._exit(0)


def main() -> None:
    root = Path(sys.argv[1])
    at, killed = 0, 0
    while True:
        at += 1
        child = os.fork()
        if child == 0:
            seal_until(root, at, at)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0
            break
        killed += 1
    sys.stdout.write(f"{killed} {at}\n")


main()
