"""The normal form says what code says, and nothing about how it is laid out."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.adapters.capture.normal import constant_form, normal_form


def form(source: str, *, documentation: bool = False) -> bytes:
    return normal_form(ast.parse(source), documentation=documentation)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("x = 1", "x  =  (1)  # one"),
        ("f(a, b)", "f(\n  a,\n  b,\n)"),
        ("'a'", '"""a"""'),
        ("x = u'a'", "x = 'a'"),
        ("x = 'a' 'b'", "x = 'ab'"),
        ("x = f'a{y}' 'b'", "x = f'a{y}b'"),
        ("x = 1000", "x = 1_000"),
        ("def f():\n    'doc'\n    return 1", "def f(): return 1"),
        ("class A:\n    'doc'\n    x = 1\n    'about x'", "class A: x = 1"),
        ("x = []  # type: list[int]", "x = []"),
        ("if a: pass\nelif b: pass", "if a: pass\nelse:\n    if b: pass"),
    ],
)
def test_layout_is_no_part_of_the_form(left: str, right: str) -> None:
    assert form(left) == form(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("x = 1", "x = 1.0"),
        ("x = 1", "x = True"),
        ("x = 0.0", "x = -0.0"),
        ("x = 1", "x = 1j"),
        ("x = 'a'", "x = b'a'"),
        ("x = None", "x = ..."),
        ("x = 'None'", "x = None"),
        ("x = (1,)", "x = [1]"),
        ("x = {**a, 'b': 1}", "x = {'b': 1, **a}"),
        ("def f(a, /): pass", "def f(a): pass"),
        ("def f(a, *, b=1): pass", "def f(a, b=1): pass"),
        ("def f(*, a, b=1): pass", "def f(*, a=1, b): pass"),
        ("def f(a: int): pass", "def f(a: str): pass"),
        ("x = a if b else c", "x = c if b else a"),
        ("a < b < c", "a < b; b < c"),
        ("f'{x}'", "f'{x!r}'"),
        ("f'{x:3}'", "f'{x:4}'"),
        ("async def f(): pass", "def f(): pass"),
        ("from a import b", "from .a import b"),
        ("x = '\\ud800'", "x = '\\ud801'"),
    ],
)
def test_what_code_says_is(left: str, right: str) -> None:
    assert form(left) != form(right)


def test_docstrings_are_kept_for_code_that_reads_them() -> None:
    assert form("def f():\n    'a'", documentation=True) != form("def f():\n    'b'", documentation=True)


def test_nodes_left_out_leave_no_trace() -> None:
    decorated = ast.parse("@step\ndef f(): pass")
    function = decorated.body[0]
    assert isinstance(function, ast.FunctionDef)
    assert normal_form(decorated, without=frozenset(function.decorator_list)) == form("def f(): pass")


def test_cuts_in_a_formatted_string_do_not_matter() -> None:
    whole = ast.JoinedStr([ast.Constant("ab"), ast.FormattedValue(ast.Name("x"), -1)])
    cut = ast.JoinedStr([ast.Constant("a"), ast.Constant("b"), ast.FormattedValue(ast.Name("x"), -1), ast.Constant("")])
    assert normal_form(whole) == normal_form(cut)


def test_a_tree_deeper_than_the_stack_has_a_form() -> None:
    node: ast.expr = ast.Name("x")
    for _ in range(20_000):
        node = ast.UnaryOp(ast.Not(), node)
    assert normal_form(node).count(b"s3:Not") == 20_000


constants = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary() | st.complex_numbers()
)


@given(constants, constants)
def test_two_constants_have_one_form_only_if_they_are_the_same(left: object, right: object) -> None:
    same = type(left) is type(right) and repr(left) == repr(right)
    assert (constant_form(left) == constant_form(right)) == same


@given(st.lists(st.text()), st.lists(st.text()))
def test_forms_in_a_row_cannot_be_mistaken_for_others(left: list[str], right: list[str]) -> None:
    assert (constant_form(*left) == constant_form(*right)) == (left == right)
