"""Arrays in a skops file, brought to one form: little-endian, C order, field by field."""

import io
import math
import tokenize
import zipfile
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from remint.adapters.formats.skops_archive import DAMAGE, refuse
from remint.core import canonical
from remint.core.digest import digest_record
from remint.errors import Invalid

MAX_FIELDS: Final = 1_000
_SPARSE_MEMBERS: Final = 16
_HEADER_DAMAGE: Final = (
    *DAMAGE,
    SyntaxError,
    TypeError,
    tokenize.TokenError,
    RecursionError,
    MemoryError,
    AttributeError,
    IndexError,
)


@dataclass(frozen=True)
class ArrayLeaf:
    """An array of numbers, booleans, times or fixed-size text.

    Attributes:
        values: the array; read-only.
    """

    values: NDArray[Any]

    @cached_property
    def raw(self) -> bytes:
        """The digest of type, shape and values; padding between fields, byte order and memory order are no part of it."""
        header = {"dtype": _type_record(self.values.dtype), "shape": list(self.values.shape)}
        return digest_record("model skops array v1", [canonical.dumps(header) + b"\0", *_contents(self.values)]).raw


def _type_record(dtype: np.dtype[Any]) -> object:
    if dtype.names is not None:
        return [[name, _type_record(dtype[name])] for name in dtype.names]
    if dtype.subdtype is not None:
        return {"of": _type_record(dtype.subdtype[0]), "shape": list(dtype.subdtype[1])}
    return dtype.newbyteorder("<").str


def _contents(values: NDArray[Any]) -> list[bytes]:
    if values.dtype.names is not None:
        return [part for name in values.dtype.names for part in _contents(values[name])]
    if values.dtype.byteorder == ">":
        values = values.astype(values.dtype.newbyteorder("<"))
    return [values.tobytes(order="C")]


def read_array(content: bytes, name: str) -> ArrayLeaf:
    """Return the array of a `.npy` member.

    Raises:
        Corrupt: the bytes are no such array, or are more or fewer than its shape needs.
        Invalid: it has extended precision, whose bytes differ from machine to machine.
    """
    file = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(file)
    except _HEADER_DAMAGE as error:
        refuse(f"the array {name} has no readable header: {error}", error)
    _require_plain(dtype, name)
    held = content[file.tell() :]
    if any(length < 0 for length in shape) or math.prod(shape) * dtype.itemsize != len(held):
        refuse(f"the array {name} has {len(held)} bytes for the shape {shape} of {dtype.str}")
    if not dtype.itemsize:
        return ArrayLeaf(np.empty(shape, dtype))
    flat = np.frombuffer(held, dtype=dtype)
    return ArrayLeaf(flat.reshape(shape[::-1]).T if fortran else flat.reshape(shape))


def _require_plain(dtype: np.dtype[Any], name: str) -> None:
    if dtype.hasobject:
        refuse(f"the array {name} holds pickled objects")
    if dtype.names is not None:
        if len(dtype.names) > MAX_FIELDS:
            refuse(f"the array {name} has more than {MAX_FIELDS} fields")
        for field in dtype.names:
            _require_plain(dtype[field], name)
    elif dtype.subdtype is not None:
        _require_plain(dtype.subdtype[0], name)
    elif dtype.kind in "fc" and dtype.itemsize // (2 if dtype.kind == "c" else 1) > 8:
        raise Invalid(
            f"the model holds numbers of type {dtype.name}",
            why="extended precision has other bytes on other machines, so such a model has no digest",
            next_step="convert the numbers to float64 before the model is saved",
        )


def read_sparse(content: bytes, name: str) -> dict[str, ArrayLeaf]:
    """Return the arrays of a sparse matrix, a `.npz` member, by their names.

    Raises:
        Corrupt: the bytes are no such archive, or unpack to more than a thousand times their size.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            unpacked = sum(member.file_size for member in members)
            names = {member.filename for member in members}
            if not members or len(members) > _SPARSE_MEMBERS or len(names) < len(members) or unpacked > 1_032 * len(content):
                refuse(f"the sparse matrix {name} is not as scipy writes it")
            return {member: read_array(archive.read(member), f"{name}/{member}"[:80]) for member in sorted(names)}
    except DAMAGE as error:
        refuse(f"the sparse matrix {name} is damaged: {error}", error)
