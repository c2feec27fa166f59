"""Edit a small project in many ways and ask whether a step would run again: it must, exactly when what it does may differ.

Run from the project's root with `python -m benchmarks.cache_mutations`. Prints `N mutations, 0 wrong`; exits with 1 if any
answer was wrong.
"""

import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from remint.adapters.capture.code import SourceCode

PROJECT: Mapping[str, str] = {
    "pipeline.py": '''"""Delays, from flights to a model."""

import numpy as np
from remint import Model, Table, pipeline, ref, step

import features
import plugins
import settings as cfg
from features.windows import past_week as week
from scaling import Scaler
from shapes import *

RATE = 0.1
WEIGHTS = {"a": 1, "b": 2}
WEIGHTS["c"] = 3
LIMIT: int = 10
UNUSED = 4


def rounded(digits=2):
    def wrap(function):
        def inner(*arguments):
            return np.round(function(*arguments), digits)

        return inner

    return wrap


@rounded(digits=3)
def smooth(values, rate=RATE):
    """Smooth values."""
    return values * rate


@step(profile="cpu-2", seed=7)
def train(data: Table, depth: int = 6) -> Model:
    """Fit a model."""
    # the order of these does not matter
    from late import finish

    total = smooth(week(data), LIMIT) + features.ratio(data) + area(data)
    for name, weight in WEIGHTS.items():
        total = total + plugins.BY_NAME["plain"](name) * weight
    return finish(Scaler(cfg.FACTOR).fit(total), f"depth {depth:>3}")


@step
def score(model: Model, data: Table) -> float:
    return model.score(data) + UNUSED


@pipeline("model/delay")
def delay(flights=ref("data/flights")):
    return score(train(flights), flights)


if __name__ == "__main__":
    print("run me")
''',
    "settings.py": """FACTOR = 2
OTHER = 3
try:
    import fast
    SPEED = 2
except ImportError:
    SPEED = 1
""",
    "features/__init__.py": """from .ratios import ratio, spare
from . import registry

registry.REGISTRY.append("features")
""",
    "features/registry.py": """REGISTRY = []


def unused_entry():
    return 0
""",
    "features/ratios.py": """from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scaling import Scaler

EPSILON = 1


def ratio(data):
    return data / (data + EPSILON)


def spare(data):
    return data
""",
    "features/windows.py": """from .deep.days import days as _days


def past_week(data):
    lookup = {"days": _days()}
    return data.last(lookup["days"])


def past_month(data):
    return data.last(30)
""",
    "features/deep/__init__.py": "",
    "features/deep/days.py": """def days():
    return 7


def hours():
    return 168
""",
    "scaling.py": '''class Fitted:
    kind = "fitted"

    def fit(self, values):
        return self.scale(values)


class Scaler(Fitted):
    """Scale by a factor."""

    def __init__(self, factor):
        self.factor = factor

    def scale(self, values):
        return values * self.factor

    @property
    def doubled(self):
        return self.factor * 2


class Spare:
    def fit(self, values):
        return values
''',
    "shapes.py": """def area(data):
    return data ** 2
""",
    "plugins.py": """BY_NAME = {}


def plugin(name):
    def register(function):
        BY_NAME[name] = function
        return function

    return register


@plugin("plain")
def plain(text):
    return len(text)


def spare(text):
    return 0
""",
    "late.py": """import json


def finish(model, text):
    return model, json.dumps(text)
""",
    "unrelated.py": """def nothing():
    return 0
""",
}

STEP = ("pipeline", "train")


class Mutation(NamedTuple):
    """One edit: `old` becomes `new` in `file` (an empty `old` writes the file), and whether the step runs then."""

    name: str
    answer: Literal["run", "hit"]
    file: str
    old: str
    new: str


MUTATIONS = (
    # what the step does differs
    Mutation("own body", "run", "pipeline.py", "depth {depth:>3}", "depth {depth:>4}"),
    Mutation("own default argument", "run", "pipeline.py", "depth: int = 6", "depth: int = 7"),
    Mutation("own annotation", "run", "pipeline.py", "-> Model:", "-> Table:"),
    Mutation("helper in the same file", "run", "pipeline.py", "return values * rate", "return rate * values * 1"),
    Mutation("helper one import away", "run", "features/ratios.py", "data + EPSILON", "data - EPSILON"),
    Mutation("helper two imports away", "run", "features/deep/days.py", "return 7", "return 8"),
    Mutation("helper imported inside the function", "run", "late.py", "json.dumps(text)", "json.dumps([text])"),
    Mutation("helper behind a star import", "run", "shapes.py", "data ** 2", "data ** 3"),
    Mutation("closure of a decorator", "run", "pipeline.py", "np.round(function", "np.floor(function"),
    Mutation("argument of a decorator", "run", "pipeline.py", "digits=3", "digits=4"),
    Mutation("default argument of a decorator", "run", "pipeline.py", "digits=2", "digits=1"),
    Mutation("decorator taken away", "run", "pipeline.py", "@rounded(digits=3)\n", ""),
    Mutation("default argument of a helper", "run", "pipeline.py", "rate=RATE", "rate=RATE + 1"),
    Mutation("global constant", "run", "pipeline.py", "LIMIT: int = 10", "LIMIT: int = 11"),
    Mutation("global constant behind a default argument", "run", "pipeline.py", "RATE = 0.1", "RATE = 0.2"),
    Mutation("constant of another module", "run", "settings.py", "FACTOR = 2", "FACTOR = 3"),
    Mutation("constant of a helper's module", "run", "features/ratios.py", "EPSILON = 1", "EPSILON = 2"),
    Mutation("kind of a constant: float", "run", "settings.py", "FACTOR = 2", "FACTOR = 2.0"),
    Mutation("kind of a constant: bool", "run", "features/ratios.py", "EPSILON = 1", "EPSILON = True"),
    Mutation("sign of zero", "run", "settings.py", "FACTOR = 2", "FACTOR = -0.0"),
    Mutation("constant bound a second time", "run", "settings.py", "OTHER = 3", "OTHER = 3\nFACTOR += 1"),
    Mutation("item set at import", "run", "pipeline.py", 'WEIGHTS["c"] = 3', 'WEIGHTS["c"] = 4'),
    Mutation(
        "item set at import by another module",
        "run",
        "settings.py",
        "OTHER = 3",
        "OTHER = 3\nimport pipeline\npipeline.RATE = 3",
    ),
    Mutation(
        "attribute set at import",
        "run",
        "features/__init__.py",
        "registry.REGISTRY.append",
        "ratio.x = 1\nregistry.REGISTRY.append",
    ),
    Mutation("call at import of a package", "run", "features/__init__.py", 'append("features")', 'append("feature")'),
    Mutation("deletion at import", "run", "settings.py", "OTHER = 3", "OTHER = 3\ndel OTHER"),
    Mutation(
        "order of effects",
        "run",
        "pipeline.py",
        'WEIGHTS = {"a": 1, "b": 2}\nWEIGHTS["c"] = 3',
        'WEIGHTS = {}\nWEIGHTS["c"] = 3\nWEIGHTS = {"a": 1, "b": 2}',
    ),
    Mutation("registered function", "run", "plugins.py", "return len(text)", "return len(text) + 1"),
    Mutation("another registered function", "run", "plugins.py", "def spare", '@plugin("plain")\ndef spare'),
    Mutation("method of a class", "run", "scaling.py", "return values * self.factor", "return self.factor * values"),
    Mutation("method of a base class", "run", "scaling.py", "return self.scale(values)", "return self.scale(values) + 1"),
    Mutation("property of a class", "run", "scaling.py", "self.factor * 2", "self.factor * 3"),
    Mutation("attribute of a base class", "run", "scaling.py", 'kind = "fitted"', 'kind = "fit"'),
    Mutation("base of a class", "run", "scaling.py", "class Scaler(Fitted)", "class Scaler(object)"),
    Mutation("import re-exports another name", "run", "features/__init__.py", "ratio, spare", "spare as ratio"),
    Mutation("import takes another name", "run", "pipeline.py", "past_week as week", "past_month as week"),
    Mutation("import takes another library", "run", "pipeline.py", "import numpy as np", "import cupy as np"),
    Mutation("import for its effect", "run", "settings.py", "OTHER = 3", "OTHER = 3\nimport matplotlib.pyplot"),
    Mutation("import of a module with effects", "run", "settings.py", "OTHER = 3", "import logging\nlogging.disable()"),
    Mutation("string and bytes", "run", "plugins.py", '@plugin("plain")', '@plugin(b"plain")'),
    Mutation("one module hides another", "run", "json.py", "", "def dumps(text):\n    return text\n"),
    Mutation("package hides a module", "run", "late/__init__.py", "", "def finish(model, text):\n    return model\n"),
    Mutation(
        "computed import",
        "run",
        "late.py",
        "import json",
        "import json\nimport importlib\nimportlib.import_module('unrelated')",
    ),
    # what the step does is the same
    Mutation("comment", "hit", "pipeline.py", "# the order of these does not matter", "# nobody reads this"),
    Mutation("comment in a helper", "hit", "features/deep/days.py", "return 7", "return 7  # a week"),
    Mutation("own docstring", "hit", "pipeline.py", '"""Fit a model."""', '"""Fit a better model."""'),
    Mutation("docstring taken away", "hit", "pipeline.py", '    """Smooth values."""\n', ""),
    Mutation("docstring of a module", "hit", "pipeline.py", "Delays, from flights", "From flights"),
    Mutation("docstring of a class", "hit", "scaling.py", "Scale by a factor.", "Scale."),
    Mutation("docstring added to a helper", "hit", "late.py", "    return model,", '    """Finish."""\n    return model,'),
    Mutation("blank lines", "hit", "features/ratios.py", "EPSILON = 1\n", "\n\n\nEPSILON = 1\n"),
    Mutation(
        "layout",
        "hit",
        "features/ratios.py",
        "return data / (data + EPSILON)",
        "return (\n        data / (data + EPSILON)\n    )",
    ),
    Mutation("quotes", "hit", "pipeline.py", 'WEIGHTS["c"]', "WEIGHTS['c']"),
    Mutation("spelling of a number", "hit", "features/deep/days.py", "return 7", "return 0x7"),
    Mutation("arguments of Remint's decorator", "hit", "pipeline.py", 'profile="cpu-2", seed=7', 'profile="cpu-8", seed=8'),
    Mutation("another step of the file", "hit", "pipeline.py", "model.score(data) + UNUSED", "model.score(data) - UNUSED"),
    Mutation("the pipeline", "hit", "pipeline.py", 'pipeline("model/delay")', 'pipeline("model/late")'),
    Mutation("constant nobody uses", "hit", "pipeline.py", "UNUSED = 4", "UNUSED = 5"),
    Mutation("function nobody uses", "hit", "features/deep/days.py", "return 168", "return 169"),
    Mutation("class nobody uses", "hit", "scaling.py", "        return values\n", "        return values + 0\n"),
    Mutation("module nobody imports", "hit", "unrelated.py", "return 0", "return 1"),
    Mutation("new module", "hit", "brandnew.py", "", "X = 1\n"),
    Mutation("other name of a used module", "hit", "settings.py", "OTHER = 3", "OTHER = 4"),
    Mutation("what only starting the file runs", "hit", "pipeline.py", 'print("run me")', 'print("start me")'),
    Mutation(
        "import for type checkers", "hit", "features/ratios.py", "from scaling import Scaler", "from scaling import Spare"
    ),
    Mutation(
        "function moved in its file",
        "hit",
        "features/deep/days.py",
        "def days():\n    return 7\n\n\ndef hours():\n    return 168\n",
        "def hours():\n    return 168\n\n\ndef days():\n    return 7\n",
    ),
    Mutation(
        "new step with a new library",
        "hit",
        "pipeline.py",
        "@pipeline",
        "import lightgbm\n\n\n@step\ndef fit(data: Table) -> Model:\n    return lightgbm.train(data)\n\n\n@pipeline",
    ),
)


def write_project(root: Path) -> None:
    """Write the project into an empty folder."""
    for name, text in PROJECT.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def apply(root: Path, mutation: Mutation) -> None:
    """Carry out one edit.

    Raises:
        ValueError: the text to replace is not there.
    """
    path = root / mutation.file
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_text() if mutation.old else ""
    if mutation.old not in before:
        raise ValueError(f"{mutation.file} does not hold {mutation.old!r}")
    path.write_text(before.replace(mutation.old, mutation.new) if mutation.old else mutation.new)


def is_wrong(root: Path, mutation: Mutation) -> bool:
    """Return whether an edit, made and looked at by one long-lived reader, gets the wrong answer."""
    write_project(root)
    code = SourceCode(root)
    before = code.closure(*STEP).digest
    apply(root, mutation)
    seen, fresh = code.closure(*STEP).digest, SourceCode(root).closure(*STEP).digest
    return seen != fresh or (seen != before) != (mutation.answer == "run")


def cached_calls_s(root: Path, *, functions: int = 50, calls: int = 10_000) -> float:
    """Return how long `calls` look-ups over `functions` unchanged functions take, in seconds."""
    write_project(root)
    modules = 5
    for number in range(modules):
        steps = [
            f"def step_{place}(x):\n    return ratio(x) * {place} + settings.FACTOR\n" for place in range(functions // modules)
        ]
        (root / f"steps_{number}.py").write_text("import settings\nfrom features import ratio\n\n" + "\n".join(steps))
    code = SourceCode(root)
    names = [(f"steps_{place % modules}", f"step_{place // modules}") for place in range(functions)]
    time.sleep(0.1)
    for name in names:
        code.closure(*name)
    started = time.perf_counter()
    for place in range(calls):
        code.closure(*names[place % functions])
    return time.perf_counter() - started


def main() -> int:
    """Run all mutations and print what went wrong; return how many did."""
    wrong = []
    for mutation in MUTATIONS:
        with tempfile.TemporaryDirectory() as folder:
            if is_wrong(Path(folder), mutation):
                wrong.append(mutation)
                print(f"wrong: {mutation.name} should {mutation.answer}")
    print(f"{len(MUTATIONS)} mutations, {len(wrong)} wrong")
    with tempfile.TemporaryDirectory() as folder:
        print(f"10,000 look-ups of 50 unchanged functions: {cached_calls_s(Path(folder)):.3f} s")
    return len(wrong)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
