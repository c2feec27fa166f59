"""Who asks, and where."""

from dataclasses import dataclass

from remint.core.ids import PrincipalId


@dataclass(frozen=True, slots=True)
class Context:
    """The principal that acts and the workspace it acts in."""

    principal: PrincipalId
    workspace: str
