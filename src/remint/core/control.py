"""The status of a model on two axes: is it in control, and is it fit? Pure judgement over facts."""

from collections.abc import Sequence
from dataclasses import dataclass

from remint.core.digest import Digest
from remint.core.gate import LEVELS
from remint.core.ref import RefName

IN_CONTROL = "in control"
EXTERNAL = "external"
FIT = "fit"
DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class ControlFacts:
    """What is known of a production model.

    Attributes:
        approved_by: whose approvals stand behind its last move; empty if it was not moved by an approved change.
        unknown: ancestors of unknown origin, in words.
        missing: what is missing or damaged for making it again, in words.
        reproduced: level and time of the newest regeneration; None if it never was.
        required: level it must reach.
        max_age_us: age after which it must be made again.
        now_us: the time of judgement.
        while_kept: what it rests on that is kept outside the project, in words.
        owner: who answers for it; empty if nobody ever did.
        orphaned: why nobody does any more, in words; empty if somebody does.
        external: why it cannot be made again here at all, in words; empty if it could.
    """

    approved_by: Sequence[str]
    unknown: Sequence[str]
    missing: Sequence[str]
    reproduced: tuple[str, int] | None
    required: str
    max_age_us: int
    now_us: int
    while_kept: Sequence[str] = ()
    owner: str = ""
    orphaned: str = ""
    external: str = ""


@dataclass(frozen=True, slots=True)
class FitnessFacts:
    """What is known of how well a production model does.

    Attributes:
        evaluated: whether a signed evaluation of exactly this model exists.
        alarms: alarms that the newest monitor report raised, in words.
        watched: whether any monitor report speaks of this model.
        validation: `findings open`, `overdue` or empty, and the reason in words, as core.validation.fitness_words says.
    """

    evaluated: bool
    alarms: Sequence[str]
    watched: bool
    validation: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """A production model on both axes; each with its reasons.

    Attributes:
        owner: who answers for it; empty if nobody does.
        materiality: how much depends on it; empty if not said.
        orphaned: whether who answered for it is gone.
    """

    ref: RefName
    artifact: Digest
    serial: int
    control: str
    control_reasons: tuple[str, ...]
    fitness: str
    fitness_reasons: tuple[str, ...]
    owner: str = ""
    materiality: str = ""
    orphaned: bool = False


def control_of(facts: ControlFacts) -> tuple[str, tuple[str, ...]]:
    """Return the control status and its reasons; the gravest finding names the status.

    Example:
        >>> control_of(ControlFacts(("bo",), (), (), ("content", 10), "content", DAY_US, 20))
        ('in control', ('approved by bo', 'every ancestor is known', 'regenerated at the level content, 0 days ago'))
    """
    reasons: list[str] = []
    status = IN_CONTROL
    if facts.missing:
        status = "not regenerable"
        reasons += [f"missing: {words}" for words in facts.missing[:5]]
    reasons += facts.while_kept[:5]
    if not facts.approved_by:
        status = "unapproved" if status == IN_CONTROL else status
        reasons.append("its ref was not moved by an approved change")
    else:
        reasons.append(f"approved by {', '.join(facts.approved_by)}")
    if facts.unknown:
        status = "not verified" if status == IN_CONTROL else status
        reasons.append(f"unknown ancestors: {', '.join(facts.unknown[:3])}")
    else:
        reasons.append("every ancestor is known")
    if facts.orphaned:
        status = "orphaned" if status == IN_CONTROL else status
        reasons.append(facts.orphaned)
    elif facts.owner:
        reasons.append(f"{facts.owner} answers for it")
    if facts.external:
        return EXTERNAL if status == IN_CONTROL else status, (*reasons, facts.external)
    verified, words = _verified(facts)
    if not verified and status == IN_CONTROL:
        status = "not verified"
    return status, (*reasons, words)


def _verified(facts: ControlFacts) -> tuple[bool, str]:
    if facts.reproduced is None:
        return False, "it was never regenerated"
    level, at_us = facts.reproduced
    days = (facts.now_us - at_us) // DAY_US
    words = f"regenerated at the level {level}, {days} days ago"
    if level not in LEVELS or LEVELS.index(level) < LEVELS.index(facts.required):
        return False, f"{words}; {facts.required} is required"
    if facts.now_us - at_us > facts.max_age_us:
        return False, f"{words}; at most {facts.max_age_us // DAY_US} days are allowed"
    return True, words


def fitness_of(facts: FitnessFacts) -> tuple[str, tuple[str, ...]]:
    """Return the fitness status and its reasons.

    Example:
        >>> fitness_of(FitnessFacts(True, ["calibration in the week of 2013-09-02"], True))
        ('drifting', ('evaluated', 'alarm: calibration in the week of 2013-09-02'))
    """
    reasons = ["evaluated" if facts.evaluated else "no evaluation of exactly this model is recorded"]
    if facts.alarms:
        return "drifting", (*reasons, *(f"alarm: {words}" for words in facts.alarms[:5]))
    reasons.append("monitors are quiet" if facts.watched else "no monitor has spoken of it yet")
    status, words = facts.validation
    reasons += [words] if words else []
    if status:
        return status, tuple(reasons)
    if not facts.evaluated:
        return "overdue", tuple(reasons)
    return FIT, tuple(reasons)
