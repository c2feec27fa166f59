"""Python source as a syntax tree.

One at a time: before Python 3.13 two threads that parse at once can make each other fail, and the filter of warnings belongs to
the whole process.
"""

import ast
import threading
import warnings

_PARSING = threading.Lock()


def module(content: str | bytes, *, file: str = "<text>") -> ast.Module:
    """Return the tree of a module, without a word about its style.

    Raises:
        SyntaxError: it is no Python.
        ValueError: it holds a null byte.
        RecursionError, MemoryError: it nests too deep.
    """
    with _PARSING, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(content, filename=file)


def expression(text: str) -> ast.Expression:
    """Return the tree of an expression; as `module`."""
    with _PARSING, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text, mode="eval")
