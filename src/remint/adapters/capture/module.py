"""One source file, cut into its module-level statements, each with what it binds, uses and does."""

import ast
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from remint.adapters.capture import syntax
from remint.adapters.capture.effects import BUILTINS, Effects, is_movable, is_remint_decorator
from remint.adapters.capture.names import Alias, Target, Uses, aliases_of, bindings_of, chain_of, outer_parts, uses_of
from remint.adapters.capture.normal import constant_form, normal_form
from remint.core.digest import Digest, digest_record
from remint.errors import Invalid

PIECE = "code piece v1"
_ERRORS = (SyntaxError, ValueError, RecursionError, MemoryError)
"""What parsing raises for source that is no Python, holds null bytes, or nests too deep."""


@dataclass(slots=True, eq=False)
class Statement:
    """A module-level statement, or one name of a module-level import.

    Attributes:
        node: its syntax.
        names: the names it binds in the module; an assignment to a `global` inside a function counts.
        aliases: the imports among them.
        loads: what importing the module imports here.
        is_import: whether it is nothing but one import.
        is_unused: whether it imports a name that the module never mentions.
        has_effect: whether it does something when the module is imported.
        is_movable: whether its place in the module cannot matter.
    """

    node: ast.stmt
    names: frozenset[str]
    aliases: tuple[Alias, ...]
    loads: tuple[Target, ...] = ()
    is_import: bool = False
    is_unused: bool = False
    has_effect: bool = False
    is_movable: bool = False
    package: str = ""
    without: frozenset[ast.AST] = frozenset()
    _uses: Uses | None = None
    _forms: dict[bool, bytes] = field(default_factory=dict)

    def uses(self) -> Uses:
        """Return what it uses from outside itself."""
        if self._uses is None:
            self._uses = Uses() if self.is_import else uses_of(self.node, self.package, without=self.without)
        return self._uses

    def form(self, *, documentation: bool) -> bytes:
        """Return its normal form."""
        if documentation not in self._forms:
            if self.is_import:
                alias = self.aliases[0] if self.aliases else Alias("*", self.loads[0], self.loads[0])
                form = constant_form("import", *alias.target, *alias.loads, alias.bound)
            else:
                form = normal_form(self.node, without=self.without, documentation=documentation)
            self._forms[documentation] = form
        return self._forms[documentation]


class Module:
    """A parsed source file.

    Args:
        name: dotted.
        file: path relative to the project; empty for a folder without `__init__.py`.
        is_package: whether it can have submodules.
        content: of the file.
        is_ours: whether a top-level name belongs to the project.

    Raises:
        Invalid: the content is not Python; the message has file and line.
    """

    def __init__(self, name: str, file: str, content: bytes, *, is_package: bool, is_ours: Callable[[str], bool]) -> None:
        self.name = name
        self.file = file
        self.is_package = is_package
        self.package = name if is_package else name.rpartition(".")[0]
        self._is_ours = is_ours
        self._digests: dict[tuple[tuple[int, ...], bool], Digest] = {}
        self.compiled = content if file and not file.endswith(".py") else b""
        tree = ast.Module([], []) if self.compiled else parsed(content, file)
        self._tree = tree
        self._has_globals = any(isinstance(node, ast.Global) for node in ast.walk(tree))
        self.statements: list[Statement] = []
        for node in _that_run(tree.body):
            self.statements += self._statements(node)
        self.bindings: dict[str, list[int]] = {}
        for place, statement in enumerate(self.statements):
            for bound in statement.names:
                self.bindings.setdefault(bound, []).append(place)
        self.stars = [target for item in self.statements for target in item.loads if target.name == "*"]
        self._judge()

    def piece(self, places: list[int], *, documentation: bool) -> Digest:
        """Return the digest of a piece: the statements at `places`, in order."""
        key = (tuple(places), documentation)
        if key not in self._digests:
            forms = [self.statements[place].form(documentation=documentation) for place in places]
            self._digests[key] = digest_record(PIECE, [constant_form(form) for form in forms])
        return self._digests[key]

    @cached_property
    def documentation(self) -> Digest:
        """The digest of the module's own docstring, for code that reads it."""
        first = self._tree.body[:1]
        return digest_record(PIECE, [normal_form(ast.Module(first, []), documentation=True)])

    def dotted(self, expression: ast.expr) -> str | None:
        """Return the full name of what an expression denotes outside the project, or None if it may be something else."""
        chain = chain_of(expression)
        if chain is None:
            return None
        root, path = chain
        places = self.bindings.get(root)
        if places is None:
            return f"builtins.{root}" if root in BUILTINS and not path and not self.stars else None
        targets = {alias.target for place in places for alias in self.statements[place].aliases if alias.bound == root}
        if len(targets) != 1 or not all(self.statements[place].is_import for place in places):
            return None
        target = next(iter(targets))
        if self._is_ours(target.module.partition(".")[0]):
            return None
        return ".".join(part for part in (*target, *path) if part)

    def _statements(self, node: ast.stmt) -> list[Statement]:
        if isinstance(node, ast.Import | ast.ImportFrom):
            return [
                Statement(
                    node,
                    frozenset([alias.bound]) - {"*"},
                    (alias,) if alias.bound != "*" else (),
                    loads=(alias.loads,),
                    is_import=True,
                )
                for alias in aliases_of(node, self.package)
            ]
        found = bindings_of([node], self.package)
        names, aliases = set(found.names), list(found.aliases)
        for part in ast.walk(node) if self._has_globals else ():
            if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
                inner = bindings_of(part.body, self.package)
                names |= inner.globals
                aliases += [alias for alias in inner.aliases if alias.bound in inner.globals]
        loads = tuple(alias.loads for part in _imports_run_by(node) for alias in aliases_of(part, self.package))
        return [Statement(node, frozenset(names), tuple(aliases), loads, package=self.package)]

    def _judge(self) -> None:
        """Find out, for every statement, whether it has effects and whether it may move."""
        counts = Counter(name for item in self.statements for name in item.names)
        movable = {name for name, count in counts.items() if count == 1} - BUILTINS
        classes = {
            item.node.name: item.node
            for item in self.statements
            if isinstance(item.node, ast.ClassDef) and counts[item.node.name] == 1
        }
        mentioned = {part.id for part in ast.walk(self._tree) if isinstance(part, ast.Name)}
        effects = Effects(self.dotted, classes)
        for item in self.statements:
            if item.is_import:
                item.is_unused = not item.names & mentioned or item.loads[0].module == "__future__"
                continue
            item.without = frozenset(
                decorator
                for part in ast.walk(item.node)
                if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)
                for decorator in part.decorator_list
                if is_remint_decorator(decorator, self.dotted)
            )
            item.has_effect = effects.has(item.node)
            item.is_movable = not item.has_effect and is_movable(item.node, movable, without=item.without)


def parsed(content: bytes, file: str) -> ast.Module:
    """Return the syntax tree of a source file, in the encoding it declares.

    Raises:
        Invalid: it is not Python; the message has file and line.
    """
    try:
        return syntax.module(content, file=file)
    except _ERRORS as error:
        line = (error.lineno or 0) if isinstance(error, SyntaxError) else 0
        reason = error.msg if isinstance(error, SyntaxError) else str(error) or type(error).__name__
        raise Invalid(
            f"{file}:{line} cannot be read as Python" if line else f"{file} cannot be read as Python",
            why=reason,
            next_step=f"run `python -m py_compile {file}` and correct what it shows",
            file=file,
            line=line,
        ) from error


def _that_run(body: list[ast.stmt]) -> list[ast.stmt]:
    """Leave out what an import never runs: `if TYPE_CHECKING` and `if __name__ == "__main__"`."""
    kept: list[ast.stmt] = []
    assigned = {
        name.id for name in ast.walk(ast.Module(body, [])) if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
    }
    for statement in body:
        if isinstance(statement, ast.If) and _never_holds(statement.test, assigned):
            kept += statement.orelse
        else:
            kept.append(statement)
    return kept


def _never_holds(test: ast.expr, assigned: set[str]) -> bool:
    if isinstance(test, ast.Compare):
        sides = [test.left, *test.comparators]
        names = {side.id for side in sides if isinstance(side, ast.Name)}
        texts = {side.value for side in sides if isinstance(side, ast.Constant)}
        is_equal = len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq)
        return is_equal and names == {"__name__"} and texts == {"__main__"} and "__name__" not in assigned
    chain = chain_of(test)
    return chain is not None and (chain[1] or (chain[0],))[-1] == "TYPE_CHECKING" and "TYPE_CHECKING" not in assigned


def _imports_run_by(node: ast.stmt) -> list[ast.Import | ast.ImportFrom]:
    """Return the imports that running a statement runs: not those inside functions, but those inside classes."""
    found: list[ast.Import | ast.ImportFrom] = []
    rest: list[ast.AST] = [node]
    while rest:
        part = rest.pop()
        if isinstance(part, ast.Import | ast.ImportFrom):
            found.append(part)
        elif isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            rest += outer_parts(part)
        else:
            rest += reversed(list(ast.iter_child_nodes(part)))
    return found
