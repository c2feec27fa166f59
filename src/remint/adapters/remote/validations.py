"""Validations on a server."""

from collections.abc import Sequence
from dataclasses import dataclass

from remint.adapters.remote.connection import AT, MOST, Connection, words
from remint.core.digest import Digest
from remint.core.validation import Validation
from remint.ports.usecases.context import Context


@dataclass(frozen=True, slots=True)
class _Validations:
    validations: list[Validation]


@dataclass(frozen=True)
class RemoteValidations:
    """See ports.usecases.validations.Validations."""

    connection: Connection

    def open(self, context: Context, ref: str, digest: Digest, *, scope: str) -> Validation:
        """Open a validation of one version."""
        body = {"ref": ref, "digest": digest, "scope": scope}
        return self.connection.call("POST", "/validations", Validation, body=body, headers={AT: context.workspace})

    def test(self, context: Context, number: int, run_id: str) -> Validation:
        """Bind a run to it."""
        return self._step(context, words(number, "tests"), {"run": run_id})

    def find(self, context: Context, number: int, *, severity: str, due: str, text: str) -> Validation:
        """Record a finding."""
        return self._step(context, words(number, "findings"), {"severity": severity, "due": due, "text": text})

    def fix(self, context: Context, number: int, finding: int, *, note: str) -> Validation:
        """Say what was done about a finding."""
        return self._step(context, words(number, "findings", finding, "answers"), {"note": note})

    def close(self, context: Context, number: int, finding: int) -> Validation:
        """Close a finding."""
        return self._step(context, words(number, "findings", finding, "closing"))

    def waive(self, context: Context, number: int, finding: int, *, until: str, reason: str) -> Validation:
        """Let a finding not count until a time."""
        return self._step(context, words(number, "findings", finding, "waivers"), {"until": until, "reason": reason})

    def conclude(self, context: Context, number: int, *, result: str, condition: str = "") -> Validation:
        """Say what came out."""
        return self._step(context, words(number, "result"), {"result": result, "condition": condition})

    def show(self, number: int) -> Validation:
        """Return one validation."""
        return self.connection.call("GET", words("validations", number), Validation)

    def list(self, *, artifact: Digest | None = None) -> Sequence[Validation]:
        """Return validations, newest first: of one artifact, if given."""
        return self.connection.call("GET", "/validations", _Validations, query={"artifact": artifact, **MOST}).validations

    def _step(self, context: Context, path: str, body: dict[str, str] | None = None) -> Validation:
        return self.connection.call("POST", "/validations" + path, Validation, body=body, headers={AT: context.workspace})
