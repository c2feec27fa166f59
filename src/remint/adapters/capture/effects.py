"""Which statements of a module do something when it is imported, beyond giving a name to a value.

A statement is free of effects only where that is certain: it calls nothing, or only functions known to change nothing. Doubt
counts as an effect; it costs a step that runs once too often, never one that runs too seldom.
"""

import ast
import builtins
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

from remint.adapters.capture import harmless
from remint.adapters.capture.names import chain_of, outer_parts

Dotted = Callable[[ast.expr], str | None]
"""From an expression to the full name of what it denotes outside the project, such as `re.compile`; None in doubt."""

BUILTINS = frozenset(dir(builtins))
REMINT_DECORATORS = frozenset({"step", "pipeline", "feature_view"})

_ACCESSORS = frozenset({"setter", "getter", "deleter"})
_LITERALS = (ast.Constant, ast.JoinedStr, ast.List, ast.Tuple, ast.Dict, ast.Set)
_ACTS = (ast.Expr, ast.Delete, ast.AugAssign, ast.With, ast.AsyncWith, ast.Raise, ast.Assert)


def is_remint_decorator(decorator: ast.expr, dotted: Dotted) -> bool:
    """Return whether a decorator is Remint's own, whose arguments are another part of the recipe."""
    name = dotted(decorator.func if isinstance(decorator, ast.Call) else decorator) or ""
    return name.startswith("remint.") and name.rpartition(".")[2] in REMINT_DECORATORS


class Effects:
    """The judgement of one module's statements.

    Args:
        dotted: the full name of what an expression denotes outside the project.
        classes: the module's own classes by name, where the name is bound once.
    """

    def __init__(self, dotted: Dotted, classes: Mapping[str, ast.ClassDef]) -> None:
        self._dotted = dotted
        self._classes = classes

    def has(self, statement: ast.stmt) -> bool:
        """Return whether a statement does something beyond binding names."""
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            return any(not self._is_harmless_decorator(item) for item in statement.decorator_list) or self._calls(
                [*statement.args.defaults, *(item for item in statement.args.kw_defaults if item)]
            )
        if isinstance(statement, ast.ClassDef):
            return not self._is_quiet(statement, frozenset())
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            return False
        if isinstance(statement, _ACTS):
            return True
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            stores = any(isinstance(part, ast.Attribute | ast.Subscript) for target in targets for part in ast.walk(target))
            return stores or (statement.value is not None and self._calls([statement.value]))
        inner, expressions = _inside(statement)
        return self._calls(expressions) or any(self.has(item) for item in inner)

    def _is_quiet(self, node: ast.ClassDef, above: frozenset[str]) -> bool:
        if node.keywords or any(not self._is_harmless_decorator(item) for item in node.decorator_list):
            return False
        if not all(self._is_quiet_base(base, above | {node.name}) for base in node.bases):
            return False
        for statement in node.body:
            if getattr(statement, "name", "") in {"__init_subclass__", "__set_name__"}:
                return False
            if self.has(statement):
                return False
        return True

    def _is_quiet_base(self, base: ast.expr, above: frozenset[str]) -> bool:
        if isinstance(base, ast.Subscript):
            base = base.value
        name = self._dotted(base)
        if name is not None:
            return name.startswith(harmless.BASES_IN)
        own = self._classes.get(base.id) if isinstance(base, ast.Name) else None
        return own is not None and own.name not in above and self._is_quiet(own, above)

    def _is_harmless_decorator(self, decorator: ast.expr) -> bool:
        if is_remint_decorator(decorator, self._dotted):
            return True
        if isinstance(decorator, ast.Call):
            return not self._calls([decorator])
        chain = chain_of(decorator)
        return self._is_harmless(decorator) or (chain is not None and not _ACCESSORS.isdisjoint(chain[1][-1:]))

    def _is_harmless(self, function: ast.expr) -> bool:
        name = self._dotted(function)
        if name is not None:
            return name in harmless.CALLS or name.startswith(harmless.CALLS_IN)
        if not isinstance(function, ast.Attribute):
            return False
        made = function.value  # a method of a value that was made on the spot reaches nothing else
        return isinstance(made, _LITERALS) or (isinstance(made, ast.Call) and self._is_harmless(made.func))

    def _calls(self, expressions: Iterable[ast.expr]) -> bool:
        """Return whether evaluating the expressions calls anything that is not known to change nothing."""
        rest: list[ast.AST] = [*expressions]
        while rest:
            node = rest.pop()
            if isinstance(node, ast.Lambda):
                rest += outer_parts(node)
                continue
            if isinstance(node, ast.Call) and (
                not self._is_harmless(node.func) or any(keyword.arg == "key" for keyword in node.keywords)
            ):
                return True
            rest += ast.iter_child_nodes(node)
        return False


def _inside(statement: ast.stmt) -> tuple[list[ast.stmt], list[ast.expr]]:
    """Return the statements in a compound statement, and its expressions, those of patterns and handlers included."""
    statements: list[ast.stmt] = []
    expressions: list[ast.expr] = []
    rest: list[ast.AST] = [*ast.iter_child_nodes(statement)]
    while rest:
        node = rest.pop()
        if isinstance(node, ast.stmt):
            statements.append(node)
        elif isinstance(node, ast.expr):
            expressions.append(node)
        else:
            rest += ast.iter_child_nodes(node)
    return statements, expressions


def is_movable(statement: ast.stmt, movable_names: AbstractSet[str], *, without: frozenset[ast.AST]) -> bool:
    """Return whether it cannot matter where in its module a statement stands.

    That holds for plain functions, plain classes and literals whose names are bound once and hide no builtin: code above them
    that used them would fail.

    Args:
        statement: a statement without effects.
        movable_names: names the module binds once that hide no builtin.
        without: decorators that do not count.
    """
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        plain = not (statement.args.defaults or any(statement.args.kw_defaults))
        return plain and statement.name in movable_names and all(item in without for item in statement.decorator_list)
    if isinstance(statement, ast.ClassDef):
        bare = not (statement.decorator_list or statement.keywords) and statement.name in movable_names
        bases = all(isinstance(base, ast.Name) and base.id in movable_names | BUILTINS for base in statement.bases)
        own = {name for item in statement.body for name in (*_assigned(item), getattr(item, "name", ""))}
        return (
            bare
            and bases
            and all(isinstance(item, ast.Pass) or is_movable(item, own, without=without) for item in statement.body)
        )
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    names = list(_assigned(statement))
    value = getattr(statement, "value", None)
    return bool(names) and movable_names >= set(names) and (value is None or _is_literal(value))


def _assigned(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if all(isinstance(target, ast.Name) for target in targets):
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def _is_literal(value: ast.expr) -> bool:
    allowed = (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.UnaryOp, ast.unaryop, ast.expr_context)
    return all(isinstance(part, allowed) for part in ast.walk(value))
