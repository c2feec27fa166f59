"""Which validations hold: those whose every step is signed by who took it, and whose conclusion is over the steps before."""

from itertools import groupby
from operator import attrgetter

from remint.core.digest import Digest
from remint.core.evidence import pre_authentication, read_statement
from remint.core.validation import CONCLUDE, FIND, TEST, Validation, ValidationStep, folded, over
from remint.ports.catalog import Transaction
from remint.ports.signing import Keys


def validations_of(
    tx: Transaction, keys: Keys, *, validation: int | None = None, artifact: Digest | None = None
) -> list[Validation]:
    """Return validations that hold, oldest first: one of them, or those of one artifact, if given."""
    number = attrgetter("validation")
    steps = sorted(tx.validations.steps(validation=validation, artifact=artifact), key=number)  # keeps the order within each
    groups = [list(group) for _, group in groupby(steps, key=number)]
    return [one for group in groups if all(_holds(tx, keys, step) for step in group) for one in _concluded(group)]


def _holds(tx: Transaction, keys: Keys, step: ValidationStep) -> bool:
    """Return whether a step says what its record says, and is signed by who took it."""
    signer = tx.principals.get(step.by)
    if signer is None or not keys.verify(signer.public_key, pre_authentication(step.payload), step.signature):
        return False
    artifact, _, facts, by, at_us = read_statement(step.payload)
    said = (facts.get("validation"), artifact, facts.get("verb"), by, at_us)
    return said == (step.validation, step.artifact, step.verb, step.by, step.at_us)


def _concluded(steps: list[ValidationStep]) -> list[Validation]:
    """Return the validation that steps make; nothing if its conclusion is over other steps than these."""
    for place, step in enumerate(steps):
        later = any(one.verb in {TEST, FIND} for one in steps[place:])
        if step.verb == CONCLUDE and (later or read_statement(step.payload)[2]["over"] != over(steps[:place])):
            return []
    return folded(steps)
