"""One canonical JSON for everything that is hashed or signed, and the encoding of parameters in it.

Canonical JSON here: UTF-8, object keys sorted by code point, no white space, integers in full, no floats, strings as they are
(the shortest JSON escapes). Values of other kinds carry a tag: an object with one key that starts with `$`.
The format is frozen: see docs/format/records.md and the test vectors in tests/vectors/records/.
"""

import datetime as dt
import decimal
import json
import math
import re
import struct
from collections.abc import Callable
from typing import Any, TypeAlias

from remint.errors import Invalid, UnhashableParameter

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"


_PLAIN = frozenset({str, int, bool, type(None)})
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def dumps(value: object) -> bytes:
    """Return the canonical bytes of a value made of None, bool, int, str, list and dict.

    Raises:
        Invalid: a float, a non-string key, a lone surrogate, an integer of more than 4,300 digits, or any other kind of value
            is inside, or it nests too deep (a value inside itself does).

    Example:
        >>> dumps({"b": 1, "a": [True, None]})
        b'{"a":[true,null],"b":1}'
    """
    try:
        if not _is_plain(value):
            _refuse_what_is_not_plain(value, "$")
        return _ENCODER.encode(value).encode()
    except UnicodeEncodeError as error:
        raise Invalid(
            "a text cannot be encoded", why=f"it holds a lone surrogate: {error}", next_step="give valid Unicode"
        ) from error
    except RecursionError:
        raise Invalid("a record nests too deep", why="it may hold itself", next_step="give flatter values") from None
    except ValueError as error:
        raise Invalid("an integer cannot be encoded", why=str(error), next_step="give it as text or bytes") from error


def loads(content: bytes | str) -> Any:  # noqa: ANN401 - JSON is untyped by nature; callers build nouns from it
    """Return the value of canonical bytes."""
    return json.loads(content)


def _is_plain(value: object) -> bool:
    """Return whether a value is canonical JSON; loops and exact types first, because every key of a plan comes through here."""
    if type(value) in _PLAIN:
        return True
    if isinstance(value, dict):
        for key, item in value.items():  # noqa: SIM110 - a generator takes three times as long
            if not (isinstance(key, str) and _is_plain(item)):
                return False
        return True
    if isinstance(value, list | tuple):
        for item in value:  # noqa: SIM110 - as above
            if not _is_plain(item):
                return False
        return True
    return isinstance(value, int | str)


def _refuse_what_is_not_plain(value: object, where: str) -> None:
    """Raise for the first thing inside that is not plain, and say where it is."""
    if value is None or isinstance(value, bool | int | str):
        return
    if isinstance(value, list | tuple):
        for position, item in enumerate(value):
            _refuse_what_is_not_plain(item, f"{where}[{position}]")
        return
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise Invalid(f"{where} has the key {key!r}", why="canonical keys are text", next_step="use text keys")
            _refuse_what_is_not_plain(item, f"{where}.{key}")
        return
    raise Invalid(
        f"{where} is a {type(value).__name__}",
        why="canonical records hold null, true, false, integers, text, lists and objects",
        next_step="encode it with `encode_value` first",
    )


def encode_value(value: object, *, name: str = "value") -> Json:
    """Return a parameter as canonical JSON, with a tag wherever JSON would forget the kind.

    Numbers keep their kind (1 and 1.0 are two values), floats keep every bit, a tuple is not a list.

    Raises:
        UnhashableParameter: the value, or something in it, has no canonical encoding, or it nests too deep.

    Example:
        >>> encode_value({"rate": 0.5, "days": (7, 30)})
        {'rate': {'$f64': '3fe0000000000000'}, 'days': {'$tuple': [7, 30]}}
    """
    try:
        return _encode(value, name)
    except RecursionError:
        raise UnhashableParameter(
            f"parameter {name} has no canonical encoding",
            why="it nests too deep, or holds itself",
            next_step="pass flatter values, or make the object an input artifact",
            parameter=name,
        ) from None


def _encode(value: object, name: str) -> Json:
    if value is None or isinstance(value, bool):
        return value
    if type(value) in (int, str):
        return value  # type: ignore[return-value]
    if type(value) is float:
        return {"$f64": struct.pack(">d", value).hex()}
    if type(value) is dict:
        return _encode_dict(value, name)
    if type(value) in (list, tuple, set, frozenset):
        return _encode_many(value, name)
    scalar = _encode_scalar(value)
    if scalar is None:
        raise UnhashableParameter(
            f"parameter {name} has no canonical encoding",
            why=f"it is a {type(value).__module__}.{type(value).__qualname__}; keys are made of null, bool, int, float, text, "
            "bytes, Decimal, date, datetime, timedelta, list, tuple, set and dict",
            next_step="pass plain values, or make the object an input artifact",
            parameter=name,
        )
    return scalar


def _encode_dict(value: dict[Any, Any], name: str) -> Json:
    if all(isinstance(key, str) and not key.startswith("$") for key in value):
        return {key: _encode(item, f"{name}.{key}") for key, item in value.items()}
    pairs: list[Json] = [[_encode(key, f"{name} key"), _encode(item, f"{name}[{key!r}]")] for key, item in value.items()]
    return {"$dict": sorted(pairs, key=dumps)}


def _encode_many(value: Any, name: str) -> Json:  # noqa: ANN401 - one of four containers
    items = [_encode(item, f"{name}[{position}]") for position, item in enumerate(value)]
    if isinstance(value, list):
        return items
    if isinstance(value, tuple):
        return {"$tuple": items}
    return {"$set": sorted(items, key=dumps)}


def _encode_scalar(value: object) -> Json:
    if type(value) is bytes:
        return {"$bytes": value.hex()}
    if type(value) is decimal.Decimal:
        return {"$decimal": str(value)}
    if type(value) is dt.datetime:
        return {"$datetime": value.isoformat()}
    if type(value) is dt.date:
        return {"$date": value.isoformat()}
    if type(value) is dt.timedelta:
        return {"$timedelta_us": value // dt.timedelta(microseconds=1)}
    return None


def decode_value(value: Json) -> object:
    """Return the value that `encode_value` encoded.

    A set inside a set, or in the key of a dict, comes back as a frozenset, any other as a set. Zones of times come back as
    fixed offsets.

    Raises:
        Invalid: it carries a tag that this version does not know.

    Example:
        >>> decode_value(encode_value((1, 2.5, {3})))
        (1, 2.5, {3})
    """
    return _decode(value, hashable=False)


def _decode(value: Json, *, hashable: bool) -> object:
    if isinstance(value, list):
        return [_decode(item, hashable=False) for item in value]
    if not isinstance(value, dict):
        return value
    tag = next(iter(value), "")
    if not tag.startswith("$"):
        return {key: _decode(item, hashable=False) for key, item in value.items()}
    if tag not in _DECODERS or len(value) != 1:
        raise Invalid(
            f"a recorded value carries the unknown tag {tag[:40]}",
            why="it was written by a later version, or altered",
            next_step="upgrade Remint, or restore .remint/ from a backup",
        )
    return _DECODERS[tag](value[tag], hashable)


def _decode_set(held: list[Json], hashable: bool) -> object:  # noqa: FBT001 - one signature for all decoders
    items = frozenset(_decode(item, hashable=True) for item in held)
    return items if hashable else set(items)


_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{6}))?)?$")


def _moment(text: str) -> dt.datetime:
    """Return the moment that `isoformat` wrote; the standard parser takes an offset of less than a second for none."""
    found = _OFFSET.search(text)
    if found is None:
        return dt.datetime.fromisoformat(text)
    hours, minutes, seconds, micros = (int(part or 0) for part in found.groups()[1:])
    offset = dt.timedelta(hours=hours, minutes=minutes, seconds=seconds, microseconds=micros)
    zone = dt.timezone(-offset if found[1] == "-" else offset)
    return dt.datetime.fromisoformat(text[: found.start()]).replace(tzinfo=zone)


_DECODERS: dict[str, Callable[[Any, bool], object]] = {
    "$f64": lambda held, _: struct.unpack(">d", bytes.fromhex(held))[0],
    "$bytes": lambda held, _: bytes.fromhex(held),
    "$decimal": lambda held, _: decimal.Decimal(held),
    "$datetime": lambda held, _: _moment(held),
    "$date": lambda held, _: dt.date.fromisoformat(held),
    "$timedelta_us": lambda held, _: dt.timedelta(microseconds=held),
    "$tuple": lambda held, hashable: tuple(_decode(item, hashable=hashable) for item in held),
    "$set": _decode_set,
    "$dict": lambda held, _: {_decode(key, hashable=True): _decode(item, hashable=False) for key, item in held},
}


def float_text(value: float) -> str:
    """Return a float for people and for JSON that is not hashed: shortest form that reads back equal.

    Example:
        >>> float_text(0.1), float_text(math.inf)
        ('0.1', 'inf')
    """
    return repr(value) if math.isfinite(value) else str(value)
