"""A piece of source uses the names it does not bind itself."""

import ast

import pytest

from remint.adapters.capture.names import Target, aliases_of, uses_of


def names(source: str) -> set[str]:
    found = uses_of(ast.parse(source).body[0], "shop").names
    return {".".join([use.root if isinstance(use.root, str) else ":".join(use.root), *use.path]) for use in found}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(a, /, b, *c, d=D, **e): return a + b + c + d + e + g", {"D", "g"}),
        ("def f(a):\n    def g(): return a + h\n    return g", {"h"}),
        ("def f():\n    x = 1\n    class A:\n        y = x\n        def m(self): return y\n    return A", {"y"}),
        ("class A:\n    x = x", {"x"}),
        ("def f(): return [i for i in j if i > k]", {"j", "k"}),
        ("def f(): return {i: j for i, j in i}", {"i"}),
        ("def f(): return [(y := i) for i in z] + [y]", {"z"}),
        ("def f():\n    global x\n    x = 1\n    return x", {"x"}),
        ("def f():\n    x = 1\n    def g():\n        nonlocal x\n        x = y\n    return g", {"y"}),
        ("def f(v):\n    match v:\n        case A(b, c=[d, *e]) | {'k': d, **g}: return b, d, e, g", {"A"}),
        ("def f():\n    try: pass\n    except E as e: return e", {"E"}),
        ("def f():\n    with a as b, c as (d, e): return b, d, e", {"a", "c"}),
        ("def f():\n    for a.b in c: pass", {"a.b", "c"}),
        ("def f(x: A, y: 'B[C]') -> 'D': z: E = 1", {"A", "B", "C", "D", "E"}),
        ("@a.b(c)\ndef f(): pass", {"a.b", "c"}),
        ("class A(B, metaclass=C): pass", {"B", "C"}),
        ("f = lambda x, y=Y: x + y + z", {"Y", "z"}),
        ("x = a.b.c(d).e", {"a.b.c", "d"}),
        ("a.b[c] = d", {"a.b", "c", "d"}),
        ("x += y", {"y"}),
        ("def f():\n    import a.b\n    return a.b.c", {"a:.b.c"}),
        ("def f():\n    from .a import b as c\n    return c.d", {"shop.a:b.d"}),
        ("def f():\n    import a\n    def g(a): return a.b\n    return g", set()),
        ("x = f'{a:{b}} {c!r}'", {"a", "b", "c"}),
    ],
)
def test_global_names_are_told_from_local_ones(source: str, expected: set[str]) -> None:
    assert names(source) == expected


def test_objects_looked_into_by_a_computed_name_are_noted() -> None:
    found = uses_of(ast.parse("getattr(a.b, name), vars(c), hasattr(d, name)").body[0], "").looked_into
    assert {(use.root, use.path) for use in found} == {("a", ("b",)), ("c", ())}


@pytest.mark.parametrize(
    ("source", "package", "expected"),
    [
        ("from . import a", "shop", Target("shop", "a")),
        ("from .b import a", "shop.c", Target("shop.c.b", "a")),
        ("from ..b import a", "shop.c", Target("shop.b", "a")),
        ("from ... import a", "shop.c", Target("", "a")),
        ("from . import a", "", Target("", "a")),
        ("import a.b as c", "", Target("a.b")),
        ("import a.b", "", Target("a")),
    ],
)
def test_imports_are_made_absolute(source: str, package: str, expected: Target) -> None:
    node = ast.parse(source).body[0]
    assert isinstance(node, ast.Import | ast.ImportFrom)
    assert aliases_of(node, package)[0].target == expected
