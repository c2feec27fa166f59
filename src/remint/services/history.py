"""History: workspaces as they were, read from the moves of refs."""

from collections.abc import Sequence
from dataclasses import dataclass

from remint.core.ref import Move, parse_view
from remint.ports.catalog import Catalog, Transaction
from remint.ports.usecases.context import Context
from remint.ports.usecases.history import RefDifference
from remint.services.refs import require_workspace

MOST = 1_000_000


@dataclass(frozen=True)
class HistoryService:
    """See ports.usecases.history.History."""

    catalog: Catalog

    def at(self, context: Context, when: str, *, kind: str | None = None) -> Sequence[Move]:
        """Return the last move of each ref at a time."""
        workspace, at_us = parse_view(f"{context.workspace}@{when}")
        with self.catalog.read() as tx:
            require_workspace(tx, workspace)
            return [move for move in tx.refs.at(workspace, at_us=at_us, limit=MOST) if kind in {None, move.name.kind}]

    def between(self, left: str, right: str) -> Sequence[RefDifference]:
        """Return every ref that differs between two views."""
        views = [parse_view(left), parse_view(right)]
        with self.catalog.read() as tx:
            seen = []
            for workspace, at_us in views:
                require_workspace(tx, workspace)
                seen.append({move.name.path: move for move in tx.refs.at(workspace, at_us=at_us, limit=MOST)})
            one, two = seen
            is_same = views[0][0] == views[1][0]
            return [
                _difference(tx, path, one.get(path), two.get(path), with_moves=is_same)
                for path in sorted({*one, *two})
                if _artifact(one.get(path)) != _artifact(two.get(path))
            ]


def _artifact(move: Move | None) -> str | None:
    return None if move is None else move.new


def _difference(tx: Transaction, path: str, left: Move | None, right: Move | None, *, with_moves: bool) -> RefDifference:
    if not with_moves or right is None:
        return RefDifference(path, left, right)
    since = left.order if left else 0
    log = reversed(tx.refs.log(right.name, limit=MOST))
    return RefDifference(path, left, right, tuple(move for move in log if since < move.order <= right.order))
