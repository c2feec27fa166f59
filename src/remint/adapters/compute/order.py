"""A task as the child gets it: plain JSON, protocol 1, and the folders it works in."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from remint.core.secret import Hiding
from remint.ports.compute import Task

PROTOCOL = 1
RUNNER = "remint.sdk.child.runner"
HERE = "remint.sdk.child.here"
SEEN = "remint.sdk.child.seen"
ZYGOTE = "remint.sdk.child.zygote"
"""The child's side is named, never imported: it runs in another process, and may be another version of Remint."""


@dataclass(frozen=True, slots=True)
class Places:
    """The folders of one run under its scratch folder.

    Attributes:
        work: the step's working folder.
        outputs: where it leaves its outputs and its result.
        log: the file with what it printed; the child cannot reach it.
    """

    work: Path
    outputs: Path
    log: Path


def make_places(scratch: Path) -> Places:
    """Make the folders of a run in an empty scratch folder."""
    root = scratch.resolve()
    places = Places(root / "step", root / "outputs", root / "log.txt")
    places.work.mkdir()
    places.outputs.mkdir()
    return places


def encode_task(task: Task, places: Places, *, hash_seed: int, threads: int) -> dict[str, Any]:
    """Return a task as the child's runner takes it.

    Args:
        task: what to do.
        places: where.
        hash_seed: the one really used, where the task asks for a fresh one.
        threads: how many threads libraries may use.
    """
    return {
        "id": task.id,
        "module": task.module,
        "qualname": task.qualname,
        "code": str(task.code.resolve()),
        "shown_as": str(task.shown_as),
        "arguments": dict(task.arguments),
        "inputs": {
            name: {
                "kind": str(given.kind),
                "digest": given.digest,
                "parts": [[part, os.path.realpath(place)] for part, place in given.parts],
                "facts": dict(given.facts),
            }
            for name, given in task.inputs.items()
        },
        "outputs": [[name, str(kind)] for name, kind in task.outputs.items()],
        "conditions": {**task.conditions, "hash_seed": hash_seed, "threads": threads},
        "limits": {"memory_bytes": task.limits.memory_bytes, "cpu_s": task.limits.cpu_s, "wall_s": task.limits.wall_s},
        "cwd": str(places.work),
        "folder": str(places.outputs),
        "network": task.network,
        "isolation": task.isolation,
        "environment": {given.variable: given.value.decode() for given in task.secrets},
    }


def hiding_of(task: Task) -> Hiding:
    """Return what takes the secrets of a task out of what it prints."""
    return Hiding({given.name: given.value for given in task.secrets})


def threads_of(conditions: Mapping[str, Any]) -> int:
    """Return how many threads libraries may use; one if it is not said."""
    return int(conditions.get("threads") or 1)
