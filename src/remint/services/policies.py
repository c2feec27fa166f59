"""Trying policies: cases, and the decisions of the past."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from remint.core import access, canonical, policy
from remint.core.access import Caller
from remint.core.action import ACTIONS
from remint.core.ids import PrincipalId
from remint.core.policy import ALLOW, DENY, RULE, Case, Question, Verdict
from remint.ports.catalog import PAGE, Catalog, Transaction
from remint.ports.policy import Loaded, Policies
from remint.ports.usecases.policies import Changed, Tried, WhatIf
from remint.services.inforce import refs_of
from remint.services.principals import PLATFORM

REMEMBERED = 10_000
"""Verdicts kept while decisions are replayed: the same is asked again and again."""


@dataclass(frozen=True)
class PolicyService:
    """See ports.usecases.policies.Policies."""

    catalog: Catalog
    language: Policies

    def schema(self) -> str:
        """Return the schema."""
        return policy.schema()

    def check(self, text: str) -> Sequence[str]:
        """Return what is wrong with a policy."""
        return self.language.problems(text)

    def test(self, text: str, table: Mapping[str, Any]) -> Sequence[Tried]:
        """Ask a policy the cases of a table."""
        loaded = self.language.load(text)
        return [_tried(loaded, case) for case in policy.parse_cases(table)]

    def what_if(self, text: str, *, last: int = 100_000) -> WhatIf:
        """Decide again what was decided."""
        decide = lru_cache(REMEMBERED)(self.language.load(text).decide)
        replayed, found = 0, []
        with self.catalog.read() as tx:
            roles = Roles(tx)
            for entry in _newest(tx, last):
                if entry["action"] not in ACTIONS or entry["by"] == PLATFORM:  # what the platform does is asked of nobody
                    continue
                replayed += 1
                other = _changed(tx, roles, decide, entry)
                if other is not None:
                    found.append(other)
        return WhatIf(replayed, tuple(found))


class Roles:
    """The roles that principals had at any time, looked up once."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._changes = tx.principals.changes()
        self._known: dict[str, tuple[list[int], list[frozenset[str]]]] = {}

    def at(self, name: str, at_us: int) -> frozenset[str]:
        """Return the roles of a principal at a time; none if there was no such principal."""
        if name not in self._known:
            self._known[name] = self._history(name)
        times, roles = self._known[name]
        place = bisect_right(times, at_us)
        return roles[place - 1] if place else frozenset()

    def _history(self, name: str) -> tuple[list[int], list[frozenset[str]]]:
        principal = PrincipalId(name)
        own = [change.at_us for change in self._changes if change.principal == name]
        times = sorted({-1, *own, *(change.at_us for change in self._tx.teams.changes(of=principal))})
        states = [self._tx.principals.get(principal, at_us=at_us) for at_us in times]
        known = [state.roles for state in states if state is not None]
        return (times, known) if known else ([], [])


def _tried(loaded: Loaded, case: Case) -> Tried:
    asked = case.question
    allowed, rule = _decided(loaded, asked)
    got = ALLOW if allowed else DENY
    passed = got == case.expect and case.rule in {"", rule}
    return Tried(case.number, asked.caller.principal, asked.action, asked.resource, case.expect, got, rule, passed)


def _decided(loaded: Loaded, asked: Question) -> tuple[bool, str]:
    """Return whether something is allowed, and the rule that decided: the kernel's, then the policy's."""
    workspace = asked.workspace or next((ref.workspace for ref in asked.refs), None)
    kernel = access.decide(asked.caller, asked.action, workspace=workspace)
    if not kernel.allowed:
        return False, kernel.rule
    verdict = loaded.decide(asked)
    return verdict.allowed, RULE if verdict.allowed else ":".join((RULE, *verdict.ids[:1]))


def _changed(tx: Transaction, roles: Roles, decide: Callable[[Question], Verdict], entry: Mapping[str, Any]) -> Changed | None:
    """Return how a decision would be another one; None if it would not."""
    was, rule = entry["decision"], str(entry["facts"].get("rule", ""))
    if was == DENY and rule.partition(":")[0] != RULE:
        return None
    by = PrincipalId(entry["by"])
    caller = Caller(by, roles.at(by, entry["at_us"]))
    asked = Question(caller, entry["action"], entry["resource"], refs_of(tx, entry["resource"]))
    verdict = decide(asked)
    now = ALLOW if verdict.allowed else DENY
    if now == was:
        return None
    decided = RULE if verdict.allowed else ":".join((RULE, *verdict.ids[:1]))
    return Changed(entry["number"], entry["at_us"], by, entry["action"], entry["resource"], was, now, decided)


def _newest(tx: Transaction, last: int) -> Iterator[Mapping[str, Any]]:
    """Yield the newest entries, oldest of them first."""
    after = max(0, tx.entries.frontier().size - last)
    while leaves := tx.entries.leaves(after=after, limit=PAGE):
        yield from (canonical.loads(leaf) for leaf in leaves)
        after += len(leaves)
