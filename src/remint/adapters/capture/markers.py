"""Environment markers of a lock, such as `sys_platform != 'win32'`: read, written in one spelling, evaluated."""

import operator
import os
import platform
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

VARIABLES = frozenset(
    {
        "extra",
        "implementation_name",
        "implementation_version",
        "os_name",
        "platform_machine",
        "platform_python_implementation",
        "platform_release",
        "platform_system",
        "platform_version",
        "python_full_version",
        "python_version",
        "sys_platform",
    }
)
_VERSIONS = frozenset({"implementation_version", "platform_release", "python_full_version", "python_version"})
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'[^']*'|\"[^\"]*\")|(?P<operator>~=|===|==|!=|<=|>=|<|>|not\s+in\b|in\b)|(?P<word>[A-Za-z_][\w.]*)|(?P<bracket>[()]))"
)
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "===": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    ">": operator.gt,
}

Token: TypeAlias = tuple[str, str]


def this_machine() -> dict[str, str]:
    """Return the values of the marker variables for the running interpreter; `extra` is empty."""
    implementation = sys.implementation
    return {
        "extra": "",
        "implementation_name": implementation.name,
        "implementation_version": ".".join(str(part) for part in implementation.version[:3]),
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        "python_full_version": platform.python_version(),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    }


def tokens_of(marker: str) -> list[Token]:
    """Return the kinds and texts of a marker's tokens.

    Raises:
        ValueError: a character belongs to no token, or a word is no variable.
    """
    tokens: list[Token] = []
    place = 0
    text = marker.rstrip()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None or found.lastgroup is None:
            raise ValueError(f"unexpected {text[place:].strip()[:20]!r} in the marker")
        kind, value = found.lastgroup, found[found.lastgroup]
        if kind == "text":
            value = value[1:-1]
        elif kind == "operator":
            value = " ".join(value.split())
        elif kind == "word" and value in ("and", "or"):
            kind = "joint"
        elif kind == "word" and value not in VARIABLES:
            raise ValueError(f"unknown variable {value!r} in the marker")
        tokens.append((kind, value))
        place = found.end()
    return tokens


def normal_marker(marker: str) -> str:
    """Return a marker in one spelling: single spaces and single quotes.

    Raises:
        ValueError: it is not a marker.

    Example:
        >>> normal_marker('python_version<"3.12"  and (os_name  == "nt")')
        "python_version < '3.12' and (os_name == 'nt')"
    """
    tokens = tokens_of(marker)
    _Reader(tokens, dict.fromkeys(VARIABLES, "0")).read()
    words = [_quoted(value) if kind == "text" else value for kind, value in tokens]
    return " ".join(words).replace("( ", "(").replace(" )", ")")


def applies(marker: str, values: Mapping[str, str]) -> bool:
    """Return whether a marker holds.

    Args:
        marker: its text; an empty one always holds.
        values: of all variables, as `this_machine` returns them.

    Raises:
        ValueError: it is not a marker.

    Example:
        >>> applies("python_full_version >= '3.9' and sys_platform != 'win32'", this_machine() | {"sys_platform": "linux"})
        True
        >>> applies("python_version < '3.10'", this_machine() | {"python_version": "3.9"})
        True
    """
    return not marker.strip() or _Reader(tokens_of(marker), values).read()


def _quoted(text: str) -> str:
    return f'"{text}"' if "'" in text else f"'{text}'"


class _Reader:
    """One pass over the tokens: `or` binds weaker than `and`, brackets bind strongest."""

    def __init__(self, tokens: list[Token], values: Mapping[str, str]) -> None:
        self._tokens = [*tokens, ("end", "")]
        self._values = values

    def read(self) -> bool:
        result = self._any()
        self._take("end")
        return result

    def _any(self) -> bool:
        result = self._all()
        while self._tokens[0] == ("joint", "or"):
            self._take("joint")
            result = self._all() or result
        return result

    def _all(self) -> bool:
        result = self._one()
        while self._tokens[0] == ("joint", "and"):
            self._take("joint")
            result = self._one() and result
        return result

    def _one(self) -> bool:
        if self._tokens[0] == ("bracket", "("):
            self._take("bracket")
            result = self._any()
            if self._take("bracket") != ")":
                raise ValueError("a bracket of the marker is not closed")
            return result
        left_name, left = self._value()
        sign = self._take("operator")
        right_name, right = self._value()
        if left_name == right_name == "":
            raise ValueError("a comparison of the marker names no variable")
        return _compare(left, sign, right, as_versions=bool({left_name, right_name} & _VERSIONS))

    def _value(self) -> tuple[str, str]:
        if self._tokens[0][0] == "word":
            name = self._take("word")
            return name, self._values[name]
        return "", self._take("text")

    def _take(self, kind: str) -> str:
        found, value = self._tokens.pop(0)
        if found != kind:
            raise ValueError(f"expected {kind} in the marker, found {value or 'its end'!r}")
        return value


def _compare(left: str, sign: str, right: str, *, as_versions: bool) -> bool:
    if sign in ("in", "not in"):
        return (left in right) == (sign == "in")
    if not as_versions:
        if sign == "~=":
            raise ValueError("~= compares versions only")
        return _COMPARISONS[sign](left, right)
    if right.endswith(".*") and sign in ("==", "!="):
        wanted = release(right[:-2])
        return _COMPARISONS[sign](release(left, at_least=len(wanted))[: len(wanted)], wanted)
    if sign == "~=":
        wanted = release(right)
        return release(left) >= wanted and release(left, at_least=len(wanted))[: len(wanted) - 1] == wanted[:-1]
    size = max(len(release(left)), len(release(right)))
    return _COMPARISONS[sign](release(left, at_least=size), release(right, at_least=size))


def release(version: str, *, at_least: int = 0) -> tuple[int, ...]:
    """Return the numbers a version begins with, filled up with zeros.

    Example:
        >>> release("3.12.0rc1", at_least=4)
        (3, 12, 0, 0)
    """
    found = re.match(r"\d+(?:\.\d+)*", version)
    numbers = tuple(int(part) for part in found[0].split(".")) if found else ()
    return numbers + (0,) * (at_least - len(numbers))
