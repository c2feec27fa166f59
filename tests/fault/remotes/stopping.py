"""Kills a push to S3 and a collection there right before each of its requests that change something, one child for each."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from remint.app import App
from remint.config import load
from remint.core.ids import PrincipalId
from remint.core.remote import Place
from remint.ports.usecases.context import Context
from tests.support.killing import ROOT
from tests.support.s3 import Between

ANA = Context(PrincipalId("ana"), "main")
CHANGING = {"PUT", "POST", "DELETE"}


def opened(root: Path) -> App:
    """Open a project that keeps the newest version of each set alone."""
    app = App(load(root, environment={}))
    app.settings.values["retention"] = {"data/*": {"versions": 1}}
    return app


def main(work: str, root: str) -> None:
    """Do the work that is to be killed."""
    app = opened(Path(root))
    if work == "push":
        app.remotes.push(ANA, ["data/set"])
    else:
        app.remotes.clear(ANA, unused_days=0)
    app.close()


def killed(work: str, root: Path, server: Between, point: int) -> bool:
    """Do a work in a child that is killed before its request of that number; return whether it came so far."""
    seen: list[str] = []
    program = f"import sys; from {__name__} import main; main(*sys.argv[1:])"
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": path}
    child: list[subprocess.Popen[bytes]] = []

    def fail(method: str, _path: str) -> int | None:
        if method in CHANGING:
            seen.append(method)
            if len(seen) == point:
                os.kill(child[0].pid, signal.SIGKILL)
        return 0 if len(seen) >= point else None

    server.fail = fail
    child.append(subprocess.Popen([sys.executable, "-c", program, work, str(root)], env=environment))
    code = child[0].wait(timeout=60)
    server.fail = lambda _method, _path: None
    assert code in {0, -signal.SIGKILL}
    return code != 0


def points(work: str, server: Between, prepared: Iterator[tuple[Path, Place]]) -> list[tuple[Path, Place]]:
    """Kill a work at every point, each time in another project with another remote; return those, the last was not killed."""
    tried = []
    for point, (root, place) in enumerate(prepared, 1):
        tried.append((root, place))
        if not killed(work, root, server, point):
            return tried
    raise AssertionError("there were fewer projects than points")
