"""Quorums: nobody goes, or loses a role, without whom a project has no owner or can no longer approve its changes."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from remint.core.action import OWNER
from remint.core.principal import Principal, PrincipalKind
from remint.core.quorum import Needs, unmet
from remint.errors import Denied
from remint.ports.catalog import Transaction

EVERYBODY = 1 << 30


@dataclass(frozen=True)
class Quorums:
    """Keeps a project able to act.

    Attributes:
        needs: what changes may ask for; read only when somebody loses something.
    """

    needs: Callable[[], Needs]

    @contextmanager
    def kept(self, tx: Transaction, what: str) -> Iterator[None]:
        """Refuse what the block does if it takes away the last owner, or persons without whom no change can be approved.

        What was lacking before may be lacking after.

        Args:
            tx: the transaction of the block; it is rolled back.
            what: is not changed then, in words.

        Raises:
            Denied: rule `last-owner` or `orphaned-quorum`.
        """
        needs, before = self.needs(), tx.principals.all(limit=EVERYBODY)
        yield
        after = tx.principals.all(limit=EVERYBODY)
        if _has_owner(before) and not _has_owner(after):
            raise Denied(
                f"{what} was not changed",
                why="rule last-owner: no person would be an owner any more",
                next_step="make another first: `remint principals grant NAME owner`",
                rule="last-owner",
            )
        lost = sorted(unmet(needs, after) - unmet(needs, before))
        if lost:
            raise Denied(
                f"{what} was not changed",
                why=f"rule orphaned-quorum: nobody would be left to give {lost[0]}, which changes need",
                next_step="give somebody else that role first, or change `approvals` or `reviews` in remint.toml",
                rule="orphaned-quorum",
            )


def _has_owner(principals: Sequence[Principal]) -> bool:
    return any(one.kind is PrincipalKind.PERSON and OWNER in one.roles for one in principals)
