"""Validation: somebody who did not make an artifact looks whether it does what it is for, and says so under a signature.

A validation is its steps, each signed by who took it; how it stands follows from them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from remint.core import canonical
from remint.core.digest import Digest, digest_record
from remint.core.evidence import read_statement, statement
from remint.core.ids import PrincipalId, RunId
from remint.errors import Conflict, Denied, Invalid, NotFound

OPEN, TEST, FIND, FIX, CLOSE, WAIVE, CONCLUDE = "open", "test", "find", "fix", "close", "waive", "conclude"
VERBS = (OPEN, TEST, FIND, FIX, CLOSE, WAIVE, CONCLUDE)
OF_THE_VALIDATOR = frozenset({TEST, FIND, CLOSE, CONCLUDE})

PASS, CONDITIONS, FAIL = "pass", "pass-with-conditions", "fail"
RESULTS = (PASS, CONDITIONS, FAIL)
SEVERITIES = ("low", "medium", "high", "critical")
LONGEST = 2000
"""Characters of a scope, a finding, an answer, a reason or a condition."""

PREDICATE = "validation"
DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class ValidationStep:
    """One step of a validation.

    Attributes:
        number: from 1, over all validations.
        validation: which one, from 1.
        artifact: which is validated.
        verb: one of VERBS.
        payload: the statement that is signed; it says everything.
        signature: over it, by the key of who took the step.
    """

    number: int
    validation: int
    artifact: Digest
    verb: str
    by: PrincipalId
    at_us: int
    payload: bytes
    signature: bytes

    def digest(self) -> Digest:
        """Return the digest for its entry: an edited record no longer has it."""
        head = [self.number, self.validation, self.artifact, self.verb, self.by, self.at_us, self.signature.hex()]
        return digest_record("validation step v1", [canonical.dumps(head), self.payload])


@dataclass(frozen=True, slots=True)
class ValidationFinding:
    """What a validator found.

    Attributes:
        number: from 1, in its validation.
        severity: one of SEVERITIES.
        due_us: until when it is to be mended, UTC microseconds.
        answers: what was said or done about it, in words, with who said so.
        closed_us: when the validator closed it; None while it is open.
        waived_until_us: until when it does not count; None if it was never waived.
        waiver: why, and by whom.
    """

    number: int
    severity: str
    due_us: int
    text: str
    answers: tuple[str, ...] = ()
    closed_us: int | None = None
    waived_until_us: int | None = None
    waiver: str = ""

    def counts(self, now_us: int) -> bool:
        """Return whether it is open: not closed, and not waived at this time."""
        return self.closed_us is None and (self.waived_until_us is None or now_us >= self.waived_until_us)


@dataclass(frozen=True, slots=True)
class Validation:
    """How a validation stands.

    Attributes:
        ref: as it was named when it was opened.
        by: the validator.
        runs: carried out by the validator in a workspace of its own, with the artifact as an input.
        result: one of RESULTS; empty until it is concluded.
        condition: under which it passed, in words.
    """

    number: int
    artifact: Digest
    ref: str
    scope: str
    by: PrincipalId
    at_us: int
    runs: tuple[RunId, ...] = ()
    findings: tuple[ValidationFinding, ...] = ()
    result: str = ""
    condition: str = ""
    concluded_us: int | None = None

    def finding(self, number: int) -> ValidationFinding:
        """Return a finding.

        Raises:
            NotFound: there is none of that number.
        """
        for one in self.findings:
            if one.number == number:
                return one
        raise NotFound(
            f"validation {self.number} has no finding {number}",
            why=f"it has {len(self.findings)}",
            next_step=f"see `remint validate show {self.number}`",
        )

    def still(self, now_us: int, *, at_least: str = SEVERITIES[0]) -> list[ValidationFinding]:
        """Return the findings that are open at a time and at least so severe."""
        wanted = SEVERITIES[SEVERITIES.index(at_least) :]
        return [one for one in self.findings if one.counts(now_us) and one.severity in wanted]


def step_payload(
    validation: int, artifact: Digest, verb: str, facts: Mapping[str, Any], *, by: PrincipalId, at_us: int
) -> bytes:
    """Return the bytes that a step signs."""
    return statement(artifact, PREDICATE, {"validation": validation, "verb": verb, **facts}, by=by, at_us=at_us)


def folded(steps: Iterable[ValidationStep]) -> list[Validation]:
    """Return how validations stand after steps, in their order; the facts are read from what was signed."""
    found: dict[int, Validation] = {}
    for step in steps:
        artifact, _, facts, by, at_us = read_statement(step.payload)
        number = facts["validation"]
        if facts["verb"] == OPEN:
            found[number] = Validation(number, artifact, facts["ref"], facts["scope"], by, at_us)
        else:
            found[number] = _after(found[number], facts, by=by, at_us=at_us)
    return list(found.values())


def _after(before: Validation, facts: Mapping[str, Any], *, by: PrincipalId, at_us: int) -> Validation:
    verb = facts["verb"]
    if verb == TEST:
        return replace(before, runs=(*before.runs, RunId(facts["run"])))
    if verb == FIND:
        made = ValidationFinding(len(before.findings) + 1, facts["severity"], facts["due_us"], facts["text"])
        return replace(before, findings=(*before.findings, made))
    if verb == CONCLUDE:
        return replace(before, result=facts["result"], condition=facts["condition"], concluded_us=at_us)
    old = before.finding(facts["finding"])
    if verb == FIX:
        new = replace(old, answers=(*old.answers, f"{by}: {facts['note']}"))
    elif verb == CLOSE:
        new = replace(old, closed_us=at_us)
    else:
        new = replace(old, waived_until_us=facts["until_us"], waiver=f"{by}: {facts['reason']}")
    return replace(before, findings=tuple(new if one.number == new.number else one for one in before.findings))


def action_of(verb: str) -> str:
    """Return the action that a step is.

    Example:
        >>> action_of("find"), action_of("waive")
        ('validation:step', 'validation:waive')
    """
    return f"validation:{verb}" if verb in {OPEN, FIX, WAIVE} else "validation:step"


def over(steps: Iterable[ValidationStep]) -> Digest:
    """Return the digest of steps, which a conclusion signs: one that is edited or taken away later is missed."""
    return digest_record("validation steps v1", [canonical.dumps([step.digest() for step in steps])])


# ---- what may be done


def require_text(text: str, *, what: str) -> str:
    """Return words that say something.

    Raises:
        Invalid: they are empty or too long.
    """
    if not text.strip() or len(text) > LONGEST:
        raise Invalid(
            "the validation was not changed",
            why=f"the {what} is empty" if not text.strip() else f"the {what} has more than {LONGEST} characters",
            next_step=f"say the {what} in words",
        )
    return text


def require_among(word: str, allowed: Sequence[str], *, what: str) -> str:
    """Return a word that is one of some.

    Raises:
        Invalid: it is not.
    """
    if word not in allowed:
        raise Invalid(
            "the validation was not changed", why=f"{word[:40]!r} is no {what}", next_step=f"say one of {', '.join(allowed)}"
        )
    return word


def require_later(moment_us: int, *, now_us: int, what: str) -> int:
    """Return a time that is still to come.

    Raises:
        Invalid: it is over.
    """
    if moment_us <= now_us:
        raise Invalid("the validation was not changed", why=f"the {what} is over", next_step="name a later time")
    return moment_us


def require_independent(makers: Iterable[PrincipalId], by: PrincipalId, *, doing: str) -> None:
    """Refuse somebody who helped to make what is validated.

    Raises:
        Denied: rule `independent`.
    """
    if by in set(makers):
        raise Denied(
            doing,
            why=f"rule independent: {by} helped to make it",
            next_step="ask somebody who did not",
            rule="independent",
        )


def require_step(validation: Validation, verb: str, by: PrincipalId) -> None:
    """Refuse a step that may not be taken: by another than the validator, or after the conclusion.

    After the conclusion findings are still answered, closed and waived.

    Raises:
        Denied: rule `own-validation`.
        Conflict: it is concluded.
    """
    if verb in OF_THE_VALIDATOR and by != validation.by:
        raise Denied(
            f"validation {validation.number} was not changed",
            why=f"rule own-validation: {validation.by} carries it out",
            next_step=f"ask {validation.by}, or open one of your own: `remint validate open`",
            rule="own-validation",
        )
    if verb in {TEST, FIND, CONCLUDE} and validation.result:
        raise Conflict(
            f"validation {validation.number} was not changed",
            why=f"it is concluded already: {validation.result}",
            next_step=f"open another: `remint validate open {validation.ref}`",
        )


def require_conclusion(validation: Validation, result: str, condition: str, *, now_us: int) -> None:
    """Refuse a result that does not follow from what was done.

    Raises:
        Invalid: no run was shown, a finding is open, or a condition is missing or meaningless.
    """
    why = ""
    if result != FAIL and not validation.runs:
        why = "nothing was tried: no run of the validator is bound to it"
    elif result == PASS and validation.still(now_us):
        why = f"{len(validation.still(now_us))} finding(s) are open"
    elif (result == CONDITIONS) != bool(condition.strip()):
        why = f"{CONDITIONS}, and only that, has a condition"
    if why:
        raise Invalid(
            f"validation {validation.number} was not concluded",
            why=why,
            next_step=f"see `remint validate show {validation.number}`, or conclude it otherwise",
        )


def no_validation(number: int) -> NotFound:
    """Return the error of a validation that is not there."""
    return NotFound(
        f"there is no validation {number}",
        why="none of that number was opened, or its signatures do not hold",
        next_step="see `remint validate list`, and `remint audit verify`",
    )


# ---- judging


def newest_result(validations: Iterable[Validation]) -> Validation | None:
    """Return the validation that was concluded last; None if none was."""
    done = [one for one in validations if one.concluded_us is not None]
    return max(done, key=lambda one: (one.concluded_us or 0, one.number), default=None)


def validated(gate: Mapping[str, Any], validations: Sequence[Validation], *, now_us: int) -> tuple[bool, str]:
    """Judge whether an artifact is validated.

    Args:
        gate: perhaps with `max_days`, `severity` (of findings that may not be open; low) and `conditions` (whether passing
            with conditions is enough; false).
        validations: of exactly this artifact, whose steps hold.
        now_us: the time.
    """
    last = newest_result(validations)
    if last is None or last.concluded_us is None:
        return False, "nobody concluded a validation of it"
    words = f"validation {last.number} by {last.by}: {last.result}"
    if last.result == FAIL:
        return False, words
    if last.result == CONDITIONS and not gate.get("conditions", False):
        return False, f"{words}, {last.condition[:100]}"
    days = max(0, now_us - last.concluded_us) / DAY_US
    if "max_days" in gate and days > float(gate["max_days"]):
        return False, f"{words}, {days:.0f} days ago, more than {gate['max_days']}"
    left = [one for each in validations for one in each.still(now_us, at_least=gate.get("severity", SEVERITIES[0]))]
    if left:
        return False, f"{words}; {len(left)} finding(s) are open: {left[0].text[:100]}"
    return True, words


@dataclass(frozen=True, slots=True)
class ValidationFacts:
    """What the fitness of a model is judged by.

    Attributes:
        validations: of exactly this model.
        max_days: after which it must be validated again; None if that is not asked of it.
    """

    validations: Sequence[Validation] = field(default=())
    max_days: int | None = None


def fitness_words(facts: ValidationFacts, *, now_us: int) -> tuple[str, str]:
    """Return `findings open`, `overdue` or an empty text, and the reason in words; both are empty where nothing is asked.

    Example:
        >>> fitness_words(ValidationFacts((), 30), now_us=0)
        ('overdue', 'nobody concluded a validation of it')
    """
    late = [one for each in facts.validations for one in each.still(now_us) if now_us >= one.due_us]
    if late:
        return "findings open", f"{len(late)} finding(s) of validations are past due: {late[0].text[:100]}"
    if facts.max_days is not None:
        passed, words = validated(
            {"conditions": True, "severity": "critical", "max_days": str(facts.max_days)}, facts.validations, now_us=now_us
        )
        return ("" if passed else "overdue"), words
    last = newest_result(facts.validations)
    return ("", f"validation {last.number} by {last.by}: {last.result}") if last else ("", "")
