"""The names of column types: one text a type, the same whatever library holds the column.

A tag is part of every table digest and of every data contract, so its spelling is frozen: see docs/format/tables.md.
"""

import re
from dataclasses import dataclass
from typing import Final, NoReturn

from remint.core import canonical
from remint.errors import Invalid

MAX_DEPTH: Final = 32
UNITS: Final = ("s", "ms", "us", "ns")
PLAIN: Final = frozenset(
    {
        *("null", "bool", "utf8", "binary", "date32"),
        *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
        *("float16", "float32", "float64"),
        *("time32[s]", "time32[ms]", "time64[us]", "time64[ns]"),
        *(f"duration[{unit}]" for unit in UNITS),
    }
)
_UTC: Final = frozenset({"UTC", "Etc/UTC", "+00:00", "-00:00", "Z"})
_ZONE: Final = re.compile(r"[A-Za-z0-9_+\-/]+(:[0-9]{2})?")
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TIMESTAMP: Final = re.compile(r"timestamp\[(s|ms|us|ns)(?:,([^\]]+))?\]")
_DECIMAL: Final = re.compile(r"decimal(128|256)\((\d{1,2}),(-?\d{1,2})\)")
_TOKEN: Final = re.compile(r"[a-z0-9]+(?:\[[^\]]*\]|\([^)]*\))?")
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True, slots=True)
class TypeTag:
    """A parsed tag; `str()` gives the one spelling back.

    Attributes:
        kind: `plain`, `timestamp`, `decimal`, `list` or `struct`.
        name: the tag of a plain type; empty otherwise.
        unit: `s`, `ms`, `us` or `ns` of a timestamp.
        zone: the zone of a timestamp, None for wall-clock time.
        precision: digits of a decimal.
        scale: digits after the point of a decimal; may be negative.
        fields: name and type of the children; a list has one, named `item`.

    Example:
        >>> str(parse_tag("list<timestamp[us,Etc/UTC]>"))
        'list<timestamp[us,UTC]>'
    """

    kind: str
    name: str = ""
    unit: str = ""
    zone: str | None = None
    precision: int = 0
    scale: int = 0
    fields: tuple[tuple[str, "TypeTag"], ...] = ()

    def __str__(self) -> str:
        if self.kind == "timestamp":
            return f"timestamp[{self.unit},{self.zone}]" if self.zone else f"timestamp[{self.unit}]"
        if self.kind == "decimal":
            return f"decimal{128 if self.precision <= 38 else 256}({self.precision},{self.scale})"
        if self.kind == "list":
            return f"list<{self.fields[0][1]}>"
        if self.kind == "struct":
            return "struct<" + ",".join(f"{_field_name(name)}:{tag}" for name, tag in self.fields) + ">"
        return self.name


def _field_name(name: str) -> str:
    return name if _WORD.fullmatch(name) else canonical.dumps(name).decode()


def plain(name: str) -> TypeTag:
    """Return the tag of a type without parameters, for example `plain("int64")`."""
    if name not in PLAIN:
        _refuse(name, f"there is no type {name!r}")
    return TypeTag("plain", name=name)


def timestamp(unit: str, zone: str | None) -> TypeTag:
    """Return the tag of a timestamp; the five spellings of UTC become `UTC`.

    Example:
        >>> str(timestamp("us", "+00:00")), str(timestamp("ns", None))
        ('timestamp[us,UTC]', 'timestamp[ns]')
    """
    if unit not in UNITS:
        _refuse(f"timestamp[{unit}]", "a unit is s, ms, us or ns")
    if not zone:
        return TypeTag("timestamp", unit=unit)
    if zone in _UTC:
        zone = "UTC"
    if not _ZONE.fullmatch(zone):
        _refuse(f"timestamp[{unit},{zone}]", "a zone is a name like Europe/Paris or an offset like +02:00")
    return TypeTag("timestamp", unit=unit, zone=zone)


def decimal(precision: int, scale: int) -> TypeTag:
    """Return the tag of a decimal: 16 bytes up to 38 digits, 32 bytes above, whatever width the writer chose.

    Example:
        >>> str(decimal(9, 2)), str(decimal(40, 0))
        ('decimal128(9,2)', 'decimal256(40,0)')
    """
    if not 1 <= precision <= 76 or not -99 <= scale <= 99:
        _refuse(f"decimal({precision},{scale})", "a precision is 1 to 76 digits and a scale -99 to 99")
    return TypeTag("decimal", precision=precision, scale=scale)


def list_of(item: TypeTag) -> TypeTag:
    """Return the tag of a list, whatever its offsets are made of."""
    return TypeTag("list", fields=(("item", item),))


def struct_of(fields: tuple[tuple[str, TypeTag], ...]) -> TypeTag:
    """Return the tag of a struct.

    Raises:
        Invalid: two fields have the same name.
    """
    if len({name for name, _ in fields}) < len(fields):
        _refuse("struct", "two of its fields have the same name")
    return TypeTag("struct", fields=fields)


def parse_tag(text: str) -> TypeTag:
    """Return the type a tag names.

    Raises:
        Invalid: the text is not a tag, or nests deeper than 32 levels.

    Example:
        >>> [name for name, _ in parse_tag('struct<a:int8,"b c":list<utf8>>').fields]
        ['a', 'b c']
    """
    tag, end = _parse(text, 0, 0)
    if end != len(text):
        _refuse(text, f"it goes on after {text[:end]!r}")
    return tag


def _parse(text: str, at: int, depth: int) -> tuple[TypeTag, int]:
    if depth >= MAX_DEPTH:
        _refuse(text, f"it nests deeper than {MAX_DEPTH} levels")
    if text.startswith("list<", at):
        item, at = _parse(text, at + 5, depth + 1)
        return list_of(item), _expect(text, at, ">")
    if text.startswith("struct<", at):
        return _parse_struct(text, at + 7, depth)
    token = _TOKEN.match(text, at)
    if not token:
        _refuse(text, f"there is no type at {text[at:]!r}")
    return _parse_leaf(token.group()), token.end()


def _parse_leaf(token: str) -> TypeTag:
    if found := _TIMESTAMP.fullmatch(token):
        return timestamp(found[1], found[2])
    if found := _DECIMAL.fullmatch(token):
        return decimal(int(found[2]), int(found[3]))
    return plain(token)


def _parse_struct(text: str, at: int, depth: int) -> tuple[TypeTag, int]:
    fields: list[tuple[str, TypeTag]] = []
    while not text.startswith(">", at):
        if fields:
            at = _expect(text, at, ",")
        quoted = _QUOTED.match(text, at)
        found = quoted or _WORD.match(text, at)
        if not found:
            _refuse(text, f"there is no field name at {text[at:]!r}")
        name = _unquote(text, found.group()) if quoted else found.group()
        child, at = _parse(text, _expect(text, found.end(), ":"), depth + 1)
        fields.append((name, child))
    return struct_of(tuple(fields)), at + 1


def _unquote(text: str, quoted: str) -> str:
    try:
        name = canonical.loads(quoted)
    except ValueError:
        _refuse(text, f"{quoted} is not a JSON string")
    return str(name)


def _expect(text: str, at: int, mark: str) -> int:
    if not text.startswith(mark, at):
        _refuse(text, f"a {mark!r} is missing at {text[at:]!r}")
    return at + len(mark)


def _refuse(text: str, why: str) -> NoReturn:
    raise Invalid(
        f"{text[:120]!r} is not a column type",
        why=why,
        next_step="use a type of docs/format/tables.md, for example int64, utf8 or timestamp[us,UTC]",
    )


def depth_of(tag: TypeTag) -> int:
    """Return how many types are nested in each other; a plain type has depth 1."""
    return 1 + max((depth_of(child) for _, child in tag.fields), default=0)
