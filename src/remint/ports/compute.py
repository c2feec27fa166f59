"""Carrying out one step in a process of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from remint.core.artifact import Kind
from remint.core.run import Usage


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use at most; None is no limit."""

    memory_bytes: int | None = None
    cpu_s: int | None = None
    wall_s: int | None = None


@dataclass(frozen=True, slots=True)
class InputFiles:
    """An input as the child finds it.

    Attributes:
        parts: for each part its path inside the artifact and the verified local file that holds it; or, for a set of files, an
            empty path and the folder that holds it.
        facts: the artifact's facts.
        digest: the artifact's digest.
    """

    kind: Kind
    digest: str
    parts: tuple[tuple[str, Path], ...]
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Given:
    """A secret for one task.

    Attributes:
        name: of the secret.
        variable: of the environment, in which the child finds the value.
    """

    name: str
    variable: str
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Task:
    """Everything a child needs to carry out a step, and all it may read.

    Attributes:
        id: the run's id.
        module: where the function is.
        qualname: its qualified name.
        code: a folder with the source files of the step; the child imports from here and nowhere else in the project.
        shown_as: the project's own root, put in place of `code` in tracebacks.
        arguments: canonical JSON arguments; `{"$input": NAME}` stands for an input.
        inputs: by name.
        outputs: kind of each output by name, in order.
        conditions: seed, hash_seed (a number; `fresh`, one of this executor's own; `other`, another one), threads.
        modules: modules worth importing before the fork.
        limits: what it may use.
        scratch: a folder of this task, in which `step`, `outputs`, `log.txt` and numbers are free as names; the only place
            where the child may write. Outputs stay there until they are taken.
        network: whether connections are allowed.
        isolation: the least level (core.isolation) at which it may be carried out; otherwise its function is never called.
        secrets: what it gets in variables; what it prints or fails with is kept without their values.
    """

    id: str
    module: str
    qualname: str
    code: Path
    shown_as: Path
    arguments: Mapping[str, Any]
    inputs: Mapping[str, InputFiles]
    outputs: Mapping[str, str]
    conditions: Mapping[str, Any]
    modules: tuple[str, ...]
    limits: Limits
    scratch: Path
    network: bool = False
    secrets: tuple[Given, ...] = ()
    isolation: int = 0


@dataclass(frozen=True, slots=True)
class OutputFiles:
    """An output as the child left it.

    Attributes:
        parts: for each part its path inside the artifact, and either a file under scratch or, as text `b3:…`, the blob of
            a part taken over
            unchanged from an input.
        facts: what the child says of it (checked by whoever stores it).
    """

    kind: Kind
    parts: tuple[tuple[str, Path | str], ...]
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """How a task ended.

    Attributes:
        state: `done`, `failed` (the function raised), or `stopped` (killed, or over a limit).
        outputs: by name; empty unless done.
        error: `what`, `why`, `next_step` and `traceback` of a failure, with only the user's frames; and for a task that was
            stopped at one of its limits the name of that as `limit`, where it is known.
        usage: metered by the kernel: the child and all its descendants.
        observed: `libraries` (mapped shared objects), `modules` (imported top-level modules from outside the project), `seed`,
            `hash_seed`, `threads`, `isolation`, `isolation_level`.
        guarded: whether the kernel prevented reads outside what the task lists.
        log: the file with what it printed.
    """

    state: str
    outputs: Mapping[str, OutputFiles]
    error: Mapping[str, str]
    usage: Usage
    observed: Mapping[str, Any]
    guarded: bool
    log: Path


@dataclass(frozen=True, slots=True)
class Needs:
    """What a task will need loaded.

    Attributes:
        modules: by name.
        kinds: of artifacts it reads or writes.
    """

    modules: Sequence[str]
    kinds: Sequence[Kind]


class Executor(Protocol):
    """Something that carries out tasks, several at once if called from several threads.

    Attributes:
        at_once: how many tasks it carries out at the same time; one more waits until there is room. A task that uses several
            threads counts as so many.
    """

    @property
    def at_once(self) -> int: ...  # noqa: D102 - see the class

    def run(self, task: Task, *, on_line: Callable[[str], None] | None = None) -> Result:
        """Carry out a task and wait for its end.

        Not atomic: a crash half way leaves files under `task.scratch` only. May be called again after any failure with an
        empty scratch folder. If the caller dies, the child dies too.

        Args:
            task: what to do.
            on_line: called with each line the step prints, as it prints it.

        Raises:
            Unavailable: no process could be started (the only retryable case).
            KeyboardInterrupt: `interrupt` was called; nothing of the task runs any more.
        """
        ...

    def prepare(self, conditions: Mapping[str, Any], needs: Needs, *, network: bool = False) -> None:
        """Get ready, in the background, for one task with such conditions and needs.

        It only saves time: what goes wrong is for the task to find.
        """
        ...

    def interrupt(self) -> None:
        """End the tasks that are carried out now or wait for room: their `run` raises KeyboardInterrupt. Later ones may run."""
        ...

    def close(self) -> None:
        """End every process this executor keeps ready. Idempotent."""
        ...
