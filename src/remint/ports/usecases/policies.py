"""Use cases of policies: trying one before it is in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from remint.core.ids import PrincipalId


@dataclass(frozen=True, slots=True)
class Tried:
    """What a policy says in one case.

    Attributes:
        expect: `allow` or `deny`.
        got: the same.
        rule: which rule decided.
    """

    number: int
    principal: PrincipalId
    action: str
    resource: str
    expect: str
    got: str
    rule: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Changed:
    """A decision of the audit log that would be another one.

    Attributes:
        number: of the entry.
        was: `allow` or `deny`.
        now: the same.
        rule: which rule would decide.
    """

    number: int
    at_us: int
    principal: PrincipalId
    action: str
    resource: str
    was: str
    now: str
    rule: str


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What would have been different under a policy.

    Attributes:
        replayed: how many decisions were asked again.
        changed: those that would be another one, oldest first.
    """

    replayed: int
    changed: tuple[Changed, ...]


class Policies(Protocol):
    """Trying policies. Nothing here writes, and nothing puts a policy into force: an approved change of its ref does."""

    def schema(self) -> str:
        """Return the schema that policies are checked against."""
        ...

    def check(self, text: str) -> Sequence[str]:
        """Return what is wrong with a policy; empty if it may be put into force.

        Raises:
            Unavailable: the library that reads policies is not installed.
        """
        ...

    def test(self, text: str, table: Mapping[str, Any]) -> Sequence[Tried]:
        """Ask a policy the cases of a table, the kernel first as always.

        Raises:
            Invalid: the policy or the table is wrong.
        """
        ...

    def what_if(self, text: str, *, last: int = 100_000) -> WhatIf:
        """Decide again, under another policy, what the audit log says was decided.

        Each is asked with the roles that its principal had then. What a rule other than a policy refused stays refused. Entries
        do not say which token was used, so what was allowed is asked again without one.

        Args:
            text: of the policy.
            last: how many of the newest entries are replayed.

        Raises:
            Invalid: the policy is wrong.
        """
        ...
