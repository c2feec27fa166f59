"""The decorators: steps and pipelines are plain typed functions that stay callable without the platform."""

import contextvars
import functools
import inspect
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, ParamSpec, TypeVar, cast, overload

from remint.core import canonical
from remint.core.digest import Digest
from remint.core.pipeline import Call, Graph, Link, StepSpec, Target
from remint.core.ref import parse_ref
from remint.core.secret import require_variables
from remint.errors import Invalid
from remint.sdk.codecs import kind_of_hint

P = ParamSpec("P")
R = TypeVar("R")

Exact = Literal["bytes", "content", "predictions", "metrics"]
UNITS = {"": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}


@dataclass(frozen=True, slots=True)
class RefInput:
    """A ref that a pipeline reads when it is planned."""

    text: str
    optional: bool = False


def ref(text: str, *, optional: bool = False) -> Any:  # noqa: ANN401 - stands for the value the ref points at
    """Return a stand-in for the artifact a ref points at when the pipeline is planned.

    Args:
        text: for example `data/flights` or `main:data/flights@3`.
        optional: give None instead of blocking the step where the ref does not exist yet.

    Raises:
        InvalidName: the text is no ref.
    """
    parse_ref(text)
    return RefInput(text, optional)


@dataclass(frozen=True, slots=True)
class Handle:
    """An output that does not exist yet: what calling a step inside a pipeline gives."""

    call: int
    output: str


@dataclass(slots=True)
class _Recording:
    calls: list[Call] = field(default_factory=list)


_recording: contextvars.ContextVar[_Recording | None] = contextvars.ContextVar("remint_recording", default=None)


class Step(Generic[P, R]):
    """A step: a plain typed function, and what is declared about it.

    Called inside a pipeline it gives a handle; called anywhere else it runs the function.
    """

    def __init__(self, function: Callable[P, R], spec: StepSpec) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.spec = spec

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the function, or record the call where a pipeline is being planned."""
        recording = _recording.get()
        if recording is None:
            return self.function(*args, **kwargs)
        return cast(R, _record(recording, self, args, kwargs))


@overload
def step(function: Callable[P, R], /) -> Step[P, R]: ...
@overload
def step(
    *,
    seed: int | None = None,
    exact: Exact | None = None,
    threads: int = 1,
    memory: str | None = None,
    cpu_s: int | None = None,
    wall_s: int | None = None,
    network: bool = False,
    profile: str = "",
    secrets: Mapping[str, str] | None = None,
) -> Callable[[Callable[P, R]], Step[P, R]]: ...
def step(function: Callable[P, R] | None = None, /, **declared: Any) -> Any:
    """Make a step of a function.

    Args:
        function: plain and typed; the return annotation names what it makes: Table, Model, Metrics, Files, Report, a plain
            value, or a
            tuple of these.
        declared: keyword options.
            `seed`: given to `random`, `numpy.random` and torch before the step starts; without it they get fresh entropy.
            `exact`: the level at which the step must come out the same when made again: bytes, content, predictions or
            metrics. A step that says so without a seed gets a fixed hash seed.
            `threads`: how many threads its libraries use (default 1).
            `memory`: limit of resident memory, for example `2GiB`.
            `cpu_s`, `wall_s`: limits of time in seconds.
            `network`: allow connections; such a step always runs.
            `secrets`: names of secrets by the variable of the environment that it gets each in; it needs `network`.
            `profile`: the compute profile it runs under, by its name in the settings.

    Raises:
        Invalid: an option or the signature is not understood.
    """
    if function is not None:
        return Step(function, _spec(function))
    return lambda target: Step(target, _spec(target, **declared))


def _spec(
    function: Callable[..., Any],
    *,
    seed: int | None = None,
    exact: str | None = None,
    threads: int = 1,
    memory: str | None = None,
    secrets: Mapping[str, str] | None = None,
    **limits: Any,  # noqa: ANN401 - passed on to StepSpec
) -> StepSpec:
    if exact not in {None, *typing.get_args(Exact)}:
        raise Invalid(
            f"exact={exact!r} is no level", why=f"levels are {', '.join(typing.get_args(Exact))}", next_step="use one of them"
        )
    if secrets:
        require_variables(secrets)
        if not limits.get("network"):
            raise Invalid(
                f"step {function.__qualname__} gets no secret",
                why="its result could rest on the value, which is in no record, so it must not stand for later runs",
                next_step="let it connect (`network=True`): such a step always runs; or take the secret away",
            )
    fixed = seed is not None or exact is not None
    conditions = {"seed": seed, "exact": exact, "threads": threads, "hash_seed": 0 if fixed else "fresh"}
    return StepSpec(
        module=function.__module__,
        qualname=function.__qualname__,
        outputs=_outputs(function),
        conditions=conditions,
        memory_bytes=None if memory is None else _bytes(memory),
        secrets=dict(secrets or {}),
        **limits,
    )


def _bytes(text: str) -> int:
    number = text.rstrip("KMGiB ")
    unit = text[len(number) :].strip()
    if not number.strip().isdecimal() or unit not in UNITS:
        raise Invalid(
            f"{text!r} is no size", why="a size is a whole number with KiB, MiB or GiB", next_step="write it like 2GiB"
        )
    return int(number) * UNITS[unit]


def _outputs(function: Callable[..., Any]) -> dict[str, str]:
    hint = typing.get_type_hints(function).get("return", None)
    if hint is None:
        raise Invalid(
            f"step {function.__qualname__} does not say what it returns",
            why="the return annotation names the kind of artifact it makes",
            next_step="annotate it, for example `-> Table`",
        )
    if typing.get_origin(hint) is tuple:
        return {str(place): str(kind_of_hint(part)) for place, part in enumerate(typing.get_args(hint))}
    return {"out": str(kind_of_hint(hint))}


def _record(recording: _Recording, step_called: Step[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
    bound = inspect.signature(step_called.function).bind(*args, **kwargs)
    bound.apply_defaults()
    inputs: dict[str, Link] = {}
    arguments = {name: _encode(value, name, inputs) for name, value in bound.arguments.items()}
    cells = inspect.getclosurevars(step_called.function).nonlocals
    recording.calls.append(Call(step_called.spec, arguments, inputs, dict(cells)))
    handles = tuple(Handle(len(recording.calls) - 1, name) for name in step_called.spec.outputs)
    return handles[0] if len(handles) == 1 else handles


def _encode(value: object, name: str, inputs: dict[str, Link]) -> Any:  # noqa: ANN401 - canonical JSON
    if isinstance(value, Handle):
        inputs[name] = Link(call=value.call, output=value.output)
        return {"$input": name}
    if isinstance(value, RefInput):
        inputs[name] = Link(ref=value.text, optional=value.optional)
        return {"$input": name}
    if isinstance(value, Digest):
        inputs[name] = Link(digest=value)
        return {"$input": name}
    if type(value) in (list, tuple) and _holds_inputs(value):
        items = [_encode(item, f"{name}.{place}", inputs) for place, item in enumerate(cast(list[Any], value))]
        return items if isinstance(value, list) else {"$tuple": items}
    return canonical.encode_value(value, name=name)


def _holds_inputs(value: object) -> bool:
    if isinstance(value, Handle | RefInput | Digest):
        return True
    return type(value) in (list, tuple) and any(_holds_inputs(item) for item in cast(list[Any], value))


class Pipeline:
    """A pipeline: a function that calls steps, named after the ref it makes.

    Attributes:
        name: the ref its first result goes to.
        when: refs that start it when they move.
    """

    def __init__(self, function: Callable[..., Any], name: str, when: tuple[str, ...]) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.name = name
        self.when = when

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - a plain call of the user's function
        """Run the function and every step in it at once, as plain Python."""
        return self.function(*args, **kwargs)

    def parameters(self) -> dict[str, object]:
        """Return its parameters and their defaults."""
        return {name: found.default for name, found in inspect.signature(self.function).parameters.items()}

    def graph(self, given: Mapping[str, object] | None = None) -> Graph:
        """Return the graph of its steps, called with `given` parameters.

        Raises:
            Invalid: a parameter is unknown or missing, or the function returned something else than what steps gave it.
        """
        unknown = sorted(set(given or {}) - set(self.parameters()))
        if unknown:
            raise Invalid(
                f"pipeline {self.name} has no parameter {unknown[0]}",
                why=f"its parameters are {', '.join(self.parameters()) or '(none)'}",
                next_step="check the spelling of -p NAME=VALUE",
            )
        recording = _Recording()
        token = _recording.set(recording)
        try:
            returned = self.function(**(given or {}))
        finally:
            _recording.reset(token)
        return Graph(self.name, tuple(recording.calls), tuple(self._targets(returned)))

    def _targets(self, returned: object) -> Iterator[Target]:
        if isinstance(returned, Mapping):
            named = list(returned.items())
        else:
            first = returned[0] if isinstance(returned, tuple) and returned else returned
            named = [(self.name, first)]
        for name, handle in named:
            if not isinstance(handle, Handle):
                raise Invalid(
                    f"pipeline {self.name} returned a {type(handle).__name__} for {name}",
                    why="a pipeline returns results of its steps: one, a tuple whose first is the named one, or a dict by ref",
                    next_step="return the results of steps",
                )
            parse_ref(name)
            yield Target(name, handle.call, handle.output)


def pipeline(name: str, *, when: RefInput | tuple[RefInput, ...] = ()) -> Callable[[Callable[..., Any]], Pipeline]:
    """Make a pipeline of a function.

    Args:
        name: the ref its result goes to, for example `model/delay`.
        when: refs that start it when they move.

    Raises:
        InvalidName: `name` is no ref.
    """
    parse_ref(name)
    watched = when if isinstance(when, tuple) else (when,)
    return lambda function: Pipeline(function, name, tuple(item.text for item in watched))
