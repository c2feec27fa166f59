"""Seeing what a step depends on: the code it can reach and the environment it runs in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from remint.core.digest import Digest
from remint.core.filestate import FileState


@dataclass(frozen=True, slots=True)
class Closure:
    """The code of one step.

    Attributes:
        digest: of the normalised code the step can reach inside the project; comments, docstrings, positions and the
            arguments of Remint's
            own decorators do not matter to it.
        pieces: the digest of each reached piece by name, for example `helpers:clean`, so that a plan can say which one changed.
        files: the project's source files that importing the step needs, relative with `/`, sorted.
        modules: modules from outside the project that the code imports, for preloading.
        whole: why the whole project counts as reached (dynamic import, exec …); empty if it does not.
    """

    digest: Digest
    pieces: Mapping[str, Digest]
    files: tuple[str, ...]
    modules: tuple[str, ...]
    whole: str = ""


class Code(Protocol):
    """Static analysis of the project's source. Runs none of it."""

    def closure(self, module: str, qualname: str, *, cells: Mapping[str, object] | None = None) -> Closure:
        """Return the code that the function `qualname` of `module` can reach.

        Idempotent; reads the source files as they are now. The same text always gives the same digest, on every machine.

        Args:
            module: dotted name, importable from one of the project's import roots.
            qualname: of the function, as `__qualname__` says it; `<locals>` allowed.
            cells: values of the variables a nested function closes over.

        Raises:
            NotFound: no such module or function in the project (permanent until the source changes).
            Invalid: the source has a syntax error; the message has file and line.
            UnhashableParameter: a cell has no canonical encoding.
        """
        ...

    def looked_at(self) -> Mapping[str, FileState | None] | None:
        """Return every file and folder that the closures found so far rest on, those without cells, by absolute path.

        Each has the state it had before it was read; None where nothing was. While all of them keep their states, the same
        closures would be found again. None if some of them changed while closures were found, so that this cannot be said.
        """
        ...

    def suspects(self, files: Mapping[str, bytes], *, seeded: bool) -> list[str]:
        """Return, in words with file and line, what in a step's code may make its results differ between runs.

        Looks for reads of the clock, unseeded random numbers, iteration over sets, object addresses (`id`, default
        `repr`), directory listings in no order, threads. Static; never fails on code that parses.

        Args:
            files: the source of the step by relative path, as it was recorded.
            seeded: whether the step has a seed, so that global random generators repeat.
        """
        ...


@dataclass(frozen=True, slots=True)
class Declared:
    """The environment a project asks for.

    Attributes:
        digest: of the record, as an artifact of the kind `environment`.
        record: canonical JSON of the lock's names, versions and hashes, the interpreter's version and the platform.
        facts: python, platform, and the number of pinned distributions.
    """

    digest: Digest
    record: Any
    facts: Mapping[str, Any] = field(default_factory=dict)


class Environment(Protocol):
    """The declared environment, and what is really installed."""

    def declared(self) -> Declared:
        """Return the environment the project's lock declares.

        Raises:
            NotFound: there is no lock.
            Invalid: a line of the lock has no hash, no exact version, or cannot be read; the message names the line.
        """
        ...

    def differences(self) -> list[str]:
        """Return, in words, where the installed distributions differ from the lock; empty if they do not."""
        ...

    def observed(self, libraries: tuple[str, ...]) -> Mapping[str, Any]:
        """Return what is installed and loaded: JSON facts that two machines with equal conditions share.

        Args:
            libraries: paths of the shared libraries a process had mapped.

        Returns:
            `python` (version, build, digest of the binary), `platform`, `cpu` (model, instruction level), `libc`,
            `distributions` (name to version and digest of its RECORD), `libraries` (file name to digest).
        """
        ...


class Git(Protocol):
    """The git checkout a project may live in."""

    def contains(self, root: Path, commit: str, branch: str) -> bool:
        """Return whether a commit is reachable from a branch (`main`, `origin/main`); False where git cannot tell.

        Never fails.
        """
        ...

    def state(self, root: Path) -> Mapping[str, str]:
        """Return `commit`, `remote` (its name and address without credentials) and `dirty` (digest of the uncommitted
        difference, empty if there is none); an empty mapping outside git or without git. Never fails.
        """
        ...
