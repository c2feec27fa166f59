"""Entries: the leaves of the audit log, and the Merkle tree over them.

The leaf encoding is final. Each entry names the root of the tree before it, so a chain of entries can be checked from any
point, and the tree gives inclusion proofs of logarithmic size.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from remint.core import canonical
from remint.core.digest import Digest, digest_record, from_raw
from remint.core.ids import PrincipalId

EMPTY_ROOT = digest_record("entry root v1", [])


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened, or was refused.

    Attributes:
        action: a verb of the action table, for example `ref:move`.
        resource: what it was done to, in the words of the interface.
        facts: what else belongs to it; canonical JSON, never personal data.
        decision: `allow` or `deny`.
    """

    action: str
    resource: str
    by: PrincipalId
    at_us: int
    facts: Mapping[str, Any] = field(default_factory=dict)
    decision: str = "allow"


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of the tree: the roots of its complete subtrees, largest first, and how many leaves it has."""

    size: int = 0
    roots: tuple[Digest, ...] = ()

    def root(self) -> Digest:
        """Return the root of the whole tree."""
        if not self.roots:
            return EMPTY_ROOT
        node = self.roots[-1]
        for left in reversed(self.roots[:-1]):
            node = _node(left, node)
        return node

    def appended(self, leaf: Digest) -> "Frontier":
        """Return the frontier after one more leaf."""
        roots = [*self.roots, leaf]
        size = self.size
        while size & 1:
            right = roots.pop()
            roots.append(_node(roots.pop(), right))
            size >>= 1
        return Frontier(self.size + 1, tuple(roots))


def _node(left: Digest, right: Digest) -> Digest:
    return digest_record("entry node v1", [left.raw, right.raw])


def leaf_bytes(entry: Entry, *, number: int, previous: Digest) -> bytes:
    """Return the canonical bytes of an entry at its place in the log.

    Args:
        entry: what happened.
        number: its place, from 1.
        previous: the root of the tree before it.
    """
    return canonical.dumps(
        {
            "v": 1,
            "number": number,
            "previous": previous,
            "at_us": entry.at_us,
            "by": entry.by,
            "action": entry.action,
            "resource": entry.resource,
            "decision": entry.decision,
            "facts": dict(entry.facts),
        }
    )


def leaf_digest(leaf: bytes) -> Digest:
    """Return the digest of a leaf with these canonical bytes."""
    return digest_record("entry v1", [leaf])


def frontier_from(raw_roots: Sequence[bytes], size: int) -> Frontier:
    """Return the frontier stored as raw digests."""
    return Frontier(size, tuple(from_raw(raw) for raw in raw_roots))
