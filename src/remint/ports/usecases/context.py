"""Who asks, and where."""

from dataclasses import dataclass

from remint.core.asked import Asked
from remint.core.ids import PrincipalId


@dataclass(frozen=True, slots=True)
class Context:
    """The principal that acts and the workspace it acts in.

    Attributes:
        scopes: what the token used is limited to; None where no token was used.
        sandbox: the one workspace the token is bound to; None where it is not bound.
        token: the number of the token used; 0 where none was.
        asked: the request, where it is to be carried out once however often it is sent.
    """

    principal: PrincipalId
    workspace: str
    scopes: frozenset[str] | None = None
    sandbox: str | None = None
    token: int = 0
    asked: Asked | None = None
