"""Which artifacts are needed: what refs and records name, and everything behind it."""

from collections.abc import Sequence

from remint.core.digest import Digest
from remint.core.retention import Rule, kept_versions
from remint.ports.catalog import RunReach, Transaction

EVERY = 2**31
"""A limit that is none."""


def needed(tx: Transaction, rules: Sequence[Rule], *, now_us: int, since_us: int) -> set[Digest]:
    """Return the artifacts whose bytes must stay.

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
    makers: dict[Digest, list[RunReach]] = {}
    for run in tx.reach.runs():
        if run.at_us >= since_us:
            found |= run.behind | run.made
        for digest in run.made:
            makers.setdefault(digest, []).append(run)
    waiting = list(found)
    while waiting:
        for run in makers.get(waiting.pop(), ()):
            new = run.behind - found
            found |= new
            waiting += new
    return found
