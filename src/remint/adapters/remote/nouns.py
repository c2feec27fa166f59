"""Nouns of plain JSON, as a server answers them."""

from collections.abc import Callable, Hashable
from functools import cache
from typing import Any, TypeVar, cast

import msgspec
from msgspec import inspect

from remint.core.plain import read_word

Kind = TypeVar("Kind")
Mend = Callable[[Any], Any]


def read(value: object, kind: type[Kind]) -> Kind:
    """Return plain JSON as a noun: what `core.plain.to_json` made of it.

    Raises:
        ValueError: it is none of that kind; msgspec.ValidationError is one.
    """
    mend = _mend(cast(Hashable, kind))
    mended = value if mend is None else mend(value)
    return msgspec.convert(mended, kind, strict=False, dec_hook=read_word, str_keys=True, builtin_types=(bytes,))


@cache
def _mend(kind: Hashable) -> Mend | None:
    return _of(inspect.type_info(kind))


def _of(info: inspect.Type) -> Mend | None:
    """Return what reads bytes of hexadecimal digits wherever a type has some (msgspec reads base64); None if it has none."""
    if isinstance(info, inspect.BytesType):
        return lambda value: bytes.fromhex(value) if isinstance(value, str) else value
    if isinstance(info, inspect.DataclassType | inspect.StructType):
        return _of_fields({field.encode_name: _of(field.type) for field in info.fields})
    if isinstance(info, inspect.ListType | inspect.SetType | inspect.FrozenSetType | inspect.VarTupleType):
        return _of_items(_of(info.item_type))
    if isinstance(info, inspect.TupleType):
        return _of_tuple([_of(item) for item in info.item_types])
    if isinstance(info, inspect.DictType):
        return _of_values(_of(info.value_type))
    if isinstance(info, inspect.UnionType):
        return next((mend for mend in map(_of, info.types) if mend is not None), None)
    return None


def _of_fields(fields: dict[str, Mend | None]) -> Mend | None:
    mends = {name: mend for name, mend in fields.items() if mend is not None}

    def mended(value: Any) -> Any:  # noqa: ANN401 - JSON
        if not isinstance(value, dict):
            return value
        return {**value, **{name: mend(value[name]) for name, mend in mends.items() if name in value}}

    return mended if mends else None


def _of_items(mend: Mend | None) -> Mend | None:
    return None if mend is None else lambda value: [mend(item) for item in value] if isinstance(value, list) else value


def _of_tuple(mends: list[Mend | None]) -> Mend | None:
    def mended(value: Any) -> Any:  # noqa: ANN401 - JSON
        if not isinstance(value, list) or len(value) != len(mends):
            return value
        return [item if mend is None else mend(item) for mend, item in zip(mends, value, strict=True)]

    return mended if any(mends) else None


def _of_values(mend: Mend | None) -> Mend | None:
    if mend is None:
        return None
    return lambda value: {key: mend(item) for key, item in value.items()} if isinstance(value, dict) else value
