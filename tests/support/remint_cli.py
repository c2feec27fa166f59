"""A real project in a folder, and the real command line in this process."""

import contextlib
import io
import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from remint.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
USED = ("duckdb", "joblib", "narwhals", "numpy", "pyarrow", "scikit-learn", "scipy", "skops", "threadpoolctl")


@dataclass(frozen=True)
class Answer:
    """What a command printed and how it exited."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Project:
    """A project in `root`; `cli` types a command in it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def cli(self, *words: str, expect: int | None = 0) -> Answer:
        out, err = io.StringIO(), io.StringIO()
        before = Path.cwd()
        os.chdir(self.root)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), contextlib.suppress(SystemExit):
                code = 0
                try:
                    main([str(word) for word in words])
                except SystemExit as end:
                    code = int(end.code or 0)
        finally:
            os.chdir(before)
            _forget(self.root)
        told = f"remint {' '.join(words)} exited with {code}\n{out.getvalue()}\n{err.getvalue()}"
        assert expect is None or code == expect, told
        return Answer(code, out.getvalue(), err.getvalue())

    def write(self, name: str, text: str) -> Path:
        place = self.root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        return place

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text(encoding="utf-8")
        assert old in text, f"{name} does not hold {old!r}"
        self.write(name, text.replace(old, new))


def _forget(root: Path) -> None:
    """Forget the project's modules: each command is a process of its own in real life."""
    sys.path[:] = [entry for entry in sys.path if entry != str(root)]
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(root)):
            del sys.modules[name]


def part_of_lock(names: tuple[str, ...] = USED) -> str:
    """Return the blocks of the project's own lock that pin `names`."""
    blocks = re.split(r"\n(?=[a-z0-9])", (ROOT / "requirements-dev.lock").read_text(encoding="utf-8"))
    return "\n".join(block for block in blocks if re.split(r"[=\[ ]", block)[0] in names) + "\n"


def make_project(root: Path, pipeline: str, *, owner: str = "ana", settings: str = "") -> Project:
    """Make a project whose owner is `owner`."""
    root.mkdir(parents=True, exist_ok=True)
    project = Project(root)
    project.write("remint.toml", f'principal = "{owner}"\n{settings}')
    project.write("requirements.lock", part_of_lock())
    project.write("pipeline.py", pipeline)
    project.cli("init")
    return project
