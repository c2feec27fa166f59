"""What tests of executors share: a project in a folder of its own, and short ways to make and run tasks."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from remint.core import canonical
from remint.core.artifact import Kind
from remint.ports.compute import InputFiles, Limits, Task

PROJECT = Path(__file__).parent / "project"
SEEDED = {"seed": 7, "hash_seed": 0, "threads": 1}
UNSEEDED = {"seed": None, "hash_seed": "fresh", "threads": 1}
MIB = 1 << 20


class Bench:
    """A copied project, and tasks of its steps run by one executor."""

    def __init__(self, root, executor):
        self.root = root
        self.executor = executor
        self.project = root / "project"
        self.code = root / "store" / "code"
        self.project.mkdir()
        shutil.copytree(PROJECT, self.code)
        self.count = 0

    def task(self, step, /, *, outputs=("out",), limits=None, inputs=None, module="work", network=False, **arguments):
        """Return a task of a step; arguments that start with a dollar sign name an input."""
        self.count += 1
        scratch = self.root / "scratch" / str(self.count)
        scratch.mkdir(parents=True)
        return Task(
            id=f"run-{self.count}",
            module=module,
            qualname=step,
            code=self.code,
            shown_as=self.project,
            arguments={name: encode(value) for name, value in arguments.items()},
            inputs=inputs or {},
            outputs=dict.fromkeys(outputs, "value"),
            conditions=SEEDED,
            modules=(),
            limits=limits or Limits(),
            scratch=scratch,
            network=network,
        )

    def run(self, step, /, *, on_line=None, conditions=None, modules=(), **given):
        """Run a step and return its result."""
        task = self.task(step, **given)
        return self.executor.run(replace(task, conditions=conditions or SEEDED, modules=modules), on_line=on_line)

    def value(self, step, /, **given):
        """Run a step and return the value of its first output."""
        return self.outcome(self.run(step, **given))

    def outcome(self, result):
        """Return the value of the first output of a step that was done."""
        assert result.state == "done", f"{result.error}\n{result.log.read_text()}"
        return values(result)[0]

    def need(self, part):
        """Skip the test where this machine lets nobody have a part of the isolation."""
        found = self.run("nothing").observed["isolation"].split("+")
        if part not in found:
            pytest.skip(f"never: this machine gives a step only {found}, without {part}")

    def keep(self, value, name="kept"):
        """Return a value as an input."""
        place = self.root / "store" / f"{name}.json"
        place.write_text(json.dumps(canonical.encode_value(value)))
        return InputFiles(Kind.VALUE, f"b3:{name}", (("value.json", place),))

    def secret(self, name="secret.txt", content="text,of\n1,2\n"):
        """Write a file that no task declares, in the project, and return its path."""
        place = self.project / name
        place.write_text(content)
        return str(place)


def encode(value):
    """Return an argument as a task carries it; `$name` stands for the input `name`, also inside lists and tuples."""
    if isinstance(value, str) and value.startswith("$"):
        return {"$input": value[1:]}
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, tuple):
        return {"$tuple": [encode(item) for item in value]}
    return canonical.encode_value(value)


def values(result):
    """Return the values a result left, in order."""
    return [canonical.decode_value(json.loads(output.parts[0][1].read_text())) for output in result.outputs.values()]
