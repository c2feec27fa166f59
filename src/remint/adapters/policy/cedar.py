"""Policies in Cedar (see ports.policy.Policies), which the extra `cedar` brings."""

import json
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from remint.core.policy import Question, Verdict, ids_of, schema
from remint.errors import Invalid, Unavailable


class CedarPolicies:
    """Cedar, with the schema of the actions. What does not keep to the schema is not loaded."""

    def problems(self, text: str) -> Sequence[str]:
        """Return what is wrong with a policy."""
        return [str(error) for error in _library().validate_policies(text, schema()).errors]

    def load(self, text: str) -> "CedarPolicy":
        """Return a policy, parsed once."""
        wrong = self.problems(text)
        if wrong:
            raise Invalid(
                "the policy was not loaded", why=wrong[0], next_step="mend it, and look at it with `remint policy check FILE`"
            )
        return CedarPolicy(_library(), text)


class CedarPolicy:
    """A parsed policy (see ports.policy.Loaded).

    Cedar skips a statement that fails, even one that forbids, and may allow then. So any error here is a refusal.
    """

    def __init__(self, library: ModuleType, text: str) -> None:
        self._ask = library.is_authorized
        self._allow = library.Decision.Allow
        self._policies = library.PolicySet.from_str(text)
        self._nothing = library.Entities.from_json_str("[]")

    def decide(self, question: Question) -> Verdict:
        """Return what the policy says."""
        asked = {
            "principal": {"type": "Principal", "id": str(question.caller.principal)},
            "action": {"type": "Action", "id": question.action},
            "resource": {"type": "Resource", "id": question.resource},
            "context": json.dumps(question.facts()),  # as text, Cedar takes it without a copy
        }
        answer: Any = self._ask(asked, self._policies, self._nothing)
        said = answer.diagnostics
        errors = tuple(said.errors)
        allowed = answer.decision == self._allow and not errors
        return Verdict(allowed, ids_of(said.id_annotations_by_reason.values(), said.reasons), errors)


def _library() -> ModuleType:
    try:
        import cedarpy
    except ImportError as error:
        raise Unavailable(
            "the policy was not read",
            why="it is written in Cedar, and what reads that is not installed",
            next_step="install it: pip install 'remint[cedar]'",
        ) from error
    module: ModuleType = cedarpy
    return module
