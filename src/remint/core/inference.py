"""The rules of the Open Inference Protocol, version 2, that need no arrays: what a request says, and which feature is where.

Source: the REST specification of kserve/open-inference-protocol and its binary tensor extension.
"""

import itertools
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from remint.errors import Invalid, LimitReached

SIZES = {
    "BOOL": 1,
    "UINT8": 1,
    "UINT16": 2,
    "UINT32": 4,
    "UINT64": 8,
    "INT8": 1,
    "INT16": 2,
    "INT32": 4,
    "INT64": 8,
    "FP16": 2,
    "FP32": 4,
    "FP64": 8,
    "BYTES": 0,
}
"""Bytes of one element by datatype; elements of BYTES carry their own length."""

MATRIX = "input"
KEY = "key"
OUTPUTS = ("score", "label")
MAX_DEPTH = 16
MAX_TEXT = 256
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class Tensor(NamedTuple):
    """One input tensor as the request describes it.

    Attributes:
        shape: at most two dimensions.
        data: the values of JSON, nested or flat, row by row; None if the tensor is binary.
        binary_bytes: how many bytes of the binary part are its own; None if it is not binary.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: list[Any] | None
    binary_bytes: int | None

    @property
    def elements(self) -> int:
        """How many elements it has."""
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class InferRequest:
    """A request for predictions.

    Attributes:
        id: what the client calls it; echoed.
        outputs: the outputs asked for, and whether each is to be binary; every output if empty.
        binary: whether outputs are binary where nothing else is said.
        key: the entity of all rows.
        allow_missing: whether whole features may be left out; they are missing values then.
    """

    id: str | None
    inputs: tuple[Tensor, ...]
    outputs: Mapping[str, bool]
    binary: bool
    key: str | None
    allow_missing: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the rows of a request are.

    Attributes:
        rows: how many.
        matrix: the one tensor with all features, or None.
        columns: the tensor of each feature; empty if there is a matrix.
        keys: the tensor of entity keys, or None.
    """

    rows: int
    matrix: Tensor | None
    columns: Mapping[str, Tensor]
    keys: Tensor | None


def invalid(what: str, why: str) -> Invalid:
    """Return the error for a request that breaks a rule of the protocol."""
    return Invalid(what, why=why, next_step="see GET /v2/models/NAME for the inputs and outputs")


def read_json(body: bytes) -> Any:  # noqa: ANN401 - JSON
    """Return the value of a JSON text, read strictly.

    Raises:
        Invalid: it is not UTF-8 or not JSON, an object names a key twice, a number is not finite, or it nests deeper than 16.

    Example:
        >>> read_json(b'{"a": [1, null]}')
        {'a': [1, None]}
    """
    if depth(body) > MAX_DEPTH:
        raise invalid("the request is not read", f"its JSON nests deeper than {MAX_DEPTH}")
    try:
        return _DECODER.decode(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise invalid("the request is not JSON", str(error)[:MAX_TEXT]) from error


def depth(body: bytes) -> int:
    """Return how deep the brackets outside of strings nest.

    Example:
        >>> depth(b'{"a": [[1]], "b": "[[[["}')
        3
    """
    brackets = _STRINGS.sub(b"", body).translate(None, _NOT_BRACKETS)
    return max(itertools.accumulate(1 if bracket in b"[{" else -1 for bracket in brackets), default=0)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"an object names {next(name for name in names if names.count(name) > 1)!r} twice")
    return held


def _refuse_constant(text: str) -> object:
    raise ValueError(f"{text} is not a number of JSON; a missing value is null")


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant)


def parse_request(value: object) -> InferRequest:
    """Return what the JSON of a request says.

    Raises:
        Invalid: it breaks a rule of the protocol; the message names the member.
    """
    if not isinstance(value, dict):
        raise invalid("the request was refused", "its JSON is an object with `inputs`")
    parameters = _object(value.get("parameters"), "parameters")
    inputs = value.get("inputs")
    if not isinstance(inputs, list) or not inputs:
        raise invalid("the request was refused", "`inputs` is a list with at least one tensor")
    tensors = tuple(_tensor(item) for item in inputs)
    _require_once((tensor.name for tensor in tensors), "inputs")
    binary = _flag(parameters, "binary_data_output")
    request_id = value.get("id")
    return InferRequest(
        id=None if request_id is None else _text(request_id, "id"),
        inputs=tensors,
        outputs=_outputs(value.get("outputs"), binary=binary),
        binary=binary,
        key=None if parameters.get(KEY) is None else _text(parameters[KEY], "parameters.key"),
        allow_missing=_flag(parameters, "allow_missing"),
    )


def _tensor(item: object) -> Tensor:
    if not isinstance(item, dict):
        raise invalid("the request was refused", "every input is an object with name, shape, datatype and data")
    name = _text(item.get("name"), "inputs[].name")
    datatype = item.get("datatype")
    if not isinstance(datatype, str) or datatype not in SIZES:
        raise invalid(f"input {name!r} was refused", f"its datatype is one of {', '.join(SIZES)}")
    shape = item.get("shape")
    if not isinstance(shape, list) or not 1 <= len(shape) <= 2 or any(type(size) is not int or size < 0 for size in shape):
        raise invalid(f"input {name!r} was refused", "its shape is a list of one or two sizes, none below 0")
    size = _object(item.get("parameters"), "parameters of an input").get("binary_data_size")
    if size is not None and (type(size) is not int or size < 0):
        raise invalid(f"input {name!r} was refused", "binary_data_size is a whole number of bytes")
    data = item.get("data")
    if (data is None) == (size is None) or not (data is None or isinstance(data, list)):
        raise invalid(f"input {name!r} was refused", "it has either `data`, a list, or the parameter binary_data_size")
    made = Tensor(name, datatype, tuple(shape), data, size)
    if size is not None and SIZES[datatype] and size != made.elements * SIZES[datatype]:
        wanted = made.elements * SIZES[datatype]
        raise invalid(f"input {name!r} was refused", f"shape and datatype make {wanted} bytes, and binary_data_size is {size}")
    if size is None and datatype == "FP16":
        raise invalid(f"input {name!r} was refused", "FP16 has no form in JSON; send it binary, or as FP32")
    return made


def _outputs(value: object, *, binary: bool) -> dict[str, bool]:
    if value is None:
        return {}
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise invalid("the request was refused", "`outputs` is a list of objects with a name")
    names = [_text(item.get("name"), "outputs[].name") for item in value]
    _require_once(names, "outputs")
    given = [_object(item.get("parameters"), "parameters of an output") for item in value]
    return {
        name: _flag(parameters, "binary_data") if "binary_data" in parameters else binary
        for name, parameters in zip(names, given, strict=True)
    }


def _object(value: object, what: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid("the request was refused", f"{what} is an object")
    return value


def _flag(parameters: Mapping[str, Any], name: str) -> bool:
    value = parameters.get(name, False)
    if not isinstance(value, bool):
        raise invalid("the request was refused", f"{name} is true or false")
    return value


def _text(value: object, what: str) -> str:
    if not isinstance(value, str) or not value or len(value) > MAX_TEXT or not is_writable(value):
        raise invalid("the request was refused", f"{what} is a text of 1 to {MAX_TEXT} characters")
    return value


def is_writable(text: str) -> bool:
    """Return whether a text has a form in UTF-8: a lone surrogate has none."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def _require_once(names: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise invalid("the request was refused", f"{what} name {name!r} twice")
        seen.add(name)


def arrange(request: InferRequest, features: Sequence[str], *, most_rows: int) -> Layout:
    """Return where the features of a request are.

    Args:
        request: as parsed.
        features: what the model expects, in order.
        most_rows: of one request.

    Raises:
        Invalid: an input is unknown, a feature is missing, or the numbers of rows differ.
        LimitReached: there are more rows than `most_rows`.
    """
    given = {tensor.name: tensor for tensor in request.inputs}
    keys = given.pop(KEY, None) if KEY not in features else None
    matrix = given.pop(MATRIX, None) if MATRIX not in features else None
    if matrix is not None and given:
        raise invalid("the request was refused", f"{MATRIX!r} holds every feature, so {next(iter(given))!r} has no place")
    known = set(features)
    unknown = [name for name in given if name not in known]
    if unknown:
        raise invalid(f"input {unknown[0]!r} was refused", f"the model has no such input; it has {_named(features)}")
    missing = [] if matrix is not None or request.allow_missing else [name for name in features if name not in given]
    if missing:
        raise invalid(f"input {missing[0]!r} is missing", "every feature is sent, unless the parameter allow_missing is true")
    rows = _rows(matrix, given, keys, len(features))
    if rows > most_rows:
        raise LimitReached(
            f"{rows} rows were refused", why=f"a request has at most {most_rows}", next_step="send fewer at a time"
        )
    return Layout(rows, matrix, given, keys)


def _rows(matrix: Tensor | None, columns: Mapping[str, Tensor], keys: Tensor | None, width: int) -> int:
    if matrix is not None and (len(matrix.shape) != 2 or matrix.shape[1] != width):
        raise invalid(f"input {MATRIX!r} was refused", f"its shape is [rows, {width}], one column a feature")
    tensors = [*columns.values(), *([keys] if keys is not None else [])]
    for tensor in tensors:
        if len(tensor.shape) == 2 and tensor.shape[1] != 1:
            raise invalid(f"input {tensor.name!r} was refused", "its shape is [rows] or [rows, 1]")
    if keys is not None and keys.datatype != "BYTES":
        raise invalid(f"input {KEY!r} was refused", "entity keys are BYTES")
    for tensor in ([matrix] if matrix is not None else []) + list(columns.values()):
        if tensor.datatype == "BYTES":
            raise invalid(f"input {tensor.name!r} was refused", "features are numbers, and BYTES are not")
    sizes = {tensor.shape[0] for tensor in tensors} | ({matrix.shape[0]} if matrix is not None else set())
    if len(sizes) != 1:
        raise invalid("the request was refused", "its inputs have different numbers of rows")
    rows = sizes.pop()
    if rows == 0:
        raise invalid("the request was refused", "it has no rows")
    return rows


def _named(features: Sequence[str]) -> str:
    return ", ".join(features[:20]) + (" …" if len(features) > 20 else "")


def flat(tensor: Tensor) -> list[Any]:
    """Return the values of a JSON tensor in a flat list.

    Raises:
        Invalid: they are nested, but not as the shape says, or their number is another.

    Example:
        >>> flat(Tensor("x", "FP64", (2, 2), [[1, 2], [3, 4]], None))
        [1, 2, 3, 4]
    """
    assert tensor.data is not None
    values = tensor.data
    if len(tensor.shape) == 2 and values and isinstance(values[0], list):
        if len(values) != tensor.shape[0] or any(type(row) is not list or len(row) != tensor.shape[1] for row in values):
            raise invalid(f"input {tensor.name!r} was refused", f"its data is not of the shape {list(tensor.shape)}")
        values = list(itertools.chain.from_iterable(values))
    if len(values) != tensor.elements:
        why = f"its data has {len(values)} values, and the shape {list(tensor.shape)} has {tensor.elements}"
        raise invalid(f"input {tensor.name!r} was refused", why)
    return values


def wanted_outputs(request: InferRequest, available: Sequence[str]) -> dict[str, bool]:
    """Return the outputs to send, and whether each is binary.

    Raises:
        Invalid: an output is asked for that the model does not have.
    """
    for name in request.outputs:
        if name not in available:
            raise invalid(f"output {name!r} was refused", f"the model has {', '.join(available)}")
    return dict(request.outputs) or dict.fromkeys(available, request.binary)
