"""Running a step in a process that goes on living: the debugger's way, with nothing held back by the kernel."""

import importlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from remint.config import Lent
from remint.sdk.child import seeds
from remint.sdk.child.runner import Order


class Here:
    """Runs a step in a process that goes on living: modules, import path, folder and random numbers are put back afterwards."""

    def __init__(self, order: Order, folder: Path) -> None:
        self._order = order
        self._folder = folder
        self._kept = seeds.Kept()
        self._path = list(sys.path)
        self._cwd = Path.cwd()
        self._modules = dict(sys.modules)
        self._writes_no_bytecode = sys.dont_write_bytecode

    def __enter__(self) -> Self:
        code = self._order["code"]
        sys.path.insert(0, code)
        sys.dont_write_bytecode = True
        self._lent = Lent(self._order["environment"])
        os.chdir(self._folder)
        self._later = seeds.plant(self._order["conditions"].get("seed"))
        importlib.invalidate_caches()
        self._tops = _tops(code)
        self._away = self._forget(sys.modules)
        return self

    def __exit__(self, *_: object) -> None:
        if self._later in sys.meta_path:
            sys.meta_path.remove(self._later)
        self._forget((sys.modules.keys() - self._modules.keys()) | (self._away & sys.modules.keys()))
        for name in self._modules.keys() - sys.modules.keys():
            sys.modules[name] = self._modules[name]
        sys.path[:] = self._path
        self._lent.take_back()
        sys.dont_write_bytecode = self._writes_no_bytecode
        os.chdir(self._cwd)
        self._kept.put_back()

    def _forget(self, names: Iterable[str]) -> set[str]:
        """Forget, and return, those of some modules that a step's code brought or would bring, so that its own is imported."""
        if self._tops.isdisjoint(sys.modules):  # a module is loaded only below its package
            return set()
        found = {name for name in names if name.partition(".")[0] in self._tops}
        ours = {name for name in found if "site-packages" not in (getattr(sys.modules[name], "__file__", None) or "")}
        for name in ours:
            del sys.modules[name]
        return ours


def _tops(code: str) -> set[str]:
    """Return the top-level modules that a step's code has, but for those of Python and of Remint."""
    return {place.name.partition(".")[0] for place in Path(code).iterdir()} - sys.stdlib_module_names - {"remint"}
