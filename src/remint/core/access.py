"""Access: who may do what. The kernel's rules, which no policy and no setting switches off."""

from collections.abc import Collection
from dataclasses import dataclass

from remint.core.action import ACTIONS, OWNER
from remint.core.ids import PrincipalId

UNKNOWN, ROLE, SCOPE, WALL, GONE = "known-action", "role", "token-scope", "sandbox-wall", "known-principal"
OWNERS = "owners-only"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as identity established it.

    Attributes:
        roles: of the principal; empty for one that is unknown or has left.
        scopes: what the token used is limited to; None where no token was used.
        sandbox: the one workspace the token may act in; None where it is not bound.
    """

    principal: PrincipalId
    roles: frozenset[str]
    scopes: Collection[str] | None = None
    sandbox: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to a question of access.

    Attributes:
        allowed: what may be done, may be done.
        rule: the rule that decided.
        why: in words, for a refusal.
        policy: the digest of the policy that was asked; empty where none was.
    """

    allowed: bool
    rule: str = ""
    why: str = ""
    policy: str = ""


_ALLOWED = Decision(allowed=True, rule=ROLE)


def decide(caller: Caller, action: str, *, workspace: str | None = None) -> Decision:
    """Return whether a caller may do something. What is not known to be allowed is refused.

    Args:
        caller: who asks.
        action: its name in ACTIONS.
        workspace: where it happens; None if in no workspace.

    Example:
        >>> ana = Caller(PrincipalId("ana"), frozenset({"member"}))
        >>> decide(ana, "ref:move", workspace="main").allowed, decide(ana, "change:approve").rule
        (True, 'role')
    """
    asked = ACTIONS.get(action)
    if asked is None:
        return _refused(UNKNOWN, f"there is no action {action}")
    if not caller.roles:
        return _refused(GONE, f"{caller.principal} has no role here")
    if asked.roles.isdisjoint(caller.roles):
        needed = " or ".join(sorted(asked.roles))
        return _refused(OWNERS if len(asked.roles) == 1 else ROLE, f"{caller.principal} is not {needed}")
    if caller.scopes is not None and asked.scope not in caller.scopes:
        return _refused(SCOPE, f"the token has not the scope {asked.scope}")
    if caller.sandbox is not None and (asked.leaves or (workspace is not None and workspace != caller.sandbox)):
        return _refused(WALL, f"the token is bound to the sandbox {caller.sandbox}")
    return _ALLOWED


def _refused(rule: str, why: str) -> Decision:
    return Decision(allowed=False, rule=rule, why=why)


def carriers(action: str) -> frozenset[str]:
    """Return the roles that carry an action; only owners carry what nobody else does."""
    return ACTIONS[action].roles if action in ACTIONS else frozenset({OWNER})
