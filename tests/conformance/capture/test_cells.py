"""Steps made inside functions: what they close over is part of their code."""

import functools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FunctionType

import pytest

from remint.adapters.capture.code import SourceCode
from remint.errors import UnhashableParameter
from tests.conformance.capture.conftest import Write

SOURCE = """
def scale(x):
    return x

class Kind:
    pass

def make(n, f=None):
    def inner(x):
        return f(x) * n
    def plain(x):
        return n
    return inner if f else plain
"""


@pytest.fixture
def made(project: Write, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Callable[..., FunctionType]]]:
    """Return the folder of a project and its function `make`."""
    root = project({"cellproject.py": SOURCE, "pipeline.py": "def train(x): return x"})
    monkeypatch.syspath_prepend(root)
    import cellproject

    yield root, cellproject.make
    sys.modules.pop("cellproject")


def digest(root: Path, function: FunctionType) -> str:
    names = function.__code__.co_freevars
    cells = {name: cell.cell_contents for name, cell in zip(names, function.__closure__ or (), strict=True)}
    return SourceCode(root).closure("cellproject", function.__qualname__, cells=cells).digest


def test_the_value_of_a_cell_counts(made) -> None:
    root, make = made
    assert digest(root, make(1)) == digest(root, make(1)) != digest(root, make(2))
    assert digest(root, make(1)) != digest(root, make(1.0))


def test_the_function_around_it_counts(made) -> None:
    root, make = made
    before = digest(root, make(1))
    (root / "cellproject.py").write_text(SOURCE.replace("return n", "return n + 1"))
    assert digest(root, make(1)) != before


def test_a_function_in_a_cell_is_followed(made) -> None:
    root, make = made
    scale = make.__globals__["scale"]
    before = digest(root, make(1, scale))
    (root / "cellproject.py").write_text(SOURCE.replace("return x\n\nclass", "return x + 1\n\nclass"))
    assert digest(root, make(1, scale)) != before


def test_a_class_a_partial_and_a_nested_function_in_a_cell_are_followed(made) -> None:
    root, make = made
    scale, kind = make.__globals__["scale"], make.__globals__["Kind"]
    functions = [scale, kind, len, functools.partial(scale, 1), functools.partial(scale, 2), make(1), make(2), make(3, make(1))]
    assert len({digest(root, make(1, function)) for function in functions}) == len(functions)


def test_a_cell_without_a_canonical_encoding_is_refused_by_name(made) -> None:
    root, make = made
    with pytest.raises(UnhashableParameter, match="parameter n "):
        digest(root, make(object()))
