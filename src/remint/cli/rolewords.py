"""The roles of a principal, in words."""

from remint.core.principal import Principal


def roles_of(principal: Principal) -> str:
    """Return the roles that a principal has, and by which team those that it has not by itself.

    Example:
        >>> from remint.core.ids import PrincipalId
        >>> from remint.core.principal import Membership, PrincipalKind
        >>> teams = (Membership("risk", frozenset({"approver"})),)
        >>> roles = frozenset({"approver", "member"})
        >>> roles_of(Principal(PrincipalId("bo"), PrincipalKind.PERSON, b"", roles, 0, None, frozenset({"member"}), teams))
        'approver (team risk), member'
    """
    words = []
    for role in sorted(principal.roles):
        by = [one.team for one in principal.teams if role in one.roles]
        words.append(role if role in principal.own_roles else f"{role} (team {' and '.join(by)})")
    return ", ".join(words)
