"""Random numbers of a step: seeded as declared, or fresh although the process was copied from another."""

import importlib.abc
import importlib.machinery
import random
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

Seeder = Callable[[int | None], None]


def _seed_numpy(seed: int | None) -> None:
    held = sys.modules["numpy.random"]
    held.seed(seed if seed is None else seed & 0xFFFFFFFF)


def _seed_torch(seed: int | None) -> None:
    torch = sys.modules["torch"]
    if seed is None:
        torch.seed()
    else:
        torch.manual_seed(seed & 0xFFFFFFFFFFFFFFFF)


SEEDERS: dict[str, Seeder] = {"numpy.random": _seed_numpy, "torch": _seed_torch}


class _SeededLoader(importlib.abc.Loader):
    """Loads a module as its own loader does, then seeds it."""

    def __init__(self, loader: Any, seeder: Seeder, seed: int | None) -> None:  # noqa: ANN401 - loaders differ
        self._loader = loader
        self._seeder = seeder
        self._seed = seed

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the module's own loader offers
        return getattr(self._loader, name)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        """Let the module's own loader make it."""
        made: ModuleType | None = self._loader.create_module(spec)
        return made

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, then seed it."""
        self._loader.exec_module(module)
        self._seeder(self._seed)


class SeedLater(importlib.abc.MetaPathFinder):
    """Seeds a library at the moment it is imported, for those that are not loaded yet.

    Args:
        seed: as declared; None for fresh entropy.
        names: modules to watch for.
    """

    def __init__(self, seed: int | None, names: Sequence[str]) -> None:
        self._seed = seed
        self._names = set(names)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the spec the other finders give, with a loader that seeds; None for every other module."""
        if fullname not in self._names:
            return None
        self._names.discard(fullname)
        found = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if found is not None and found.loader is not None:
            found.loader = _SeededLoader(found.loader, SEEDERS[fullname], self._seed)
        return found


def plant(seed: int | None) -> SeedLater:
    """Seed `random`, numpy and torch: those that are loaded now, the others when they are imported.

    Args:
        seed: any whole number; numpy takes its lowest 32 bits, torch its lowest 64. None gives fresh entropy, which a process
            copied from another needs too.

    Returns:
        The finder put into `sys.meta_path`; take it out again where the process lives on.
    """
    random.seed(seed)
    loaded = {name for name in SEEDERS if name in sys.modules}
    for name in loaded:
        SEEDERS[name](seed)
    later = SeedLater(seed, sorted(set(SEEDERS) - loaded))
    sys.meta_path.insert(0, later)
    return later


class Kept:
    """The state of the random numbers of this process, to be put back."""

    def __init__(self) -> None:
        self._python = random.getstate()
        self._numpy = sys.modules["numpy.random"].get_state() if "numpy.random" in sys.modules else None
        self._torch = sys.modules["torch"].get_rng_state() if "torch" in sys.modules else None

    def put_back(self) -> None:
        """Put the state back as it was."""
        random.setstate(self._python)
        if self._numpy is not None:
            sys.modules["numpy.random"].set_state(self._numpy)
        if self._torch is not None:
            sys.modules["torch"].set_rng_state(self._torch)
