"""Which artifacts are needed: what refs and records name, and everything behind it."""

from collections.abc import Iterable, Mapping, Sequence

from remint.core.digest import Digest
from remint.core.erasure import last_of
from remint.core.hold import Hold
from remint.core.origin import PINNED
from remint.core.retention import Rule, kept_versions
from remint.ports.catalog import RunReach, Transaction

EVERY = 2**31
"""A limit that is none."""


def needed(tx: Transaction, rules: Sequence[Rule], *, now_us: int, since_us: int) -> set[Digest]:
    """Return the artifacts whose bytes must stay. Where an erasure put a successor, that is needed instead.

    Args:
        tx: where to read; one consistent view.
        rules: of retention.
        now_us: the time.
        since_us: whatever was recorded, made or used since then is needed too.
    """
    found = kept_versions(tx.reach.moves(), rules, now_us=now_us) | tx.reach.named()
    for workspace in tx.workspaces.all(limit=EVERY):
        found.update(ref.artifact for ref in tx.refs.seen_from(workspace.name, limit=EVERY))
    found.update(artifact.digest for artifact, at_us in tx.reach.artifacts() if at_us >= since_us)
    runs = list(tx.reach.runs())
    for run in runs:
        if run.at_us >= since_us:
            found |= run.behind | run.made
    found |= {erasure.certificate for erasure in tx.erasures.all(limit=EVERY)}
    successors = {digest: one.successor for digest, one in tx.erasures.in_force().items()}
    standing = (last_of(digest, successors) for digest in _with_behind(found, _makers(runs)))
    return {digest for digest in standing if digest is not None}


def copies(tx: Transaction, *, since_us: int) -> set[Digest]:
    """Return the pinned tables whose bytes may go, whatever needs them: copied here before that time, and behind no hold."""
    found = {one.digest for one, at_us in tx.reach.artifacts() if PINNED in one.facts and at_us < since_us}
    return found.difference(*(held for _, held in behind_holds(tx))) if found else found


def behind_holds(tx: Transaction) -> list[tuple[Hold, set[Digest]]]:
    """Return the holds that stand, each with its artifact and everything behind that."""
    holds = tx.holds.all(limit=EVERY)
    makers = _makers(tx.reach.runs()) if holds else {}
    return [(hold, _with_behind({hold.subject}, makers)) for hold in holds]


def _makers(runs: Iterable[RunReach]) -> dict[Digest, list[RunReach]]:
    makers: dict[Digest, list[RunReach]] = {}
    for run in runs:
        for digest in run.made:
            makers.setdefault(digest, []).append(run)
    return makers


def _with_behind(artifacts: set[Digest], makers: Mapping[Digest, Sequence[RunReach]]) -> set[Digest]:
    """Return some artifacts and everything behind them."""
    found, waiting = set(artifacts), list(artifacts)
    while waiting:
        for run in makers.get(waiting.pop(), ()):
            new = run.behind - found
            found |= new
            waiting += new
    return found
