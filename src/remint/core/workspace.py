"""Workspaces: namespaces of refs. `main` is production; a sandbox is a copy-on-write fork."""

from dataclasses import dataclass

from remint.core.ids import PrincipalId


@dataclass(frozen=True, slots=True)
class Workspace:
    """A namespace of refs.

    Attributes:
        name: `main`, or the name of a sandbox.
        base: the workspace it was forked from; None for `main`.
        fork_order: the number of the last move of any ref that the fork can see in its base.
        owner: who made it.
    """

    name: str
    base: str | None
    fork_order: int
    owner: PrincipalId
    at_us: int
