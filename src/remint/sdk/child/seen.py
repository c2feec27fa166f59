"""What a step's process was like when the step had ended: libraries mapped, packages imported, conditions."""

import ctypes
import functools
import os
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from remint.sdk.child.guard import is_within, libc


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a process had loaded at one moment.

    Attributes:
        packages: top-level modules from outside the project and outside Python itself.
        libraries: shared libraries, by the name the linker has for them, with the path of the file.
        names: of all modules; empty in a process about to be forked, where the order of loading tells what came later.
    """

    packages: frozenset[str] = frozenset()
    libraries: Mapping[bytes, str] = field(default_factory=dict)
    names: frozenset[str] = frozenset()


class _Library(ctypes.Structure):
    _fields_ = (
        ("address", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("headers", ctypes.c_void_p),
        ("header_count", ctypes.c_uint16),
        ("loads", ctypes.c_ulonglong),
        ("unloads", ctypes.c_ulonglong),
    )


_Visit = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Library), ctypes.c_size_t, ctypes.c_void_p)


def loaded_now(*, names: bool = False) -> Loaded:
    """Return what this process has loaded; with `names` also the modules by name, for a process that goes on living."""
    return Loaded(packages(os.devnull, list(sys.modules)), libraries({}), frozenset(sys.modules) if names else frozenset())


def libraries(known: Mapping[bytes, str]) -> dict[bytes, str]:
    """Return the shared libraries mapped into this process.

    The linker's own list is asked: it names the same files as /proc/self/maps in a twentieth of the time.

    Args:
        known: libraries whose path was found out before.
    """
    counts: list[int] = []

    def visit_first(library: Any, _size: int, _data: object) -> int:  # noqa: ANN401 - a pointer of ctypes
        counts.extend((library.contents.loads, library.contents.unloads))
        return 1

    libc.dl_iterate_phdr(_Visit(visit_first), None)
    names = _library_names(*counts)
    return {name: known.get(name) or os.path.realpath(os.fsdecode(name)) for name in names}


@functools.lru_cache(maxsize=1)
def _library_names(_loads: int, _unloads: int) -> tuple[bytes, ...]:
    """Return the names of the mapped libraries, asked for again only when one was loaded or unloaded since."""
    names: list[bytes] = []

    def visit(library: Any, _size: int, _data: object) -> int:  # noqa: ANN401 - a pointer of ctypes
        names.append(library.contents.name or b"")
        return 0

    libc.dl_iterate_phdr(_Visit(visit), None)
    return tuple(name for name in names if name.startswith(b"/"))


def packages(code: str, names: Iterable[str]) -> frozenset[str]:
    """Return those of the loaded modules that are top-level, from outside the project and from outside Python itself.

    Args:
        code: the project's code.
        names: names of modules to look at.
    """
    tops = {name for name in names if "." not in name and not name.startswith("__")} - sys.stdlib_module_names - {"remint"}
    return frozenset(name for name in tops if not is_within(getattr(sys.modules[name], "__file__", None) or "", code))


def names_since_start() -> Iterator[str]:
    """Yield the names of modules imported since `__main__` was put in place.

    A child looks at these only: to look at a module is to write to its count of references, and in a forked process to copy its
    memory.
    """
    for name in reversed(sys.modules):
        if name == "__main__":
            return
        yield name


def observed(order: Mapping[str, Any], before: Loaded | None = None) -> dict[str, Any]:
    """Return libraries mapped and packages imported, as sorted lists, and seed, hash seed, threads and Python's version.

    Args:
        order: the task.
        before: what was loaded before `__main__` was put in place; None where that is not known.
    """
    known = before or Loaded()
    names = names_since_start() if before is not None and not known.names else sys.modules.keys() - known.names
    conditions = order["conditions"]
    return {
        "libraries": sorted(set(libraries(known.libraries).values())),
        "modules": sorted(known.packages | packages(order["code"], names)),
        "seed": conditions.get("seed"),
        "hash_seed": conditions.get("hash_seed"),
        "threads": conditions.get("threads"),
        "python": platform.python_version(),
    }
