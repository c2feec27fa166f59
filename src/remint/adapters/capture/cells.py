"""The values a nested function closes over, as canonical JSON, and the functions among them."""

import functools
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from remint.core.canonical import Json, encode_value
from remint.errors import UnhashableParameter

_NAMED = (types.FunctionType, types.BuiltinFunctionType, type)


@dataclass(slots=True)
class Cells:
    """What was found in the cells.

    Attributes:
        values: canonical JSON by the name of the variable.
        functions: module and qualified name of every function and class in them.
        modules: names of modules in them.
    """

    values: dict[str, Json] = field(default_factory=dict)
    functions: set[tuple[str, str]] = field(default_factory=set)
    modules: set[str] = field(default_factory=set)


def read_cells(cells: Mapping[str, object]) -> Cells:
    """Return the values of closed-over variables; functions stand as their names, with what they close over in turn.

    Raises:
        UnhashableParameter: a value has no canonical encoding.

    Example:
        >>> read_cells({"rate": 0.5, "log": len}).values
        {'log': {'$function': 'builtins:len'}, 'rate': {'$f64': '3fe0000000000000'}}
    """
    found = Cells()
    for name in sorted(cells):
        found.values[name] = _encoded(cells[name], name, found, ())
    return found


def _encoded(value: Any, name: str, found: Cells, above: tuple[object, ...]) -> Json:  # noqa: ANN401 - any value of the user
    if isinstance(value, types.ModuleType):
        found.modules.add(value.__name__)
        return {"$module": value.__name__}
    if isinstance(value, functools.partial):
        held = [value.func, *value.args, *(item for key in sorted(value.keywords) for item in (key, value.keywords[key]))]
        return {"$partial": [_encoded(item, f"{name}[{place}]", found, above) for place, item in enumerate(held)]}
    wrapped = getattr(value, "__wrapped__", None)
    if isinstance(value, _NAMED) or isinstance(wrapped, types.FunctionType):
        return _function(value if isinstance(value, _NAMED) else wrapped, name, found, above)
    return encode_value(value, name=name)


def _function(value: Any, name: str, found: Cells, above: tuple[object, ...]) -> Json:  # noqa: ANN401 - function or class
    module, qualname = value.__module__ or "builtins", value.__qualname__
    if module == "__main__":
        raise UnhashableParameter(
            f"the variable {name} has no canonical encoding",
            why=f"it is {qualname} of the program that was started, whose source has no module name",
            next_step="move it into a module and import it",
            parameter=name,
        )
    found.functions.add((module, qualname))
    encoded: dict[str, Json] = {"$function": f"{module}:{qualname}"}
    if isinstance(value, types.FunctionType) and "<" in qualname and not any(value is item for item in above):
        inner = {key: _encoded(item, f"{name}.{key}", found, (*above, value)) for key, item in _held(value).items()}
        encoded["held"] = {key: inner[key] for key in sorted(inner)}
    wrapped = getattr(value, "__wrapped__", None)
    if isinstance(wrapped, types.FunctionType) and not any(wrapped is item for item in above):
        encoded["wrapped"] = _function(wrapped, f"{name}.__wrapped__", found, (*above, value))
    return encoded


def _held(function: types.FunctionType) -> dict[str, object]:
    """Return what a function object made at run time carries: its cells that are set, and its default arguments."""
    held: dict[str, object] = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            held[name] = cell.cell_contents
        except ValueError:
            continue  # not assigned yet
    for place, value in enumerate(function.__defaults__ or ()):
        held[f"default {place}"] = value
    return held | {f"default {key}": value for key, value in (function.__kwdefaults__ or {}).items()}
