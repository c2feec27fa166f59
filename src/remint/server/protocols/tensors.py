"""Tensors of the inference protocol as arrays: from JSON and binary to rows, and from scores to JSON and binary."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remint.core.inference import MAX_TEXT, InferRequest, Layout, Tensor, flat, invalid

DTYPES = {
    "BOOL": "?",
    "UINT8": "u1",
    "UINT16": "<u2",
    "UINT32": "<u4",
    "UINT64": "<u8",
    "INT8": "i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "FP16": "<f2",
    "FP32": "<f4",
    "FP64": "<f8",
}
EXACT = 1 << 53
_FLOATS = {float, int, type(None)}
_LENGTH_BYTES = 4


class Pieces:
    """The binary part of a request, handed out to its tensors in the order of the request.

    Raises:
        Invalid: the tensors claim more or fewer bytes than there are.
    """

    def __init__(self, content: memoryview, request: InferRequest) -> None:
        self._of: dict[str, memoryview] = {}
        at = 0
        for tensor in request.inputs:
            if tensor.binary_bytes is not None:
                self._of[tensor.name] = content[at : at + tensor.binary_bytes]
                at += tensor.binary_bytes
        if at != len(content):
            raise invalid("the request was refused", f"its binary part has {len(content)} bytes, and its tensors claim {at}")

    def of(self, tensor: Tensor) -> memoryview:
        """Return the bytes of a binary tensor."""
        return self._of[tensor.name]


def rows_of(layout: Layout, features: Sequence[str], pieces: Pieces) -> NDArray[np.float64]:
    """Return the features of a request, float64, shape (rows, features), NaN for missing values.

    Raises:
        Invalid: values are not of their datatype, not finite, or not exact in float64.
    """
    if layout.matrix is not None:
        return _numbers(layout.matrix, pieces).reshape(layout.rows, len(features))
    plain = _plain_columns(layout, features)
    if plain is not None:
        return _finite(np.ascontiguousarray(np.array(plain, np.float64).T), "an input")
    rows = np.full((layout.rows, len(features)), np.nan)
    for place, name in enumerate(features):
        tensor = layout.columns.get(name)
        if tensor is not None:
            rows[:, place] = _numbers(tensor, pieces)
    return rows


def _plain_columns(layout: Layout, features: Sequence[str]) -> list[list[Any]] | None:
    """Return the values of every feature if all came as FP64 in JSON, which is what most clients send; None otherwise."""
    columns = [layout.columns.get(name) for name in features]
    plain = [flat(one) for one in columns if one is not None and one.data is not None and one.datatype == "FP64"]
    if len(plain) != len(features) or not set(map(type, chain.from_iterable(plain))) <= _FLOATS:
        return None
    # A whole number too large for float64 is left for the way that names its input.
    return plain if all(-EXACT <= value <= EXACT for column in plain for value in column if type(value) is int) else None


def _numbers(tensor: Tensor, pieces: Pieces) -> NDArray[np.float64]:
    binary = tensor.binary_bytes is not None
    given = np.frombuffer(pieces.of(tensor), DTYPES[tensor.datatype]) if binary else _from_json(tensor)
    if given.dtype.kind in "iu" and given.size and (given.max() > EXACT or given.min() < -EXACT):
        raise invalid(f"input {tensor.name!r} was refused", "a whole number beyond 2^53 has no exact float64")
    return _finite(given.astype(np.float64), f"input {tensor.name!r}")


def _finite(numbers: NDArray[np.float64], what: str) -> NDArray[np.float64]:
    if np.isinf(numbers).any():
        raise invalid(f"{what} was refused", "a number is not finite; a missing value is null, or NaN if binary")
    return numbers


def _from_json(tensor: Tensor) -> NDArray[Any]:
    values = flat(tensor)
    kinds = set(map(type, values))
    floats = tensor.datatype.startswith("FP")
    allowed = _FLOATS if floats else {bool} if tensor.datatype == "BOOL" else {int}
    if not kinds <= allowed:
        wrong = next(value for value in values if type(value) not in allowed)
        raise invalid(f"input {tensor.name!r} was refused", f"{type(wrong).__name__} is not {tensor.datatype}")
    try:
        with np.errstate(over="ignore"):  # a number beyond FP32 becomes infinite, and is refused as such
            return np.array(values, np.float64).astype(DTYPES[tensor.datatype]) if floats else _whole(values, tensor.datatype)
    except OverflowError as error:
        raise invalid(f"input {tensor.name!r} was refused", f"a number does not fit {tensor.datatype}") from error


def _whole(values: list[int], datatype: str) -> NDArray[Any]:
    return np.array(values, DTYPES[datatype])


def keys_of(request: InferRequest, layout: Layout, pieces: Pieces) -> list[str | None]:
    """Return the entity key of each row.

    Raises:
        Invalid: a key is not a text of 1 to 256 characters, or keys are given twice.
    """
    if layout.keys is None:
        return [request.key] * layout.rows
    if request.key is not None:
        raise invalid("the request was refused", "keys are in the input `key` or in the parameter `key`, not in both")
    keys = flat(layout.keys) if layout.keys.binary_bytes is None else _texts(pieces.of(layout.keys), layout.rows)
    for key in keys:
        if not isinstance(key, str) or not 0 < len(key) <= MAX_TEXT or not _is_utf8(key):
            raise invalid("input 'key' was refused", f"a key is a text of 1 to {MAX_TEXT} characters")
    return keys


def _is_utf8(text: str) -> bool:
    return text.isascii() or text.encode("utf-8", "replace").decode("utf-8") == text


def _texts(content: memoryview, count: int) -> list[str | None]:
    """Return the elements of a binary BYTES tensor: each a length of four bytes, then so many bytes of UTF-8."""
    texts: list[str | None] = []
    at = 0
    while at + _LENGTH_BYTES <= len(content) and len(texts) < count:
        size = int.from_bytes(content[at : at + _LENGTH_BYTES], "little")
        at += _LENGTH_BYTES
        try:
            texts.append(str(content[at : at + size], "utf-8"))
        except UnicodeDecodeError as error:
            raise invalid("input 'key' was refused", "a key is not UTF-8") from error
        at += size
    if len(texts) != count or at != len(content):
        raise invalid("input 'key' was refused", f"its bytes do not hold {count} elements")
    return texts


def encode_outputs(
    arrays: Mapping[str, NDArray[Any]], datatypes: Mapping[str, str], wanted: Mapping[str, bool]
) -> tuple[list[dict[str, Any]], list[bytes]]:
    """Return the output tensors as the response's JSON names them, and the binary parts in their order."""
    outputs: list[dict[str, Any]] = []
    binary: list[bytes] = []
    for name, as_bytes in wanted.items():
        array = arrays[name]
        output: dict[str, Any] = {"name": name, "datatype": datatypes[name], "shape": list(array.shape)}
        if as_bytes:
            content = np.ascontiguousarray(array, DTYPES[datatypes[name]]).tobytes()
            output["parameters"] = {"binary_data_size": len(content)}
            binary.append(content)
        else:
            output["data"] = array.tolist()
        outputs.append(output)
    return outputs, binary
