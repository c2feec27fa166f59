"""Use cases of validations."""

from collections.abc import Sequence
from typing import Protocol

from remint.core.digest import Digest
from remint.core.validation import Validation
from remint.ports.usecases.context import Context


class Validations(Protocol):
    """Judging what somebody else made. Every step is signed by who takes it; none is ever changed.

    All of them raise NotFound where there is no such validation or finding, and Denied where the caller may not: the validator
    alone tests, finds, closes and concludes (rule `own-validation`).
    """

    def open(self, context: Context, ref: str, digest: Digest, *, scope: str) -> Validation:
        """Open a validation of one version; the caller is the validator. Its bytes are verified first.

        Args:
            context: who validates.
            ref: as it is named by people.
            digest: the version.
            scope: what is looked at, in words.

        Raises:
            Denied: the caller helped to make it (rule `independent`).
            Corrupt: the artifact is damaged.
        """
        ...

    def test(self, context: Context, number: int, run_id: str) -> Validation:
        """Bind a run to it. Idempotent.

        Raises:
            Invalid: the validator did not carry the run out, not in a sandbox, not over the artifact, or it is not done.
            Conflict: the validation is concluded.
        """
        ...

    def find(self, context: Context, number: int, *, severity: str, due: str, text: str) -> Validation:
        """Record a finding.

        Args:
            context: the validator.
            number: of the validation.
            severity: low, medium, high or critical.
            due: until when it is to be mended, as in ISO 8601.
            text: in words.

        Raises:
            Invalid: a word or a time cannot be.
            Conflict: the validation is concluded.
        """
        ...

    def fix(self, context: Context, number: int, finding: int, *, note: str) -> Validation:
        """Say what was done about a finding; the validator closes it."""
        ...

    def close(self, context: Context, number: int, finding: int) -> Validation:
        """Close a finding, also after the conclusion. Idempotent."""
        ...

    def waive(self, context: Context, number: int, finding: int, *, until: str, reason: str) -> Validation:
        """Let a finding not count until a time; after it, it is open again.

        Raises:
            Denied: the caller helped to make the artifact, or may not approve.
            Invalid: the time is over, or no reason is given.
        """
        ...

    def conclude(self, context: Context, number: int, *, result: str, condition: str = "") -> Validation:
        """Say what came out.

        Args:
            context: the validator.
            number: of the validation.
            result: pass, pass-with-conditions or fail.
            condition: of pass-with-conditions, in words.

        Raises:
            Invalid: the result does not follow: no run is bound, findings are open, or a condition is missing.
            Conflict: it is concluded.
        """
        ...

    def show(self, number: int) -> Validation:
        """Return one validation."""
        ...

    def list(self, *, artifact: Digest | None = None) -> Sequence[Validation]:
        """Return validations, newest first: of one artifact, if given."""
        ...
