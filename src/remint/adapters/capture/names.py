"""Which names a piece of source uses from outside itself, told apart from its own variables."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from remint.adapters.capture import syntax

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_LOOKS_INTO = frozenset({"getattr", "setattr", "delattr", "vars"})


class Target(NamedTuple):
    """What an import names: a module, a name in it, or all names in it (`*`)."""

    module: str
    name: str = ""


class Alias(NamedTuple):
    """A name that an import binds, what it stands for, and what the import loads."""

    bound: str
    target: Target
    loads: Target


class Use(NamedTuple):
    """A global name, or a target imported on the spot, and the attributes taken from it."""

    root: str | Target
    path: tuple[str, ...] = ()


@dataclass(slots=True)
class Uses:
    """What a statement needs from outside itself; the values are line numbers.

    Attributes:
        names: global names and locally imported targets.
        loads: imports that are carried out inside.
        looked_into: objects whose attributes are taken by a computed name.
    """

    names: dict[Use, int] = field(default_factory=dict)
    loads: dict[Target, int] = field(default_factory=dict)
    looked_into: dict[Use, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Scope:
    above: "_Scope | None" = None
    is_class: bool = False
    bound: set[str] = field(default_factory=set)
    imported: dict[str, list[Target]] = field(default_factory=dict)
    outer: set[str] = field(default_factory=set)


class Bindings(NamedTuple):
    """The names a block binds in its own scope, its imports, and the names it declares global or nonlocal."""

    names: set[str]
    aliases: list[Alias]
    globals: set[str]
    nonlocals: set[str]


def aliases_of(node: ast.Import | ast.ImportFrom, package: str) -> list[Alias]:
    """Return what an import statement binds, relative imports made absolute.

    Args:
        node: the statement.
        package: the package the module is in; empty at the top.

    Example:
        >>> aliases_of(ast.parse("from ..maths import area as a").body[0], "shop.reports")[0].target
        Target(module='shop.maths', name='area')
        >>> aliases_of(ast.parse("import os.path").body[0], "")[0]
        Alias(bound='os', target=Target(module='os', name=''), loads=Target(module='os.path', name=''))
    """
    if isinstance(node, ast.Import):
        return [
            Alias(alias.asname, Target(alias.name), Target(alias.name))
            if alias.asname
            else Alias(alias.name.partition(".")[0], Target(alias.name.partition(".")[0]), Target(alias.name))
            for alias in node.names
        ]
    module = node.module or ""
    if node.level:
        parents = package.split(".") if package else []
        above = parents[: max(0, len(parents) - node.level + 1)]
        module = ".".join([*above, module] if module and above else above)  # empty if it leads out of the top package
    targets = [(alias.asname or alias.name, Target(module, alias.name)) for alias in node.names]
    return [Alias(bound, target, target) for bound, target in targets]


def chain_of(node: ast.expr) -> tuple[str, tuple[str, ...]] | None:
    """Return the name an attribute access starts from and the attributes taken, or None if it starts from something else.

    Example:
        >>> chain_of(ast.parse("np.linalg.norm", mode="eval").body)
        ('np', ('linalg', 'norm'))
    """
    path: list[str] = []
    while isinstance(node, ast.Attribute):
        path.append(node.attr)
        node = node.value
    return (node.id, tuple(reversed(path))) if isinstance(node, ast.Name) else None


def outer_parts(node: ast.AST) -> list[ast.AST]:
    """Return the parts of a definition, lambda or class that are evaluated where it stands: all but its body."""
    if isinstance(node, ast.ClassDef):
        return [*node.decorator_list, *node.bases, *node.keywords, *getattr(node, "type_params", ())]
    assert isinstance(node, (*_FUNCTIONS, ast.Lambda))
    parts: list[ast.AST] = [*node.args.defaults, *(default for default in node.args.kw_defaults if default is not None)]
    if not isinstance(node, ast.Lambda):
        parts += [*node.decorator_list, *getattr(node, "type_params", ())]
    return parts


def own_nodes(nodes: Iterable[ast.AST]) -> Iterator[tuple[ast.AST, bool]]:
    """Yield every node of the same scope, and whether it stands in a comprehension."""
    rest = [(node, False) for node in nodes]
    while rest:
        node, inside = rest.pop()
        yield node, inside
        if isinstance(node, (*_FUNCTIONS, ast.Lambda, ast.ClassDef)):
            rest += [(part, inside) for part in outer_parts(node)]
        else:
            inside = inside or isinstance(node, _COMPREHENSIONS)
            rest += [(child, inside) for child in ast.iter_child_nodes(node)]


def bindings_of(nodes: Iterable[ast.AST], package: str) -> Bindings:
    """Return what the statements of one scope bind.

    Example:
        >>> sorted(bindings_of(ast.parse("for i in x:\\n  with f() as g: import a.b").body, "").names)
        ['a', 'g', 'i']
    """
    found = Bindings(set(), [], set(), set())
    for node, inside in own_nodes(nodes):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.aliases.extend(aliases_of(node, package))
        elif isinstance(node, ast.Global):
            found.globals.update(node.names)
        elif isinstance(node, ast.Nonlocal):
            found.nonlocals.update(node.names)
        else:
            found.names.update(_bound_by(node, inside))
    found.names.update(alias.bound for alias in found.aliases if alias.bound != "*")
    return found


def _bound_by(node: ast.AST, inside: bool) -> list[str]:  # noqa: FBT001 - two facts that own_nodes yields together
    if isinstance(node, ast.Name):
        return [] if inside or isinstance(node.ctx, ast.Load) else [node.id]
    if isinstance(node, ast.NamedExpr):
        return [node.target.id]
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
        return [node.name]
    name = getattr(node, "rest", None) if isinstance(node, ast.MatchMapping) else None
    if isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
        name = node.name
    return [name] if name else []


class _Reader:
    def __init__(self, package: str, without: frozenset[ast.AST]) -> None:
        self._package = package
        self._without = without
        self._rest: list[tuple[ast.AST, _Scope]] = []
        self.uses = Uses()

    def read(self, node: ast.AST) -> Uses:
        self._rest.append((node, _Scope()))
        while self._rest:
            item, scope = self._rest.pop()
            if item not in self._without:
                self._visit(item, scope)
        return self.uses

    def _visit(self, node: ast.AST, scope: _Scope) -> None:
        if isinstance(node, (*_FUNCTIONS, ast.Lambda)):
            self._function(node, scope)
        elif isinstance(node, ast.ClassDef):
            self._later(outer_parts(node), scope)
            self._later(node.body, _Scope(scope, is_class=True))
        elif isinstance(node, _COMPREHENSIONS):
            self._comprehension(node, scope)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            self._import(node, scope)
        elif isinstance(node, ast.Attribute | ast.Name):
            self._chain(node, scope)
        else:
            if isinstance(node, ast.Call):
                self._call(node, scope)
            elif isinstance(node, ast.AnnAssign):
                self._annotation(node.annotation, scope)
            self._later(ast.iter_child_nodes(node), scope)

    def _later(self, nodes: Iterable[ast.AST], scope: _Scope) -> None:
        self._rest.extend((node, scope) for node in nodes)

    def _function(self, node: Function | ast.Lambda, scope: _Scope) -> None:
        self._later(outer_parts(node), scope)
        given = node.args
        arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs]
        arguments += [argument for argument in (given.vararg, given.kwarg) if argument]
        body: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else [*node.body]
        found = bindings_of(body, self._package)
        inner = _Scope(scope, bound=found.names | {argument.arg for argument in arguments}, outer=found.globals)
        inner.bound -= found.globals | found.nonlocals
        for alias in found.aliases:
            inner.imported.setdefault(alias.bound, []).append(alias.target)
        self._later(body, inner)
        annotations = [argument.annotation for argument in arguments] + [getattr(node, "returns", None)]
        for annotation in annotations:
            if annotation is not None:
                self._annotation(annotation, scope)
                self._later([annotation], scope)

    def _comprehension(self, node: ast.AST, scope: _Scope) -> None:
        assert isinstance(node, _COMPREHENSIONS)
        inner = _Scope(scope)
        for generator in node.generators:
            inner.bound |= {
                name.id for name in ast.walk(generator.target) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
            }
        first = node.generators[0].iter
        self._later([first], scope)
        for generator in node.generators:
            self._later([generator.target, *generator.ifs], inner)
            if generator.iter is not first:
                self._later([generator.iter], inner)
        self._later([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt], inner)

    def _import(self, node: ast.Import | ast.ImportFrom, scope: _Scope) -> None:
        for alias in aliases_of(node, self._package):
            self.uses.loads.setdefault(alias.loads, node.lineno)
            if scope.is_class:  # it becomes an attribute of the class, which anything may take anything from
                self._note(self.uses.names, Use(alias.target), node.lineno)

    def _chain(self, node: ast.Attribute | ast.Name, scope: _Scope) -> None:
        chain = chain_of(node)
        if isinstance(node, ast.Attribute) and "__doc__" in (chain[1] if chain else (node.attr,)):
            self._note(self.uses.names, Use("__doc__"), node.lineno)
        if chain is None:
            assert isinstance(node, ast.Attribute)
            self._later([node.value], scope)
        elif not (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)):
            for use in self._resolved(*chain, scope):
                self._note(self.uses.names, use, node.lineno)

    def _call(self, node: ast.Call, scope: _Scope) -> None:
        """Note an object that is looked into by a computed name: `getattr(module, name)`, `vars(module)`, `vars()`."""
        if not (isinstance(node.func, ast.Name) and node.func.id in _LOOKS_INTO):
            return
        if not node.args:
            self._note(self.uses.names, Use("globals"), node.lineno)
            return
        chain = chain_of(node.args[0])
        for use in self._resolved(*chain, scope) if chain else ():
            self._note(self.uses.looked_into, use, node.lineno)

    def _annotation(self, node: ast.expr, scope: _Scope) -> None:
        """Follow the names in annotations that are written as text."""
        for part in ast.walk(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                try:
                    parsed = syntax.expression(part.value.strip())
                except (SyntaxError, ValueError):
                    continue  # a text that is not a type, as in Literal["a b"], names nothing
                self._later([parsed.body], scope)

    def _resolved(self, name: str, path: tuple[str, ...], scope: _Scope) -> list[Use]:
        here: _Scope | None = scope
        while here is not None and name not in here.outer:
            if name in here.bound:
                return [Use(target, path) for target in here.imported.get(name, ())]
            here = here.above
        return [Use(name, path)]

    @staticmethod
    def _note(notes: dict[Use, int], use: Use, line: int) -> None:
        notes[use] = min(line, notes.get(use, line))


def uses_of(node: ast.AST, package: str, *, without: frozenset[ast.AST] = frozenset()) -> Uses:
    """Return what a module-level statement uses from outside itself.

    A function's own variables and parameters are no uses; names a class body binds are, for its methods do not see them.

    Args:
        node: the statement.
        package: the package its module is in, for relative imports.
        without: decorators to leave out.

    Example:
        >>> sorted(use.root for use in uses_of(ast.parse("def f(x, y=Y): z = x; return z + g(y)").body[0], "").names)
        ['Y', 'g']
    """
    return _Reader(package, without).read(node)
