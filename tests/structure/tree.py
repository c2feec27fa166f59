"""Read the tree of this project once, for the tests of its structure."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "remint"


@dataclass(frozen=True)
class SourceFile:
    """A Python file with its text and its syntax tree."""

    path: Path

    @property
    def where(self) -> str:
        """The path below the project's root, with forward slashes."""
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        """The content of the file."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def syntax(self) -> ast.Module:
        """The syntax tree of the file."""
        return ast.parse(self.text, filename=self.where)

    @property
    def module(self) -> str:
        """The dotted name of a file in src/, for example `remint.core.digest`."""
        parts = self.path.relative_to(ROOT / "src").with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Yield every function and method, nested ones too."""
        for node in ast.walk(self.syntax):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


def _files_below(folder: Path) -> tuple[SourceFile, ...]:
    return tuple(SourceFile(path) for path in sorted(folder.rglob("*.py")))


@lru_cache
def files_of_package() -> tuple[SourceFile, ...]:
    """Return every Python file of the package."""
    return _files_below(SOURCE)


@lru_cache
def files_of_tests() -> tuple[SourceFile, ...]:
    """Return every Python file of the tests."""
    return _files_below(ROOT / "tests")


@lru_cache
def tracked_texts() -> dict[str, str]:
    """Return path and text of every text file that is, or would be, committed.

    Outside a git checkout (a source archive) these are the files of src, tests and the root.
    """
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=False
    )
    if listed.returncode == 0 and listed.stdout:
        paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    else:
        folders = (ROOT / "src", ROOT / "tests", ROOT / "docs", ROOT / ".ci")
        paths = [path for folder in folders for path in folder.rglob("*") if "__pycache__" not in path.parts] + list(
            ROOT.iterdir()
        )
    texts = {}
    for path in paths:
        if path.is_file():
            content = path.read_bytes()
            if b"\0" not in content:
                texts[path.relative_to(ROOT).as_posix()] = content.decode("utf-8", errors="replace")
    return texts
