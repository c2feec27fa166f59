"""Use cases of data contracts: what tables promise, as definitions that are versioned, diffed and approved."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from remint.core.artifact import Artifact
from remint.core.contract import Contract
from remint.core.digest import Digest
from remint.ports.usecases.context import Context


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check of a table against a contract found.

    Attributes:
        table: that was checked.
        contract: it was checked against.
        rows: how many rows the table has.
        violations: broken rules with examples, as core.contract.Violation.to_record; 100 at most.
        broken: the same in words, without values of the table; empty if the contract is kept. This is what is signed.
    """

    table: Digest
    contract: Digest
    rows: int
    violations: Sequence[dict[str, Any]]
    broken: Sequence[str]


@dataclass(frozen=True, slots=True)
class Set:
    """A contract that was set.

    Attributes:
        moved: whether the ref pointed elsewhere before.
    """

    artifact: Artifact
    moved: bool


class Contracts(Protocol):
    """Drafting, setting and checking data contracts."""

    def draft(self, context: Context, table: str, *, key: Sequence[str] = (), time: str = "") -> Contract:
        """Return a contract that says what can be seen of a table: columns, types, and which hold no null.

        Args:
            context: who asks and where.
            table: a ref, or a version of one.
            key: names of columns that together tell rows apart.
            time: the column that says when a row happened.

        Raises:
            Invalid: it is no table, or has no such column.
        """
        ...

    def set(self, context: Context, ref: str, content: bytes) -> Set:
        """Point a ref at a contract.

        Args:
            context: who acts and where.
            ref: of the kind `contract`; a protected one is moved by a change.
            content: what Contract.to_json writes, however it is laid out.

        Raises:
            Invalid: the content is no contract, or the ref is of another kind.
            Denied: the caller may not, or the ref is protected.
            RefMoved: somebody moved the ref at the same time.
        """
        ...

    def show(self, context: Context, ref: str) -> Contract:
        """Return the contract that a ref or a version of one means.

        Raises:
            Invalid: it is another artifact.
        """
        ...

    def check(self, context: Context, table: str, contract: str) -> Checked:
        """Check a table against a contract and sign what was found, for the gate `data-contract`.

        Args:
            context: who asks and where.
            table: a ref, or a version of one.
            contract: the same.

        Raises:
            Invalid: one is no table or no contract, or a rule does not fit the table.
            Denied: the caller may not read the table, or not sign evidence.
        """
        ...
