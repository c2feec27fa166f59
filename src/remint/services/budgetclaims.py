"""Comparing the records of budgets with the entries that tell of them, and balances with what they must be."""

from collections.abc import Iterator, Mapping
from typing import Any

from remint.core.budget import record_digest
from remint.ports.catalog import Transaction


def said_budget(entry: Mapping[str, Any]) -> tuple[object, ...]:
    """Return what an entry about a budget, a reservation or a charge says."""
    return (entry["action"], entry["resource"], entry["facts"]["record"])


def budget_claims(tx: Transaction) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Yield every record of budgets that entries tell of, in words and as a claim."""
    for action, resource, record in tx.budgets.kept():
        yield f"the {type(record).__name__.lower()} of {resource}", (action, resource, str(record_digest(record)))


def balance_problems(tx: Transaction) -> list[str]:
    """Return in words which balances are not what limits, reservations, settlements and refunds make of them."""
    found, right = tx.budgets.balances(), tx.budgets.recomputed()
    return [
        f"the balance of budget {name} is not what its records say"
        for name in sorted({*found, *right})
        if found.get(name) != right.get(name)
    ]
