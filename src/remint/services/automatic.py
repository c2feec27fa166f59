"""Automatic approval: whether the conditions under which a service may approve a change hold."""

from remint.core.change import Change
from remint.core.digest import Digest
from remint.core.gate import GateResult
from remint.core.principal import PrincipalKind
from remint.core.review import CHANCE, CODE, DATA, Auto, kinds_between
from remint.core.run import Run
from remint.ports.catalog import Transaction
from remint.ports.signing import Keys

MOST_PAIRS = 1000
"""Pairs of artifacts that are compared; a difference that reaches further is not told by kind."""


def refusals(tx: Transaction, keys: Keys, change: Change, auto: Auto, results: tuple[GateResult, ...]) -> list[str]:
    """Return, in words, why a service does not approve a change; nothing if it does.

    Args:
        tx: the transaction to read in.
        keys: of local principals.
        change: which one.
        auto: what its rules say.
        results: the judgement of each of its gates now.
    """
    why = _of_the_service(tx, keys, change, auto)
    why += [f"gate {result.name}: {result.reason}" for result in results if result.name in auto.gates and not result.passed]
    for move in change.moves:
        had = {gate["gate"] for gate in change.gates if gate["ref"] == move.ref.path}
        why += [f"{move.ref.path} has no gate {name}" for name in sorted(auto.gates - had)]
        if move.old is None:
            why.append(f"{move.ref.path} is new")
            continue
        others = kinds_of(tx, move.old, move.new) - auto.kinds
        if others:
            allowed = " and ".join(sorted(auto.kinds))
            why.append(f"{move.ref.path} differs in {', '.join(sorted(others))}, not in {allowed} alone")
    return why


def _of_the_service(tx: Transaction, keys: Keys, change: Change, auto: Auto) -> list[str]:
    service = tx.principals.get(auto.by)
    why = []
    if service is None or service.kind is not PrincipalKind.SERVICE or not service.roles:
        why.append(f"{auto.by} is not a service with a role here")
    elif not keys.holds(auto.by):
        why.append(f"the key of {auto.by} is not here")
    if auto.by in change.authors:
        why.append(f"{auto.by} helped to make it")
    return why


def kinds_of(tx: Transaction, old: Digest, new: Digest) -> set[str]:
    """Return in what kinds an artifact differs from another, by their recipes and those of all that is behind them.

    Data is what differs where nothing made it. What is not known counts as code: an artifact that no run made, a run that was
    not guarded, an input on one side only.
    """
    kinds: set[str] = set()
    waiting, seen = [(old, new)], {(old, new)}
    while waiting:
        pair = waiting.pop()
        before, after = (_maker(tx, digest) for digest in pair)
        if before is None and after is None and pair != (old, new):
            kinds.add(DATA)
            continue
        if before is None or after is None or not _guarded(before) or not _guarded(after):
            return kinds | {CODE}
        own, further = _compared(tx, before, after)
        kinds |= own
        waiting += [other for other in further if other not in seen]
        seen |= further
        if len(seen) > MOST_PAIRS:
            return kinds | {CODE}
    return kinds


def _compared(tx: Transaction, before: Run, after: Run) -> tuple[set[str], set[tuple[Digest, Digest]]]:
    """Return in what kinds the recipes of two runs differ beside their inputs, and the inputs that differ."""
    old, new = dict(before.start.inputs), dict(after.start.inputs)
    recipes = (tx.recipes.get(before.start.recipe).bound(old), tx.recipes.get(after.start.recipe).bound(new))
    kinds = kinds_between(*recipes) - {DATA}
    further = {(old[name], new[name]) for name in old.keys() & new.keys() if old[name] != new[name]}
    if old.keys() != new.keys():
        kinds.add(CODE)
    if not kinds and not further:
        kinds.add(CHANCE)
    return kinds, further


def _maker(tx: Transaction, digest: Digest) -> Run | None:
    makers = tx.runs.makers(digest)
    return makers[-1] if makers else None


def _guarded(run: Run) -> bool:
    return run.end is not None and run.end.guarded
