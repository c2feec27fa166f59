"""Use cases of rights: what principals may do, and what they did."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from remint.core.ids import PrincipalId
from remint.core.principal import Principal
from remint.core.token import Token
from remint.ports.usecases.context import Context


@dataclass(frozen=True, slots=True)
class Right:
    """Whether a principal may do something.

    Attributes:
        rule: which rule decided.
        why: in words, where it may not.
        teams: by whose roles it may, where it has none of its own that would do.
    """

    principal: PrincipalId
    action: str
    resource: str
    allowed: bool
    rule: str
    why: str = ""
    teams: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A principal as a review of access looks at it.

    Attributes:
        tokens: those that still count.
        last_action: the last thing it did that the audit log holds; empty if nothing.
        last_us: when.
        unused: it has roles or tokens, and did nothing for 90 days.
    """

    principal: Principal
    tokens: tuple[Token, ...]
    last_action: str
    last_us: int | None
    unused: bool


class Rights(Protocol):
    """Asking the rules without doing anything. The same rules decide, in the same code."""

    def can(self, context: Context, action: str, resource: str = "", *, principal: str = "") -> Right:
        """Return whether somebody may do something now, without a token.

        Args:
            context: who asks; one who asks for oneself is answered within the limits of the token used.
            action: its name in the table of actions.
            resource: what it would be done to; a ref as people write it, or anything else.
            principal: who would do it; oneself if empty.

        Raises:
            Invalid: there is no such action.
            NotFound: there is no such principal.
        """
        ...

    def who_can(self, context: Context, action: str, resource: str = "") -> Sequence[Right]:
        """Return who may do something now, oldest principal first.

        Raises:
            Invalid: there is no such action.
        """
        ...

    def review(self) -> Sequence[Reviewed]:
        """Return every principal with its roles, its tokens and what it did last."""
        ...
