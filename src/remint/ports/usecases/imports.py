"""Use cases of imports: what other tools versioned becomes artifacts and refs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from remint.core.digest import Digest
from remint.ports.imports import Repository
from remint.ports.usecases.context import Context


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of one version.

    Attributes:
        path: where it was in the other repository.
        ref: the ref it became a version of.
        artifact: what it is; None if it was left out because files are missing.
        moved: whether the ref was moved; not if that version was imported before.
        files: how many files it has.
        missing: files whose bytes the repository does not hold.
    """

    path: str
    ref: str
    commit: str
    artifact: Digest | None
    moved: bool
    files: int
    missing: Sequence[str]


class Imports(Protocol):
    """Taking over repositories of other tools."""

    def take(
        self,
        context: Context,
        repository: Repository,
        *,
        below: str,
        on_version: Callable[[Imported], None] | None = None,
    ) -> Sequence[Imported]:
        """Take over every version of every path, oldest first, each as a version of the ref `BELOW/PATH`.

        Called again it takes over what is new. A version with missing files is left out and named.

        Args:
            context: who asks, and where the refs are.
            repository: what to read.
            below: the first words of the refs, for example `data`.
            on_version: called for each version.

        Raises:
            Denied: a ref is protected.
            Conflict: two paths become one ref, or a ref has a version that is not from there.
            Corrupt: bytes are not what the repository says; what was taken before stays.
        """
        ...
