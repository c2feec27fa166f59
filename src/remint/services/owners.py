"""Owners: whether somebody answers for the refs that a change moves, and what their materiality asks for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from remint.core.inventory import Answer, Item, Standard, answer_of
from remint.core.ref import RefName
from remint.errors import Denied
from remint.ports.catalog import Transaction


@dataclass(frozen=True)
class Owners:
    """Who answers for refs of main.

    Attributes:
        demanded: patterns of refs that nobody moves before somebody answers for them.
        standards: what changes are judged by, by materiality of their refs.
    """

    demanded: tuple[str, ...]
    standards: Mapping[str, Standard]

    def answer(self, tx: Transaction, path: str, item: Item | None) -> tuple[Answer, str]:
        """Return whether somebody answers for a ref, and in words why not."""
        return answer_of(path, item, tx.principals.get(item.owner) if item else None)

    def lacking(self, tx: Transaction, refs: Iterable[RefName]) -> tuple[str, ...]:
        """Return, in words, why refs cannot be moved: who answered for one is gone, or nobody did where it is demanded."""
        return tuple(why for _, why in self._lacking(tx, refs))

    def _lacking(self, tx: Transaction, refs: Iterable[RefName]) -> list[tuple[RefName, str]]:
        found = []
        for ref in refs:
            answer, why = self.answer(tx, ref.path, tx.inventory.get(ref.path))
            demanded = any(fnmatchcase(ref.path, pattern) for pattern in self.demanded)
            if answer is Answer.ORPHANED or (answer is Answer.UNOWNED and demanded):
                found.append((ref, why))
        return found

    def require(self, tx: Transaction, refs: Iterable[RefName], *, doing: str) -> None:
        """Refuse to move refs for which nobody answers, as `lacking` says.

        Args:
            tx: the transaction in which they would move.
            refs: of main.
            doing: what is not done then, in words.

        Raises:
            Denied: rule `owned`.
        """
        found = self._lacking(tx, refs)
        if found:
            raise Denied(
                doing,
                why=f"rule owned: {'; '.join(why for _, why in found)}",
                next_step=f"an owner says who does now: `remint inventory set {found[0][0].path} --owner NAME`",
                rule="owned",
            )

    def standard(self, tx: Transaction, path: str) -> Standard | None:
        """Return what the materiality of a ref asks for; None if nothing beyond the patterns that match it."""
        item = tx.inventory.get(path) if self.standards else None
        return self.standards.get(item.materiality) if item else None
