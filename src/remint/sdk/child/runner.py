"""Carries out one step in this process: reads its inputs, calls the function, writes its outputs, says how it ended.

This is the step boundary: whatever the user's code raises is caught here, and nowhere else.
"""

import importlib
import inspect
import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import FunctionType
from typing import Any, TypeAlias

from remint.core import canonical
from remint.errors import Invalid
from remint.sdk.child.guard import is_within
from remint.sdk.child.seen import Loaded, observed
from remint.sdk.child.traces import Scene, described

Order: TypeAlias = Mapping[str, Any]
"""A task as the parent sends it (adapters/compute/order.py)."""

RESULT = "result.json"
PROTOCOL = 1


class _Held:
    """An input's value on its way through decoding, which leaves it alone."""

    def __init__(self, value: object) -> None:
        self.value = value


def preload(modules: Iterable[str]) -> None:
    """Import modules so that every child has them; one that fails is left for the child, which will raise it properly."""
    for name in modules:
        try:
            importlib.import_module(name)
        except BaseException:  # noqa: BLE001, S112 - a step boundary: importing runs code of others, which may even exit
            continue


def carry_out(
    order: Order,
    *,
    guarded: bool = False,
    shared: bool = True,
    before_failure: Callable[[], None] = lambda: None,
    before: Loaded | None = None,
) -> dict[str, Any]:
    """Carry out a step in this process and return how it ended, as plain JSON values.

    Args:
        order: the task.
        guarded: whether the guard is in force, for the advice in errors.
        shared: whether it has shared memory, likewise.
        before_failure: called first when the step failed; frees what describing the failure needs.
        before: what was loaded before `__main__` was put in place; None where that is not known, as in a debugger.

    Returns:
        `state` (done, failed, stopped), `outputs` (kind, parts and facts by name), `error`, and `observed`.
    """
    scene = Scene(f"{order['module']}:{order['qualname']}", order["code"], order["shown_as"], guarded, order["network"], shared)
    result: dict[str, Any] = {"v": PROTOCOL, "state": "done", "outputs": {}, "error": {}}
    try:
        function = _function(order)
        value = _call(function, _arguments(order))
        result["outputs"] = _write(order, value)
    except KeyboardInterrupt:
        raise
    except MemoryError as error:
        before_failure()
        result |= {"state": "stopped", "error": {**described(error, scene), **_out_of_memory(order)}}
    except BaseException as error:  # noqa: BLE001 - the step boundary: whatever user code raises, also SystemExit
        before_failure()
        result |= {"state": "failed", "error": described(error, scene)}
    return {**result, "observed": observed(order, before)}


def _out_of_memory(order: Order) -> dict[str, str]:
    step = f"{order['module']}:{order['qualname']}"
    limit = order["limits"]["memory_bytes"]
    if limit is None:
        why = "the machine gave it no more memory"
        return {
            "what": f"step {step} ran out of memory",
            "why": why,
            "next_step": "run it on a larger machine, or on less data",
        }
    return {
        "what": f"step {step} was stopped at its memory limit",
        "why": f"it asked for more than the {limit / 2**20:,.0f} MiB it may use; it had {_resident_bytes() / 2**20:,.0f} MiB",
        "next_step": 'raise the limit (`memory="…"`), or work on less data at a time',
    }


def _resident_bytes() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _function(order: Order) -> Callable[..., Any]:
    """Return the plain function of a step, imported from its code.

    Raises:
        Invalid: it cannot be imported by name.
    """
    module_name, qualname = order["module"], order["qualname"]
    if "<locals>" in qualname:
        raise Invalid(
            f"step {module_name}:{qualname} cannot be run on its own",
            why="it is defined inside a function, and only a name at the top of a module can be imported",
            next_step="move it to the top of its module",
        )
    module = importlib.import_module(module_name)
    origin = os.path.realpath(getattr(module, "__file__", None) or "")
    if not is_within(origin, os.path.realpath(order["code"])):
        raise Invalid(
            f"module {module_name} is not the one of the step",
            why=f"a library has the same name: {origin or 'built into Python'}",
            next_step="rename the module of the step",
        )
    found: Any = module
    for name in qualname.split("."):
        found = getattr(found, name, None)
    function = found if isinstance(found, FunctionType) else getattr(found, "function", found)
    if not callable(function):
        raise Invalid(
            f"step {module_name}:{qualname} was not found",
            why=f"module {module_name} has no function of that name once it is imported",
            next_step="check the name, and that it is defined on every way through the module",
        )
    return function


def _arguments(order: Order) -> dict[str, Any]:
    """Return the arguments with inputs in place; an input that is not bound (an optional ref that does not exist) is None."""
    codecs = importlib.import_module("remint.sdk.codecs")
    values: dict[str, _Held] = {}
    for name, given in order["inputs"].items():
        parts = [(part, Path(place)) for part, place in given["parts"]]
        values[name] = _Held(codecs.read_input(given["kind"], given["digest"], parts, given["facts"]))
    return {name: _released(canonical.decode_value(_with_inputs(value, values))) for name, value in order["arguments"].items()}


def _with_inputs(value: Any, values: Mapping[str, _Held]) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, list):
        return [_with_inputs(item, values) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"$input"}:
        return values.get(value["$input"], _Held(None))
    return {key: _with_inputs(item, values) for key, item in value.items()}


def _released(value: Any) -> Any:  # noqa: ANN401 - any argument
    if isinstance(value, _Held):
        return value.value
    if type(value) is dict:
        return {_released(key): _released(item) for key, item in value.items()}
    if type(value) in (list, tuple, set):
        return type(value)(_released(item) for item in value)
    return value


def _call(function: Callable[..., Any], arguments: dict[str, Any]) -> object:
    """Call the function; parameters that take no name, or gather many values, get them as they should."""
    signature = inspect.signature(function)
    known = {name: value for name, value in arguments.items() if name in signature.parameters}
    bound = inspect.BoundArguments(signature, known)
    unknown = {name: value for name, value in arguments.items() if name not in known}
    return function(*bound.args, **bound.kwargs, **unknown)


def _write(order: Order, value: object) -> dict[str, Any]:
    """Write what the function returned and return what was written, by output.

    Raises:
        Invalid: it returned another number of values than the step has outputs.
    """
    codecs = importlib.import_module("remint.sdk.codecs")
    kinds: dict[str, str] = dict(order["outputs"])
    written: dict[str, Any] = {}
    for number, (name, given) in enumerate(zip(kinds, _separated(order, value, len(kinds)), strict=True)):
        folder = Path(order["folder"], str(number))
        folder.mkdir()
        parts, facts = codecs.write_output(kinds[name], given, folder)
        written[name] = {
            "kind": kinds[name],
            "folder": str(number),
            "parts": [list(part) for part in parts],
            "facts": dict(facts),
        }
    json.dumps(written)  # facts that are no JSON are the step's failure, not that of whoever reads the result
    return written


def _separated(order: Order, value: object, count: int) -> tuple[object, ...]:
    if count == 1:
        return (value,)
    if count == 0:
        return ()
    returned = f"{len(value)} values" if isinstance(value, tuple) else f"one {type(value).__name__}"
    if isinstance(value, tuple) and len(value) == count:
        return value
    raise Invalid(
        f"step {order['module']}:{order['qualname']} returned {returned}",
        why=f"it has {count} outputs: {', '.join(dict(order['outputs']))}",
        next_step=f"return a tuple of {count} values, or change the annotation",
    )


def save(result: Mapping[str, Any], folder: str) -> None:
    """Write a result so that it is there whole or not at all."""
    part = Path(folder, RESULT + ".part")
    part.write_text(json.dumps(result), encoding="utf-8")
    part.rename(Path(folder, RESULT))
