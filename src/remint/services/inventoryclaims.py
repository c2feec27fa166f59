"""Comparing the records of the inventory and of validations with the entries that tell of them."""

from collections.abc import Iterator, Mapping
from typing import Any

from remint.core.ref import PRODUCTION
from remint.core.validation import action_of
from remint.ports.catalog import Transaction


def said_item(entry: Mapping[str, Any]) -> tuple[object, ...]:
    """Return what an entry about the inventory or a validation says."""
    return (entry["action"], entry["resource"], entry["facts"]["record"])


def inventory_claims(tx: Transaction) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Yield every item of the inventory and every step of validations, in words and as a claim."""
    for item in tx.inventory.all():
        yield (
            f"item {item.number} of the inventory, {item.ref}",
            (
                "inventory:set",
                f"{PRODUCTION}:{item.ref}",
                str(item.digest()),
            ),
        )
    for step in tx.validations.steps():
        claim = (action_of(step.verb), f"validation {step.validation}", str(step.digest()))
        yield f"the step `{step.verb}` of validation {step.validation} by {step.by}", claim
