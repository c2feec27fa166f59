"""How two definitions differ, in words for those who approve."""

from collections.abc import Mapping
from typing import Any

from remint.core import canonical
from remint.core.contract import Contract
from remint.core.keeping import contract_differences


def definition_differences(old: bytes, new: bytes) -> list[str]:
    """Return in words how two definitions differ.

    Args:
        old: canonical JSON.
        new: the same.

    Example:
        >>> definition_differences(b'{"url":"u","version":"1"}', b'{"note":"n","url":"u","version":"2"}')
        ["note 'n' was added", "version '1' became '2'"]
    """
    values = [canonical.loads(content) for content in (old, new)]
    if all(isinstance(value, dict) and "columns" in value for value in values):
        return contract_differences(Contract.from_json(old), Contract.from_json(new))
    before, after = (value if isinstance(value, dict) else {"value": value} for value in values)
    return _of_values(before, after)


def _of_values(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    words = []
    for name in sorted({*old, *new}):
        if name not in old:
            words.append(f"{name} {new[name]!r} was added")
        elif name not in new:
            words.append(f"{name} {old[name]!r} was removed")
        elif old[name] != new[name]:
            words.append(f"{name} {old[name]!r} became {new[name]!r}")
    return words
