"""From how a child ended to the result of its task."""

import json
import os
import signal
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from remint.adapters.compute.order import PROTOCOL, Places, hiding_of
from remint.adapters.compute.watch import Ending, over_cpu
from remint.core.artifact import Kind
from remint.core.isolation import LEVELS, PROCESS
from remint.core.run import Usage
from remint.ports.compute import OutputFiles, Result, Task

RESULT = "result.json"
BLOB = "b3:"


def step_name(task: Task) -> str:
    """Return how a step is named in sentences."""
    return f"{task.module}:{task.qualname}"


def result_of(task: Task, places: Places, ending: Ending, conditions: Mapping[str, Any]) -> Result:
    """Return the result of a task whose child has ended, and left nothing running.

    Args:
        task: what was to be done.
        places: where it worked.
        ending: how the child ended.
        conditions: what is known of its conditions without its own word: seed, hash_seed, threads, python.
    """
    told = _told(places) if not ending.stopped and ending.status == 0 else {}
    outputs: Mapping[str, OutputFiles] = {}
    state, error = _state(task, ending, told)
    if state == "done":
        try:
            outputs = read_outputs(told["outputs"], places.outputs)
        except (KeyError, TypeError, ValueError) as broken:
            state, error = "failed", _words(f"step {step_name(task)} left no usable outputs", str(broken), "look at the log")
    return Result(
        state=state,
        outputs=outputs,
        error=without_secrets(task, error),
        usage=Usage(ending.cpu_us, ending.wall_us, ending.peak_bytes),
        observed={
            "libraries": [],
            "modules": [],
            **conditions,
            **told.get("observed", {}),
            "isolation": ending.begun.get("isolation", "none"),
            "isolation_level": ending.begun.get("level", PROCESS),
        },
        guarded=bool(ending.begun.get("guarded", False)),
        log=places.log,
    )


def without_secrets(task: Task, error: Mapping[str, str]) -> Mapping[str, str]:
    """Return the words of a failure without the values of the task's secrets."""
    hiding = hiding_of(task)
    return {name: hiding.text(words) for name, words in error.items()}


def _told(places: Places) -> dict[str, Any]:
    """Return what the child said of its end; empty if it said nothing this version understands."""
    place = places.outputs / RESULT
    if not is_plain_file(place):
        return {}
    try:
        told = json.loads(place.read_bytes())
    except ValueError:
        return {}
    return told if isinstance(told, dict) and told.get("v") == PROTOCOL else {}


def _state(task: Task, ending: Ending, told: Mapping[str, Any]) -> tuple[str, Mapping[str, str]]:
    if ending.stopped:
        return "stopped", {**ending.stopped, "traceback": ""}
    if ending.begun.get("level", task.isolation) < task.isolation:
        return "stopped", too_open(task, ending.begun["level"])
    limit_s = task.limits.cpu_s
    if limit_s is not None and (ending.over_cpu or ending.cpu_us > limit_s * 1_000_000):
        return "stopped", {**over_cpu(step_name(task), ending.cpu_us, limit_s), "traceback": ""}
    if told.get("state") in {"done", "failed", "stopped"}:
        return told["state"], told["error"]
    if ending.status is None:
        what = f"step {step_name(task)} was stopped"
        why = "the process that starts steps was killed, and the step with it"
        return "stopped", _words(what, why, "run it again")
    if os.WIFSIGNALED(ending.status):
        return "stopped", _killed(task, ending)
    code = os.waitstatus_to_exitcode(ending.status)
    what = f"step {step_name(task)} ended its process before it returned"
    return "failed", _words(what, f"the process ended with exit code {code}", "look for os._exit, and at the end of the log")


def too_open(task: Task, level: int) -> dict[str, str]:
    """Return the sentences for a step that could not be kept apart as far as is demanded."""
    why = f"level {task.isolation} of isolation is demanded ({LEVELS[task.isolation]}), and it would have run at level {level}"
    advice = "a step that connects is at level 2 at most" if task.network else "run it on another machine, or without --inline"
    return {**_words(f"step {step_name(task)} was not run", why, advice), "limit": "isolation"}


def _killed(task: Task, ending: Ending) -> dict[str, str]:
    number = os.WTERMSIG(ending.status or 0)
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    reasons = {
        signal.SIGKILL: "somebody killed it, or the machine ran out of memory",
        signal.SIGSEGV: "a library written in C touched memory that is not its own",
        signal.SIGABRT: "a library written in C gave up; often because it got no more memory",
        signal.SIGBUS: "a file it had mapped became shorter, or the disk is full",
    }
    peak = f"it had used up to {ending.peak_bytes / (1 << 20):,.0f} MiB"
    why = f"its process was killed by {name}: {reasons.get(signal.Signals(number), 'somebody sent it')}; {peak}"
    return _words(f"step {step_name(task)} was killed", why, "look at the end of the log")


def _words(what: str, why: str, next_step: str) -> dict[str, str]:
    return {"what": what, "why": why, "next_step": next_step, "traceback": ""}


def read_outputs(told: Mapping[str, Any], folder: Path) -> dict[str, OutputFiles]:
    """Return the outputs a child left under a folder, following none of its links.

    Raises:
        ValueError: it names a file that is not a plain one under the folder.
    """
    found: dict[str, OutputFiles] = {}
    for name, output in told.items():
        parts = tuple((part, _place(folder, output["folder"], place)) for part, place in output["parts"])
        found[name] = OutputFiles(Kind(output["kind"]), parts, output["facts"])
    return found


def _place(folder: Path, output: str, told: str) -> Path | str:
    if told.startswith(BLOB):
        return told
    place = folder
    for part in Path(output, told).parts:
        place = place / part
        if part in {"..", "/"} or place.is_symlink():
            raise ValueError(f"the step left {told}, which leads out of its folder")
    if not is_plain_file(place):
        raise ValueError(f"the step left no file {told}")
    return place


def is_plain_file(place: Path) -> bool:
    """Return whether there is a file itself, not a link to one."""
    try:
        return stat.S_ISREG(os.lstat(place).st_mode)
    except OSError:
        return False
