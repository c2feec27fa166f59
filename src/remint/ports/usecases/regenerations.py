"""Use cases of regeneration."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from remint.core.digest import Digest
from remint.core.regeneration import Regeneration
from remint.ports.usecases.context import Context


@dataclass(frozen=True, slots=True)
class Regenerable:
    """Whether everything that is needed to make an artifact again is still here.

    Attributes:
        missing: what is not, in words; empty if it can be made again.
        while_kept: what it rests on that is kept outside the project, in words.
        next_step: what may be done about what is missing.
        external: why it cannot be made again here at all, in words; empty if it could.
    """

    subject: Digest
    missing: tuple[str, ...]
    while_kept: tuple[str, ...] = ()
    next_step: str = "restore what is missing from a backup or a remote"
    external: str = ""

    @property
    def yes(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing


class Regenerations(Protocol):
    """Making artifacts again, and saying how well that went."""

    def check(self, digest: Digest, *, deep: bool = True) -> Regenerable:
        """Return whether an artifact can be made again; runs nothing.

        Args:
            digest: the artifact.
            deep: look at everything behind it, not only at what its own run read.
        """
        ...

    def regenerate(
        self,
        context: Context,
        digest: Digest,
        *,
        required: str = "content",
        vary: Mapping[str, Any] | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> Regeneration:
        """Make an artifact again from its record, in a fresh isolated process, and compare. Signs what came of it.

        Args:
            context: who asks.
            digest: the artifact.
            required: the level asked for.
            vary: declared conditions to change on purpose, to see whether they matter; then nothing is signed.
            on_line: called with each line the step prints.

        Raises:
            NotFound: no run made it.
            Corrupt: something it needs is gone or altered.
            EnvironmentDiffers: the environment is not the recorded one.
            StepFailed: the step fails now.
        """
        ...

    def evidence(self, digest: Digest) -> Sequence[dict[str, str]]:
        """Return what is known of earlier regenerations, newest first: level, at_us, run, by."""
        ...
