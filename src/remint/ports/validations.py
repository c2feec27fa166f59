"""The records of validations."""

from collections.abc import Sequence
from typing import Protocol

from remint.core.digest import Digest
from remint.core.validation import ValidationStep


class ValidationRecords(Protocol):
    """Steps of validations; insert-only. The contract of the methods is that of ports.catalog."""

    def add(self, step: ValidationStep) -> ValidationStep:
        """Record a step, under the next number, and return it with that; its own number does not count."""
        ...

    def next(self) -> int:
        """Return the number that the next validation gets."""
        ...

    def steps(self, *, validation: int | None = None, artifact: Digest | None = None) -> Sequence[ValidationStep]:
        """Return all steps, oldest first: of one validation or about one artifact, if given."""
        ...
