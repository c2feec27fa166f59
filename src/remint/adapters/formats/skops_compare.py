"""Where two models differ first, in words."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from remint.adapters.formats.skops_arrays import ArrayLeaf
from remint.adapters.formats.skops_tree import Branch, Tree, ValueLeaf


def first_difference(one: Tree, other: Tree, path: str = "") -> str | None:
    """Return the first place where two trees differ and by how much, or None.

    Args:
        one: the expected model.
        other: the model that was made again.
        path: how `one` is reached from the model.
    """
    if one.raw == other.raw:
        return None
    where = path.removeprefix(".") or "the model"
    if isinstance(one, ArrayLeaf) and isinstance(other, ArrayLeaf):
        return _array_difference(one.values, other.values, where)
    if isinstance(one, ValueLeaf) and isinstance(other, ValueLeaf):
        return f"{where}: {one.shown[:80]} against {other.shown[:80]}"
    if not isinstance(one, Branch) or not isinstance(other, Branch) or one.label != other.label:
        return f"{where}: {_kind(one)} against {_kind(other)}"
    return _branch_difference(one, other, path, where)


def _branch_difference(one: Branch, other: Branch, path: str, where: str) -> str | None:
    left, right = dict(one.children), dict(other.children)
    if left.keys() != right.keys():
        if all(name.startswith("[") and name[1:-1].isdigit() for name in left.keys() | right.keys()):
            return f"{where}: {len(left):,} items against {len(right):,}"
        only = min(left.keys() ^ right.keys())
        side = "first" if only in left else "second"
        return f"{where}: only the {side} has {only.removeprefix('.')}"
    for name, child in one.children:
        found = first_difference(child, right[name], path + name)
        if found:
            return found
    return f"{where}: the same parts in another order"


def _kind(tree: Tree) -> str:
    if isinstance(tree, ArrayLeaf):
        return f"an array of {tree.values.dtype} {tree.values.shape}"
    return tree.shown[:80] if isinstance(tree, ValueLeaf) else tree.label.split(" ", 1)[-1]


def _array_difference(one: NDArray[Any], other: NDArray[Any], where: str) -> str:
    if one.shape != other.shape:
        return f"{where}: shape {one.shape} against {other.shape}"
    if one.dtype.names is not None and one.dtype.names == other.dtype.names:
        for name in one.dtype.names:
            if ArrayLeaf(one[name]).raw != ArrayLeaf(other[name]).raw:
                return _array_difference(one[name], other[name], f"{where}.{name}")
    if one.dtype != other.dtype:
        return f"{where}: {one.dtype} against {other.dtype}"
    differ = _differing(one, other)
    noun = "numbers" if one.dtype.kind in "iufcb" else "values"
    words = f"{where}: {int(differ.sum()):,} of {one.size:,} {noun} differ"
    return words + _magnitude(one[differ], other[differ])


def _differing(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.bool_]:
    """Return where two arrays have different bits."""
    width = one.dtype.itemsize
    bits = [np.frombuffer(array.tobytes(), dtype=np.uint8).reshape(*array.shape, width) for array in (one, other)]
    return np.asarray((bits[0] != bits[1]).any(axis=-1))


def _magnitude(one: NDArray[Any], other: NDArray[Any]) -> str:
    if one.dtype.kind not in "iufc":
        return f", first {one[0]!s:.40} against {other[0]!s:.40}"
    wide = np.complex128 if one.dtype.kind == "c" else np.float64
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.abs(one.astype(wide) - other.astype(wide))
    finite = distance[np.isfinite(distance)]
    if not finite.size:
        return f", first {one[0]!s:.40} against {other[0]!s:.40}"
    return f", largest {float(finite.max()):.2g}"
