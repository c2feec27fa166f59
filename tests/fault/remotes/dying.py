"""Kills a push, a pull and a collection in a remote at every point (tests.support.killing)."""

import random
import shutil
from pathlib import Path

from remint.app import App, initialise
from remint.config import load
from remint.core.ids import PrincipalId
from remint.ports.usecases.context import Context
from tests.support.killing import at_every_point, killed_everywhere

ANA = Context(PrincipalId("ana"), "main")
FILES = {"a": b"one", "b/c": random.Random(0).randbytes(300_000), "b/d": b"three"}
NEWEST = {name: FILES[name] for name in ("a", "b/d")}
"""What is left of it in the newest version where a collection is killed."""


def opened(folder: Path, side: str) -> App:
    """Open one of the two projects in a folder, with the remote in the same folder."""
    root = folder / side
    (root / "remint.toml").write_text(f'principal = "ana"\nremote = "team"\n[remotes.team]\nurl = "file://{folder}/remote"\n')
    return App(load(root, environment={}))


def prepare(folder: Path, work: str) -> None:
    """Make a project with a version of a folder, and an empty one; but for a push, push it; for a collection, another too."""
    for side in ("one", "other"):
        (folder / side).mkdir(parents=True)
        opened(folder, side)
        initialise(folder / side, owner="ana")
    for name, content in FILES.items():
        (folder / "landing" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "landing" / name).write_bytes(content)
    app = opened(folder, "one")
    app.artifacts.add(ANA, "data/landing", folder / "landing")
    if work != "push":
        app.remotes.push(ANA, ["data/landing"])
    if work == "clear":
        for name in FILES.keys() - NEWEST.keys():
            (folder / "landing" / name).unlink()
        app.artifacts.add(ANA, "data/landing", folder / "landing")
        app.remotes.push(ANA, ["data/landing"])
    app.close()


def push(folder: Path) -> None:
    """Push from the first project."""
    app = opened(folder, "one")
    app.remotes.push(ANA, ["data/landing"])
    app.close()


def pull(folder: Path) -> None:
    """Pull into the second project."""
    app = opened(folder, "other")
    app.remotes.pull(ANA, ["data/landing"])
    app.close()


def clear(folder: Path) -> None:
    """Give up in the remote, from the first project, all but the newest version."""
    app = opened(folder, "one")
    app.settings.values["retention"] = {"data/*": {"versions": 1}}
    app.remotes.clear(ANA, unused_days=0)
    app.close()


WORKS = {"push": push, "pull": pull, "clear": clear}


def main(work: str, root: str) -> None:
    """Try every point of a work."""
    first = Path(root).with_name("first")
    prepare(first, work)
    warm = Path(root).with_name("warm")
    shutil.copytree(first, warm)
    WORKS[work](warm)  # loads what is needed, so that only the work is between the calls
    at_every_point(first, Path(root), lambda folder: lambda: WORKS[work](folder))


def kill_everywhere(work: str, folder: Path) -> list[Path]:
    """Return the folders as the kills left them, in order of the points; the last one was not killed."""
    return killed_everywhere(__name__, work, folder)
