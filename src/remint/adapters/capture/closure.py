"""The code that a function can reach: the walk from name to name, and the order in which an import runs what was reached."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from remint.adapters.capture.dynamic import BUILTINS, dynamic_attribute, dynamic_name, reads_documentation
from remint.adapters.capture.module import PIECE, Module, Statement
from remint.adapters.capture.names import Alias, Target, Use
from remint.core import canonical
from remint.core.digest import Digest, digest_bytes, digest_record

EFFECTS = "<import>"
"""The piece of a module that holds what it does when imported."""
ORDER = "<import order>"

Find = Callable[[str], Module | None]
"""From a dotted name to the project's module of that name, or None."""


@dataclass(slots=True)
class Reached:
    """What a walk found.

    Attributes:
        roots: modules that are imported for themselves: that of the step, then those imported inside functions.
        pieces: for each piece, its module and its name there (`*` for all of it).
        statements: the places of all reached statements, by module name.
        loaded: the project's modules that are imported, by name.
        outside: modules from outside the project.
        dynamic: where and how code is reached that cannot be followed: (file, line, what).
        documentation: whether docstrings are read at run time.
    """

    roots: list[str] = field(default_factory=list)
    pieces: dict[str, tuple[Module, str]] = field(default_factory=dict)
    statements: dict[str, set[int]] = field(default_factory=dict)
    loaded: dict[str, Module] = field(default_factory=dict)
    outside: set[str] = field(default_factory=set)
    dynamic: set[tuple[str, int, str]] = field(default_factory=set)
    documentation: bool = False


class Walk:
    """One walk through a project; it ends when nothing new is reached.

    Args:
        find: gives the project's modules.
    """

    def __init__(self, find: Find) -> None:
        self._find = find
        self._rest: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self._done: set[tuple[str, str, tuple[str, ...]]] = set()
        self._noted: set[tuple[str, str, tuple[str, ...]]] = set()
        self._followed: set[Statement] = set()
        self._whole: set[str] = set()
        self._at: tuple[str, int] = ("", 0)
        self.reached = Reached()

    def enter(self, module: Module, name: str) -> None:
        """Reach `name` of `module`; an empty name reaches all of the module."""
        self.reached.roots.append(module.name)
        self._later(self._load, module.name)
        if name:
            self._later(self._reach_name, module, name, ())
        else:
            self._later(self._reach_all, module)
        while self._rest:
            task, arguments = self._rest.pop()
            task(*arguments)
            if not self._rest:
                self._reach_submodules()

    def _later(self, task: Callable[..., None], *arguments: object) -> None:
        self._rest.append((task, arguments))

    def _module(self, name: str) -> Module | None:
        return self._find(name) if name else None

    def _load(self, name: str) -> None:
        """Import a module: its parents, its own imports, and what it does beyond binding names."""
        module = self._module(name)
        if module is None or name in self.reached.loaded:
            return
        self.reached.loaded[name] = module
        self._later(self._load, name.rpartition(".")[0])
        if module.compiled:
            self.reached.pieces[f"{name}:*"] = (module, "*")
        for place, statement in enumerate(module.statements):
            for target in statement.loads:
                self._load_target(target)
            if runs_for_effect(statement, self._find):
                self.reached.pieces[f"{name}:{EFFECTS}"] = (module, EFFECTS)
                self._later(self._reach, module, place)

    def _load_target(self, target: Target) -> list[str]:
        """Import what an import statement names; return the project's modules among it."""
        if self._module(target.module) is None:
            self._note_outside_module(target.module)
            self._later(self._load, target.module.rpartition(".")[0])  # of a missing submodule, the parents run all the same
            return []
        inner = f"{target.module}.{target.name}"
        names = [target.module] + ([inner] if target.name not in ("", "*") and self._module(inner) else [])
        for name in names:
            self._later(self._load, name)
        return names

    def _reach_name(self, module: Module, name: str, path: tuple[str, ...]) -> None:
        """Reach all statements that bind a name, and what the name stands for if it is imported."""
        key = (module.name, name, path)
        if key in self._done:
            return
        self._done.add(key)
        if name in module.bindings:
            self.reached.pieces[f"{module.name}:{name}"] = (module, name)
        for place in module.bindings.get(name, ()):
            self._reach(module, place)
        for line, alias in aliases_of_name(module, name):
            self._at = (module.file, line)
            if self._module(alias.target.module) is not None or key not in self._noted:
                self._reach_target(alias.target, path)
        for source in self._starred(module, name):
            self._reach_all(source)

    def _reach(self, module: Module, place: int) -> None:
        self.reached.statements.setdefault(module.name, set()).add(place)
        statement = module.statements[place]
        if statement in self._followed:
            return
        self._followed.add(statement)
        uses = statement.uses()
        for target in uses.loads:
            self.reached.roots += self._load_target(target)
        for use, line in uses.names.items():
            self._at = (module.file, line)
            self._reach_use(module, use)
        for use, line in uses.looked_into.items():
            if self._may_be_module(module, use):
                self._at = (module.file, line)
                self._note_dynamic("a computed name of a module")

    def _reach_use(self, module: Module, use: Use) -> None:
        if isinstance(use.root, Target):
            self._reach_target(use.root, use.path)
            return
        if dynamic_attribute(use.path):
            self._note_dynamic(dynamic_attribute(use.path))
        if use.root in module.bindings or self._starred(module, use.root):
            key = (module.name, use.root, use.path)
            for _, alias in aliases_of_name(module, use.root):
                if self._module(alias.target.module) is None:
                    self._note_outside(alias.target, use.path)  # here, where the line of the use is known
                    self._noted.add(key)
            self._later(self._reach_name, module, use.root, use.path)
        elif use.root in BUILTINS:
            self._note_dynamic(use.root)
        elif use.root == "__doc__":
            self.reached.documentation = True

    def _reach_target(self, target: Target, path: tuple[str, ...]) -> None:
        """Reach what an import names, through packages and their submodules, and then the attributes taken from it."""
        module = self._module(target.module)
        if module is None:
            self._note_outside(target, path)
            return
        rest = (target.name, *path) if target.name else path
        while rest:
            self._later(self._load, module.name)
            if dynamic_attribute(rest[:1], of_module=True):
                self._note_dynamic(f"{module.name}.{rest[0]}")
            inner = self._module(f"{module.name}.{rest[0]}") if module.is_package else None
            if inner is None or hides_submodule(module, rest[0]):
                self._reach_attribute(module, rest[0], rest[1:])
                return
            if rest[0] in module.bindings or module.stars:
                self._reach_attribute(module, rest[0], rest[1:])
            module, rest = inner, rest[1:]
        self._later(self._load, module.name)
        self._later(self._reach_all, module)

    def _reach_attribute(self, module: Module, name: str, path: tuple[str, ...]) -> None:
        self._later(self._reach_name, module, name, path)
        if name not in module.bindings and "__getattr__" in module.bindings:
            self._later(self._reach_all, module)

    def _reach_all(self, module: Module) -> None:
        """Reach every statement of a module, and every module it holds."""
        if module.name in self._whole:
            return
        self._whole.add(module.name)
        self._later(self._load, module.name)
        self.reached.pieces[f"{module.name}:*"] = (module, "*")
        for place, statement in enumerate(module.statements):
            self._reach(module, place)
            for alias in statement.aliases:
                if self._module(alias.target.module) is not None:
                    self._reach_target(alias.target, ())
        for star in module.stars:
            source = self._module(star.module)
            if source:
                self._later(self._reach_all, source)

    def _reach_submodules(self) -> None:
        """Reach what hangs below a package that was used as an object: its imported submodules are its attributes."""
        for name, module in list(self.reached.loaded.items()):
            if name.rpartition(".")[0] in self._whole and name not in self._whole:
                self._later(self._reach_all, module)

    def _starred(self, module: Module, name: str) -> list[Module]:
        """Return the modules from which a star import may bring a name."""
        sources = (self._module(star.module) for star in module.stars)
        return [source for source in sources if source and self._provides(source, name, set())]

    def _provides(self, module: Module, name: str, seen: set[str]) -> bool:
        if name in module.bindings:
            return True
        seen.add(module.name)
        sources = (self._module(star.module) for star in module.stars if star.module not in seen)
        return any(self._provides(source, name, seen) for source in sources if source)

    def _may_be_module(self, module: Module, use: Use) -> bool:
        if isinstance(use.root, Target):
            targets = [use.root]
        else:
            targets = [alias.target for _, alias in aliases_of_name(module, use.root)]
        return any(self._module(".".join(part for part in (*target, *use.path) if part)) is not None for target in targets)

    def _note_outside(self, target: Target, path: tuple[str, ...]) -> None:
        self._note_outside_module(target.module)
        dotted = ".".join(part for part in (*target, *path) if part)
        if dynamic_name(dotted):
            self._note_dynamic(dynamic_name(dotted))
        if reads_documentation(dotted):
            self.reached.documentation = True

    def _note_outside_module(self, module: str) -> None:
        top = module.partition(".")[0]
        if top and top != "__future__" and self._module(top) is None:
            self.reached.outside.add(module)

    def _note_dynamic(self, what: str) -> None:
        self.reached.dynamic.add((*self._at, what))


def aliases_of_name(module: Module, name: str) -> list[tuple[int, Alias]]:
    """Return the imports that bind a name in a module, with their lines."""
    statements = [module.statements[place] for place in module.bindings.get(name, ())]
    return [(item.node.lineno, alias) for item in statements for alias in item.aliases if alias.bound == name]


def hides_submodule(module: Module, name: str) -> bool:
    """Return whether a package binds a name to something of its own, so that a submodule of that name is not what it means."""
    own = Target(module.name, name)
    return any(
        getattr(module.statements[place].node, "name", None) == name
        or (module.statements[place].is_import and module.statements[place].aliases[0].target != own)
        for place in module.bindings.get(name, ())
    )


def runs_for_effect(statement: Statement, find: Find) -> bool:
    """Return whether a statement matters by being run: it has effects, or imports from outside what nobody mentions."""
    return statement.has_effect or (statement.is_unused and find(statement.loads[0].module) is None)


def piece_digests(reached: Reached, find: Find) -> dict[str, Digest]:
    """Return the digest of every reached piece by name."""
    found: dict[str, Digest] = {}
    for label, (module, name) in reached.pieces.items():
        if module.compiled:
            found[label] = digest_bytes(module.compiled)
            continue
        if name in module.bindings:
            places = module.bindings[name]
        else:
            places = [n for n, item in enumerate(module.statements) if name == "*" or runs_for_effect(item, find)]
        found[label] = module.piece(places, documentation=reached.documentation)
    if reached.documentation:
        found |= {f"{name}:__doc__": module.documentation for name, module in reached.loaded.items() if not module.compiled}
    return found


def import_order(reached: Reached, find: Find) -> Digest | None:
    """Return a digest of the order in which the imports run the reached statements whose place matters.

    None if there are none: the order of functions, plain classes and constants is no part of the code.
    """
    order: list[list[str]] = []
    visited: set[str] = set()
    for root in [reached.roots[0], *sorted(reached.roots[1:])]:
        rest: list[Iterator[str | list[str]]] = [iter([root])]
        while rest:
            item = next(rest[-1], None)
            if item is None:
                rest.pop()
            elif isinstance(item, list):
                order.append(item)
            elif item in reached.loaded and item not in visited:
                visited.add(item)
                rest.append(_run(reached, reached.loaded[item], find))
    return digest_record(PIECE, [canonical.dumps(order)]) if order else None


def _run(reached: Reached, module: Module, find: Find) -> Iterator[str | list[str]]:
    """Yield, in the order an import meets them, names of modules to run and labels of reached statements."""
    yield module.name.rpartition(".")[0]
    taken = reached.statements.get(module.name, set())
    for place, statement in enumerate(module.statements):
        for target in statement.loads:
            yield target.module
            yield f"{target.module}.{target.name}"
        matters = runs_for_effect(statement, find) if statement.is_import else not statement.is_movable
        if place in taken and matters:
            yield [module.name, ",".join(sorted(statement.names)) or EFFECTS]
