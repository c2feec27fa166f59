"""Keeping a data contract: what a check found, how a gate judges it, how two contracts differ, and the first draft of one."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from remint.core import canonical
from remint.core.contract import Check, Column, Contract, Violation
from remint.core.digest import Digest
from remint.core.tabletype import parse_tag

CHECKED: Final = "contract-checked"
"""The predicate of the evidence that a table was checked against a contract."""

GATE: Final = "data-contract"
FACT: Final = "contract"
"""The fact of a definition that is a contract: how many columns it speaks of."""

TOLD: Final = 100
"""So many violations are kept in words."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a table and the contract in force.

    Attributes:
        ref: of the contract.
        in_force: the contract that the ref points at in main; None if there is none.
        broken: what the newest check of the table against just this contract found, in words; None if there was none.
    """

    ref: str
    in_force: Digest | None
    broken: Sequence[str] | None = None


def judged(gate: Mapping[str, Any], found: Mapping[str, Kept]) -> tuple[bool, str]:
    """Return whether a table keeps the contract that a gate names, and the reason in words.

    Example:
        >>> judged({"contract": "contract/orders"}, {})
        (False, 'contract/orders is not in main')
    """
    ref = str(gate["contract"])
    kept = found.get(ref)
    if kept is None or kept.in_force is None:
        return False, f"{ref} is not in main"
    if kept.broken is None:
        return False, f"it was not checked against {ref} as it is now ({kept.in_force.short})"
    if kept.broken:
        return False, f"it breaks {ref} in {len(kept.broken)} {_rules(kept.broken)}: {kept.broken[0]}"
    return True, f"it keeps {ref} ({kept.in_force.short})"


def _rules(words: Sequence[str]) -> str:
    return "rule" if len(words) == 1 else "rules"


def told(violations: Sequence[Violation]) -> list[str]:
    """Return broken rules in words that hold no value of the table: they are kept for ever, and others read them.

    Example:
        >>> from remint.core.contract import Sample
        >>> told([Violation("range", "x", 2, "at least 0", (Sample((7,), ("ana",), "-1"),))])
        ['range of x: 2 rows, first in row 7, expected at least 0']
    """
    words = []
    for one in violations[:TOLD]:
        subject = f"{one.check} of {one.column}" if one.column else one.check
        noun = "row" if one.count == 1 else "rows"
        where = f"{one.count:,} {noun}, first in row {one.samples[0].rows[0]}, expected " if one.samples else ""
        words.append(f"{subject}: {where}{one.expected}")
    return words


def laid_out(contract: Contract) -> str:
    """Return a contract as JSON that people read and edit; `Contract.from_json` reads it."""
    return json.dumps(_eased(canonical.loads(contract.to_json())), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def _eased(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Write floats as people do; other values that JSON has no words for stay tagged."""
    if isinstance(value, dict):
        decoded = canonical.decode_value(value) if set(value) == {"$f64"} else None
        is_plain = isinstance(decoded, float) and math.isfinite(decoded)
        return decoded if is_plain else {name: _eased(item) for name, item in value.items()}
    return [_eased(item) for item in value] if isinstance(value, list) else value


def contracts_of(gates: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the refs of the contracts that the gates of a change name."""
    return [str(gate["contract"]) for gate in gates if gate["gate"] == GATE]


def contracts_in(settings: Mapping[str, Any]) -> list[str]:
    """Return the refs of the contracts that gates of the settings name, those of a materiality too.

    Example:
        >>> contracts_in({"gates": {"data/*": {"data-contract": {"contract": "contract/orders"}, "lineage-complete": {}}}})
        ['contract/orders']
    """
    gates = [*_table(settings, "gates").values(), *(_table(one, "gates") for one in _table(settings, "materiality").values())]
    named = [_table(one, GATE).get("contract") for one in gates]
    return [ref for ref in named if isinstance(ref, str)]


def _table(value: object, name: str) -> Mapping[str, Any]:
    """Return a table in a table; an empty one where there is none: what means nothing is refused where it is judged by."""
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def drafted(
    types: Sequence[tuple[str, str]], nullable: Mapping[str, bool], *, key: Sequence[str] = (), time: str = ""
) -> Contract:
    """Return the contract that says of a table what can be seen: its columns, their types, and which hold no null.

    Args:
        types: name and type tag of each column.
        nullable: whether a column holds nulls now.
        key: names of columns that together tell rows apart.
        time: the column that says when a row happened.

    Raises:
        Invalid: a column is named that there is not.

    Example:
        >>> drafted([("id", "int64")], {"id": False}, key=["id"]).key
        ('id',)
    """
    columns = tuple(Column(name, str(parse_tag(tag)), nullable=nullable.get(name, True)) for name, tag in types)
    return Contract(columns, key=tuple(key), time=time or None)


def contract_differences(old: Contract, new: Contract) -> list[str]:
    """Return in words how two contracts differ.

    Example:
        >>> old = Contract((Column("id", "int64"), Column("x", "float64", maximum=5)))
        >>> new = Contract((Column("id", "int64", nullable=False), Column("x", "float64", maximum=9)), key=("id",))
        >>> contract_differences(old, new)
        ['column id: nullable True became False', 'column x: maximum 5 became 9', 'key nothing became id']
    """
    before, after = ({column.name: column for column in one.columns} for one in (old, new))
    words = [f"column {name} ({after[name].type}) was added" for name in after if name not in before]
    words += [f"column {name} ({before[name].type}) was removed" for name in before if name not in after]
    for name in after:
        if name in before:
            words += [f"column {name}: {said}" for said in _fields_of(before[name], after[name])]
    words += _of_checks({one.name: one for one in old.checks}, {one.name: one for one in new.checks})
    for part in ("key", "time", "min_rows", "extra_columns"):
        left, right = getattr(old, part), getattr(new, part)
        if left != right:
            words.append(f"{part} {_shown(left)} became {_shown(right)}")
    return words


def _fields_of(old: Column, new: Column) -> list[str]:
    names = [field.name for field in fields(Column)]
    pairs = [(name, getattr(old, name), getattr(new, name)) for name in names]
    return [f"{name} {_shown(left)} became {_shown(right)}" for name, left, right in pairs if left != right]


def _of_checks(old: Mapping[str, Check], new: Mapping[str, Check]) -> list[str]:
    words = [f"check {name} was added: {new[name].sql}" for name in new if name not in old]
    words += [f"check {name} was removed" for name in old if name not in new]
    both = [name for name in new if name in old and new[name] != old[name]]
    return words + [f"check {name}: {old[name].sql} became {new[name].sql}" for name in both]


def _shown(value: object) -> str:
    if value is None or value == ():
        return "nothing"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
