"""Lineage: read from runs and moves."""

from collections.abc import Sequence
from dataclasses import dataclass

from remint.core.digest import Digest
from remint.core.ids import RunId
from remint.core.lineage import Lineage, LineageNode, Maker
from remint.core.run import Run
from remint.errors import LimitReached
from remint.ports.catalog import Catalog, Transaction

MOST_NODES = 100_000


@dataclass(frozen=True)
class LineageService:
    """See ports.usecases.lineage.Lineages."""

    catalog: Catalog

    def up(self, digest: Digest) -> Lineage:
        """Return everything behind an artifact."""
        with self.catalog.read() as tx:
            return ancestry(tx, digest)

    def down(self, digest: Digest, *, limit: int = 1000) -> Sequence[Run]:
        """Return the runs that used an artifact, directly or through others."""
        found: dict[RunId, Run] = {}
        waiting, seen = [digest], {digest}
        with self.catalog.read() as tx:
            while waiting and len(found) < limit:
                for run in tx.runs.readers(waiting.pop(0)):
                    found[run.id] = run
                    made = {output.artifact for output in run.end.outputs.values()} if run.end else set()
                    waiting += sorted(made - seen)
                    seen |= made
        return [found[run_id] for run_id in sorted(found)][:limit]


def ancestry(tx: Transaction, digest: Digest, *, known: dict[Digest, LineageNode] | None = None) -> Lineage:
    """Return everything behind an artifact, in the caller's transaction.

    Args:
        tx: where to read.
        digest: the artifact.
        known: nodes seen before whose makers are known; they cannot change, except that further refs may point at them.
            What is found
            is added. Give it where the refs do not matter.
    """
    nodes: dict[Digest, LineageNode] = {}
    waiting = [digest]
    while waiting:
        here = waiting.pop(0)
        if here in nodes:
            continue
        if len(nodes) >= MOST_NODES:
            raise LimitReached(
                f"the lineage of {digest.short} was not read",
                why=f"it has more than {MOST_NODES} artifacts",
                next_step="look at a part of it: `remint why` of one of its inputs",
            )
        nodes[here] = (known or {}).get(here) or _node(tx, here)
        maker = nodes[here].maker
        if maker is not None and known is not None:
            known[here] = nodes[here]
        if maker is not None:
            waiting += maker.inputs.values()
    return Lineage(digest, nodes)


def _node(tx: Transaction, digest: Digest) -> LineageNode:
    kind = tx.artifacts.get(digest).kind
    moves = tx.refs.pointing(digest, limit=20)
    refs = tuple(dict.fromkeys(f"{move.name}@{move.serial}" for move in moves))
    made = [run for run in tx.runs.makers(digest, limit=20) if run.start.purpose == "run"]
    if made:
        run = made[0]
        recipe = tx.recipes.get(run.start.recipe)
        maker = Maker(
            run=run.id,
            step=recipe.step,
            by=run.start.by,
            at_us=run.start.at_us,
            guarded=bool(run.end and run.end.guarded),
            code=run.start.code,
            environment=recipe.environment,
            git=run.start.git,
            inputs=run.start.inputs,
        )
        return LineageNode(digest, kind, maker, "", refs)
    added = [move for move in moves if move.run is None and move.change is None]
    source = f"{added[0].reason} by {added[0].by}" if added else tx.erasures.source_of(digest)
    return LineageNode(digest, kind, None, source, refs)
