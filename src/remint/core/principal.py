"""Principals: persons and services that act, each with a key of its own."""

from dataclasses import dataclass
from enum import StrEnum

from remint.core.ids import PrincipalId


class PrincipalKind(StrEnum):
    """What acts: a person, or a service such as a worker."""

    PERSON = "person"
    SERVICE = "service"


ROLES = ("member", "approver", "owner")


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts.

    Attributes:
        public_key: Ed25519, 32 bytes.
        roles: what it may do, from ROLES; `approver` and `owner` may approve.
    """

    id: PrincipalId
    kind: PrincipalKind
    public_key: bytes
    roles: frozenset[str]
    at_us: int

    @property
    def may_approve(self) -> bool:
        """Whether its approvals count, on changes it did not help to make."""
        return self.kind is PrincipalKind.PERSON and bool(self.roles & {"approver", "owner"})
