"""Runs: carryings-out of recipes. A run is written twice, when it starts and when it ends, and never changed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from remint.core.digest import Digest, digest_record
from remint.core.ids import PrincipalId, RunId
from remint.errors import NotFound

CLIENT = "client"
"""In the place of a run: the number of the token by which a client told of it that carried it out elsewhere."""


class State(StrEnum):
    """How a run stands. A run that started and has no end is `running`, or `lost` if its process is gone."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Usage:
    """What a run used: CPU and wall time in microseconds, largest resident memory in bytes."""

    cpu_us: int = 0
    wall_us: int = 0
    peak_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Output:
    """What came out under one name.

    Attributes:
        artifact: the digest of the content.
        stored: the digest of the stored bytes; equal for two runs only if the format is byte-stable.
    """

    artifact: Digest
    stored: Digest


@dataclass(frozen=True, slots=True)
class Start:
    """The first half of a run's record.

    Attributes:
        id: UUIDv7.
        recipe: plan key of the recipe as planned.
        run_key: key of the recipe with every input resolved.
        inputs: the artifact bound to each input name.
        workspace: where its refs were read.
        by: who started it.
        why: why it ran, in words, for example `its code changed`.
        code: the source files it ran from, as an artifact.
        git: commit, remote name and digest of the uncommitted difference; empty outside git.
        place: executor, isolation level, process id, host digest.
        purpose: `run`, or `regenerate` for a re-run that checks an earlier one.
    """

    id: RunId
    recipe: Digest
    run_key: Digest
    inputs: Mapping[str, Digest]
    workspace: str
    by: PrincipalId
    at_us: int
    why: str
    code: Digest
    git: Mapping[str, str] = field(default_factory=dict)
    place: Mapping[str, Any] = field(default_factory=dict)
    purpose: str = "run"

    @property
    def is_told(self) -> bool:
        """Whether a client carried it out elsewhere, so that what is recorded is what the client said."""
        return CLIENT in self.place


@dataclass(frozen=True, slots=True)
class End:
    """The second half of a run's record.

    Attributes:
        outputs: what came out, by name; empty unless done.
        metrics: the numbers among the outputs, flattened to `output.name`.
        observed: conditions seen: environment record, loaded libraries, CPU, threads, seeds really used.
        guarded: whether undeclared reads were prevented by the kernel.
        log: what it printed, as an artifact.
        error: what, why, next step and the user's traceback of a failure; empty otherwise.
    """

    id: RunId
    state: State
    at_us: int
    outputs: Mapping[str, Output] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)
    observed: Mapping[str, Any] = field(default_factory=dict)
    guarded: bool = False
    log: Digest | None = None
    error: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it is read: its start, and its end once there is one."""

    start: Start
    end: End | None = None

    @property
    def id(self) -> RunId:
        """Its id."""
        return self.start.id

    @property
    def state(self) -> State:
        """How it stands, as far as the record says."""
        return self.end.state if self.end else State.RUNNING


@dataclass(frozen=True, slots=True)
class Hit:
    """A finished run that stands for a planned step: what the plan and the steps below it need to know of it."""

    run: RunId
    outputs: Mapping[str, Output]
    wall_us: int


def numbers_of(value: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """Return the numbers in a record, those of records in it under both names.

    Example:
        >>> numbers_of({"auc": 0.5, "by": {"x": 1}, "note": "n"}, "result.")
        {'result.auc': 0.5, 'result.by.x': 1.0}
    """
    found: dict[str, float] = {}
    for name, item in value.items():
        if isinstance(item, dict):
            found |= numbers_of(item, f"{prefix}{name}.")
        elif isinstance(item, int | float) and not isinstance(item, bool):
            found[prefix + name] = float(item)
    return found


def end_digest(end: End) -> Digest:
    """Return the digest of the record of an end, for its entry: an edited record no longer has it."""
    usage = [end.usage.cpu_us, end.usage.wall_us, end.usage.peak_bytes]
    outputs = [[name, output.artifact, output.stored] for name, output in end.outputs.items()]
    record = [
        *(end.id, end.state, end.at_us, outputs, dict(end.metrics), usage),
        *(dict(end.observed), end.guarded, end.log, dict(end.error)),
    ]
    return digest_record("run end v1", [json.dumps(record, sort_keys=True, separators=(",", ":")).encode()])


def serves_cache(end: End, *, purpose: str) -> bool:
    """Return whether the outputs of a run that ended so may stand for those of another run with the same key.

    Only a run that finished, was guarded, and served no other purpose counts: an unguarded run may have read what its key
    does not name.
    """
    return end.state is State.DONE and end.guarded and purpose == "run"


def not_found(what: str, why: str) -> NotFound:
    """Return the error of a run that is not there."""
    return NotFound(f"run {what} was not found", why=why, next_step="see `remint runs list`")
