"""Routes of validations."""

from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta, Struct

from remint.core.digest import Digest
from remint.core.ref import PRODUCTION, parse_ref
from remint.core.validation import LONGEST, Validation, no_validation
from remint.errors import NotFound
from remint.server.paging import PageQuery, page_of
from remint.server.routes import Call, NoBody, NoQuery, Row, Word

Text = Annotated[str, Meta(min_length=1, max_length=LONGEST)]


@dataclass(frozen=True, slots=True)
class ValidationPage:
    """Validations, newest first."""

    validations: list[Validation]
    next: str | None


class NewValidation(Struct, forbid_unknown_fields=True):
    """A validation of one version, that which the ref means or a digest that is given; the caller is the validator."""

    ref: Word
    scope: Text
    digest: Digest | None = None


class NewTest(Struct, forbid_unknown_fields=True):
    """A run of the validator."""

    run: Word


class NewFinding(Struct, forbid_unknown_fields=True):
    """A finding, and until when it is to be mended."""

    severity: Word
    due: Word
    text: Text


class NewAnswer(Struct, forbid_unknown_fields=True):
    """What was done about a finding."""

    note: Text


class NewWaiver(Struct, forbid_unknown_fields=True):
    """Until when, and why, a finding does not count."""

    until: Word
    reason: Text


class NewResult(Struct, forbid_unknown_fields=True):
    """What came out, and the condition of `pass-with-conditions`."""

    result: Word
    condition: Annotated[str, Meta(max_length=LONGEST)] = ""


class ValidationQuery(PageQuery, forbid_unknown_fields=True):
    """Of which artifact; of all, if not given."""

    artifact: Word = ""


def _number(call: Call[Any, Any], word: str = "number") -> int:
    text = call.path[word]
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise NotFound(f"there is no {text[:40]!r}", why="validations and findings have numbers", next_step="list validations")
    return int(text)


def _list(call: Call[ValidationQuery, NoBody]) -> ValidationPage:
    named = call.query.artifact
    every = call.app.validations.list(artifact=Digest.parse(named) if named else None)
    found = [one for one in every if _is_seen(call, one)]
    page, more = page_of(found, call.query, lambda one: str(one.number))
    return ValidationPage(list(page), more)


def _open(call: Call[NoQuery, NewValidation]) -> Validation:
    name, artifact = call.app.refs.resolve(call.context, call.body.ref)
    digest = call.body.digest or artifact.digest
    call.app.sight.require_artifact(call.context, digest)
    return call.app.validations.open(call.context, str(name), digest, scope=call.body.scope)


def _show(call: Call[NoQuery, NoBody]) -> Validation:
    found = call.app.validations.show(_number(call))
    if not _is_seen(call, found):
        raise no_validation(found.number)
    return found


def _is_seen(call: Call[Any, Any], one: Validation) -> bool:
    """Return whether a caller may know of a validation: one bound to a sandbox knows those of main and of its sandbox."""
    bound = call.context.sandbox
    return bound is None or parse_ref(one.ref)[0].workspace in {PRODUCTION, bound}


def _test(call: Call[NoQuery, NewTest]) -> Validation:
    return call.app.validations.test(call.context, _number(call), call.body.run)


def _find(call: Call[NoQuery, NewFinding]) -> Validation:
    body = call.body
    found = {"severity": body.severity, "due": body.due, "text": body.text}
    return call.app.validations.find(call.context, _number(call), **found)


def _fix(call: Call[NoQuery, NewAnswer]) -> Validation:
    return call.app.validations.fix(call.context, _number(call), _number(call, "finding"), note=call.body.note)


def _close(call: Call[NoQuery, NoBody]) -> Validation:
    return call.app.validations.close(call.context, _number(call), _number(call, "finding"))


def _waive(call: Call[NoQuery, NewWaiver]) -> Validation:
    body, finding = call.body, _number(call, "finding")
    return call.app.validations.waive(call.context, _number(call), finding, until=body.until, reason=body.reason)


def _conclude(call: Call[NoQuery, NewResult]) -> Validation:
    return call.app.validations.conclude(call.context, _number(call), result=call.body.result, condition=call.body.condition)


_ONE, _NAMED, _FINDING = "/validations/{number}", "validation {number}", "/validations/{number}/findings/{finding}"


def _step(path: str, action: str, about: str, endpoint: Any, body: type[Struct] = NoBody) -> Row:  # noqa: ANN401 - any call
    return Row("POST", path, action, about, endpoint, Validation, body=body, status=201, resource=_NAMED)


ROWS = (
    Row("GET", "/validations", "catalog:read", "List validations", _list, ValidationPage, ValidationQuery),
    Row("POST", "/validations", "validation:open", "Open a validation", _open, Validation, body=NewValidation, status=201),
    Row("GET", _ONE, "catalog:read", "Show a validation", _show, Validation, resource=_NAMED),
    _step(_ONE + "/tests", "validation:step", "Bind a run of the validator", _test, NewTest),
    _step(_ONE + "/findings", "validation:step", "Record a finding", _find, NewFinding),
    _step(_FINDING + "/answers", "validation:fix", "Say what was done about a finding", _fix, NewAnswer),
    _step(_FINDING + "/closing", "validation:step", "Close a finding", _close),
    _step(_FINDING + "/waivers", "validation:waive", "Let a finding not count for a while", _waive, NewWaiver),
    _step(_ONE + "/result", "validation:step", "Say what came out", _conclude, NewResult),
)
