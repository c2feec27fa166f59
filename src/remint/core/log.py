"""The audit log as a whole: checking very many entries, proving that one of them is in it, and checkpoints kept elsewhere.

An entry's leaf names the root of the tree before it. Where one leaf was altered, the root after it is another, so looking at
every 64th leaf finds that something before it is wrong; only then is each one looked at.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from remint.core import canonical
from remint.core.digest import Digest, from_raw, record_hasher
from remint.core.entry import EMPTY_ROOT, Frontier
from remint.errors import InvalidDigest

_leaf = record_hasher("entry v1")
_node = record_hasher("entry node v1")
_STRIDE = 64
_NUMBER, _PREVIOUS, _AFTER = b',"number":', b',"previous":"b3:', b'","resource":"'


class Tree:
    """The right edge of a growing tree, as raw digests.

    Args:
        start: the frontier to grow from.
    """

    def __init__(self, start: Frontier | None = None) -> None:
        self.size = start.size if start else 0
        self._roots = [root.raw for root in start.roots] if start else []

    def add(self, leaf: bytes) -> None:
        """Take the next leaf."""
        roots, size, node = self._roots, self.size, _leaf(leaf)
        while size & 1:
            node = _node(roots.pop() + node)
            size >>= 1
        roots.append(node)
        self.size += 1

    def root(self) -> Digest:
        """Return the root of the whole tree."""
        return from_raw(self._raw_root()) if self._roots else EMPTY_ROOT

    def frontier(self) -> Frontier:
        """Return the frontier."""
        return Frontier(self.size, tuple(from_raw(root) for root in self._roots))

    def copy(self) -> "Tree":
        """Return another tree that is as this one is now."""
        made = Tree()
        made.size, made._roots = self.size, self._roots.copy()
        return made

    def _raw_root(self) -> bytes:
        node = self._roots[-1]
        for left in reversed(self._roots[:-1]):
            node = _node(left + node)
        return node


class Check:
    """A check of a log that arrives in pieces.

    Args:
        sizes: numbers of entries after which the root is wanted, ascending.
        start: the frontier before the first piece.

    Attributes:
        tree: over the entries taken so far.
        first_bad: the number of the first entry found that is not what it should be; None if none is.
        roots: the root after each wanted size that was reached.
    """

    def __init__(self, sizes: Iterable[int] = (), *, start: Frontier | None = None) -> None:
        self.tree = Tree(start)
        self._from = self.tree.size + 1
        self.first_bad: int | None = None
        self.roots: dict[int, Digest] = {}
        self._pending: list[bytes] = []
        self._sizes = sorted({size for size in sizes if size > self.tree.size}, reverse=True)
        if 0 in sizes:
            self.roots[0] = EMPTY_ROOT

    def take(self, leaves: Iterable[bytes]) -> bool:
        """Take the next leaves of the log; return whether all are right as far as can be told yet."""
        self._pending += leaves
        return self._look(more_than=_STRIDE)

    def end(self) -> bool:
        """Say that there are no more leaves; return whether all are right.

        The last leaf of all can only be told by the root after it, which is kept elsewhere.
        """
        return self._look(more_than=0)

    def _look(self, *, more_than: int) -> bool:
        pending, at = self._pending, 0
        while self.first_bad is None and len(pending) - at > more_than:
            before = self.tree.copy()
            if not self._fits(pending[at : at + _STRIDE]):
                self.first_bad = max(_first_bad(before, pending[at : at + _STRIDE + 1]), self._from)
            at += _STRIDE
        del pending[:at]
        return self.first_bad is None

    def _fits(self, leaves: Sequence[bytes]) -> bool:
        tree, last = self.tree, len(leaves) - 1
        for number, leaf in enumerate(leaves):
            if number == last and not _names(leaf, tree.root()):
                return False
            if _numbered(leaf) != tree.size + 1:
                return False
            tree.add(leaf)
            if self._sizes and self._sizes[-1] == tree.size:
                self.roots[self._sizes.pop()] = tree.root()
        return True


def first_bad(leaves: Iterable[bytes], *, start: Frontier | None = None) -> int | None:
    """Return the number of the first leaf that is not what it should be; None if all are, as far as the leaves tell.

    Args:
        leaves: canonical bytes in log order.
        start: the frontier before the first of them; the empty tree if not given.
    """
    check = Check(start=start)
    check.take(leaves)
    check.end()
    return check.first_bad


def _numbered(leaf: bytes) -> int | None:
    """Return the number of a leaf. No text inside it holds these bytes, since there a quote has a backslash before it."""
    at = leaf.rfind(_NUMBER)
    digits = leaf[at + len(_NUMBER) : leaf.find(b",", at + len(_NUMBER))] if at >= 0 else b""
    return int(digits) if digits.isdigit() else None


def _names(leaf: bytes, root: Digest) -> bool:
    """Return whether a leaf names a root as the one before it."""
    at = leaf.rfind(_PREVIOUS)
    return at >= 0 and leaf.startswith(root.hex.encode() + _AFTER, at + len(_PREVIOUS))


def _first_bad(before: Tree, leaves: Sequence[bytes]) -> int:
    """Return the number of the first bad one of leaves, one of which is bad.

    A leaf that does not name the root before it may itself be altered, or the one before it is. It is the later one if the leaf
    after it fits as soon as the root is mended.
    """
    tree = before
    for at, leaf in enumerate(leaves):
        if _numbered(leaf) != tree.size + 1:
            return tree.size + 1
        root = tree.root()
        if not _names(leaf, root):
            return tree.size + 1 if _is_own_fault(tree, leaf, leaves[at + 1 : at + 2]) else tree.size
        tree.add(leaf)
    return tree.size


def _is_own_fault(tree: Tree, leaf: bytes, following: Sequence[bytes]) -> bool:
    at = leaf.rfind(_PREVIOUS)
    if at < 0 or not following:
        return at < 0
    if _numbered(following[0]) != tree.size + 2:  # it was put in
        return True
    start = at + len(_PREVIOUS)
    mended = tree.copy()
    mended.add(leaf[:start] + tree.root().hex.encode() + leaf[start + 64 :])
    return _names(following[0], mended.root())


@dataclass(frozen=True, slots=True)
class Proof:
    """That an entry is in a log of some size.

    Attributes:
        number: of the entry, from 1.
        size: of the log.
        leaf: the canonical bytes of the entry.
        path: the roots of the subtrees beside it, the smallest first.
    """

    number: int
    size: int
    leaf: bytes
    path: tuple[Digest, ...]

    def root(self) -> Digest:
        """Return the root of the log that the proof leads to; another one than the log's if anything of it is altered."""
        node, path = _leaf(self.leaf), list(self.path)
        for is_left in _sides(self.number - 1, self.size):
            if not path:
                return EMPTY_ROOT
            beside = path.pop(0).raw
            node = _node(beside + node if is_left else node + beside)
        return from_raw(node) if not path else EMPTY_ROOT

    def record(self) -> dict[str, Any]:
        """Return it as canonical JSON."""
        return {"v": 1, "number": self.number, "size": self.size, "leaf": self.leaf.decode(), "path": list(self.path)}


def read_proof(record: Mapping[str, Any]) -> Proof:
    """Return the proof in a record.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    path = tuple(_digest(one) for one in record["path"])
    found = Proof(int(record["number"]), int(record["size"]), str(record["leaf"]).encode(), path)
    if record["v"] != 1 or not 1 <= found.number <= found.size:
        raise ValueError("the number is outside the log")
    return found


def _digest(text: object) -> Digest:
    try:
        return Digest.parse(str(text))
    except InvalidDigest as error:
        raise ValueError(error.why) from error


def prove(leaves: Iterable[bytes], number: int) -> Proof:
    """Return the proof of entry `number` of a log, given all its leaves in order.

    Raises:
        IndexError: the log has no such entry.
    """
    wanted, chosen, raws = number - 1, b"", bytearray()
    for at, leaf in enumerate(leaves):
        raws += _leaf(leaf)
        if at == wanted:
            chosen = leaf
    size = len(raws) // 32
    if not 0 <= wanted < size:
        raise IndexError(number)
    path: list[Digest] = []
    level, at = [bytes(raws[place : place + 32]) for place in range(0, len(raws), 32)], wanted
    while len(level) > 1:
        beside = at ^ 1
        if beside < len(level):
            path.append(from_raw(level[beside]))
        above = [_node(level[place] + level[place + 1]) for place in range(0, len(level) - 1, 2)]
        level, at = above + level[len(above) * 2 :], at // 2
    return Proof(number, size, chosen, tuple(path))


def _sides(at: int, width: int) -> Iterable[bool]:
    """Yield, from the leaf up, whether what stands beside the way is to its left."""
    while width > 1:
        if at ^ 1 < width:
            yield bool(at & 1)
        at, width = at // 2, (width + 1) // 2


def checkpoint_bytes(*, installation: str, size: int, root: Digest, at_us: int, public_key: bytes) -> bytes:
    """Return the canonical bytes of a checkpoint, which are signed: how long the log was at a time, and its root."""
    record = {"v": 1, "installation": installation, "size": size, "root": root, "at_us": at_us, "key": public_key.hex()}
    return canonical.dumps(record)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed statement of how long a log was, and of its root, kept where the log is not.

    Attributes:
        payload: what was signed (see checkpoint_bytes).
        signature: Ed25519, by the key that the payload names.
    """

    installation: str
    size: int
    root: Digest
    at_us: int
    public_key: bytes
    payload: bytes
    signature: bytes

    def line(self) -> bytes:
        """Return it as one line of JSON."""
        return canonical.dumps({"checkpoint": canonical.loads(self.payload), "signature": self.signature.hex()}) + b"\n"


def read_checkpoint(line: bytes) -> Checkpoint:
    """Return the checkpoint in a line; its signature is not checked.

    Raises:
        KeyError, TypeError, ValueError: there is none in it.
    """
    outer = canonical.loads(line)
    held = outer["checkpoint"]
    signature, key, root = bytes.fromhex(outer["signature"]), bytes.fromhex(held["key"]), _digest(held["root"])
    made = checkpoint_bytes(
        installation=held["installation"], size=held["size"], root=root, at_us=held["at_us"], public_key=key
    )
    if held["v"] != 1 or not isinstance(held["size"], int):
        raise ValueError("the version is unknown")
    return Checkpoint(held["installation"], held["size"], root, held["at_us"], key, made, signature)
