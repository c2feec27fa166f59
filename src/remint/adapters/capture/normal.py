"""The normal form of source: what a piece of code says, without how it is laid out.

Positions, comments, docstrings and type comments are no part of it, nor is anything that differs between minor versions of
Python. The form is frozen; docs/format/code.md describes it byte for byte.
"""

import ast
import struct
from collections.abc import Iterator

_SKIPPED = frozenset({"ctx", "kind", "type_comment", "type_ignores"})
_WITH_BODY = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class _Token(bytes):
    """Bytes of the form itself, as opposed to a bytes constant of the source."""

    __slots__ = ()


_OPEN, _CLOSE, _FIRST, _LAST = _Token(b"("), _Token(b")"), _Token(b"["), _Token(b"]")


def normal_form(node: ast.AST, *, without: frozenset[ast.AST] = frozenset(), documentation: bool = False) -> bytes:
    r"""Return the self-delimiting normal form of a syntax tree of any depth.

    Args:
        node: the tree.
        without: nodes inside lists (decorators) that are left out.
        documentation: keep docstrings, for code that reads them at run time.

    Example:
        >>> normal_form(ast.parse("x  # why").body[0]) == normal_form(ast.parse("\n(x)").body[0])
        True
        >>> normal_form(ast.parse("1").body[0]) == normal_form(ast.parse("1.0").body[0])
        False
        >>> normal_form(ast.parse("x", mode="eval").body)
        b'(s4:Names2:ids1:x)'
    """
    out: list[bytes] = []
    rest: list[object] = [node]
    while rest:
        item = rest.pop()
        if isinstance(item, _Token):
            out.append(item)
        elif isinstance(item, ast.AST):
            out += (_OPEN, _constant(type(item).__name__))
            rest.append(_CLOSE)
            rest.extend(reversed(list(_fields(item, without, documentation=documentation))))
        elif isinstance(item, list):
            out.append(_FIRST)
            rest.append(_LAST)
            rest.extend(reversed(item))
        else:
            out.append(_constant(item))
    return b"".join(out)


def constant_form(*values: object) -> bytes:
    """Return the normal form of plain constants, one after the other."""
    return b"".join(_constant(value) for value in values)


def is_docstring(statement: ast.AST) -> bool:
    """Return whether a statement is nothing but a text, which does nothing when it runs."""
    return (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str)
    )


def _fields(node: ast.AST, without: frozenset[ast.AST], *, documentation: bool) -> Iterator[object]:
    if isinstance(node, ast.Constant):
        yield _Token(_constant("value"))
        yield _Token(_constant(node.value))
        return
    for name in sorted(node._fields):
        value = getattr(node, name, None)
        if name in _SKIPPED or value is None:
            continue
        if isinstance(node, ast.JoinedStr) and name == "values":
            value = _joined(value)
        if isinstance(value, list):
            keep_first = documentation and name == "body" and isinstance(node, _WITH_BODY)
            kept = [item for item in value if item not in without]
            value = [item for place, item in enumerate(kept) if not is_docstring(item) or (keep_first and place == 0)]
            if not value:
                continue
        yield _Token(_constant(name))
        yield value


def _joined(values: list[ast.expr]) -> list[ast.expr]:
    """Join the neighbouring texts of a formatted string, which minor versions of Python cut in different places."""
    joined: list[ast.expr] = []
    for value in values:
        last = joined[-1] if joined else None
        if not (isinstance(value, ast.Constant) and isinstance(value.value, str)):
            joined.append(value)
        elif isinstance(last, ast.Constant) and isinstance(last.value, str):
            joined[-1] = ast.Constant(last.value + value.value)
        elif value.value:
            joined.append(value)
    return joined


def _constant(value: object) -> bytes:
    """Return one constant with a letter for its kind, so that 1, 1.0 and True stay three values."""
    if isinstance(value, str):
        text = value.encode("utf-8", "surrogatepass")
        return b"s%d:%s" % (len(text), text)
    if isinstance(value, bytes):
        return b"b%d:%s" % (len(value), value)
    if isinstance(value, bool):
        return b"T" if value else b"F"
    if isinstance(value, int):
        return b"i%s;" % format(value, "x").encode()
    if isinstance(value, float):
        return b"d" + struct.pack(">d", value).hex().encode()
    if isinstance(value, complex):
        return b"c" + struct.pack(">dd", value.real, value.imag).hex().encode()
    return b"E" if value is Ellipsis else b"N"
