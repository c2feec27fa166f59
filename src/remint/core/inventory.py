"""The inventory: who answers for what a ref names, what it is for, and how much depends on it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from remint.core import canonical
from remint.core.digest import Digest, digest_record
from remint.core.gate import gates_for
from remint.core.ids import PrincipalId
from remint.core.principal import Principal
from remint.core.ref import PRODUCTION, RefName, parse_ref, require_name
from remint.core.review import Rules, parse_reviews
from remint.errors import Invalid

EXPOSURES = ("internal", "customers", "public")
"""Who is touched by what it says."""

MATERIALITIES = ("low", "medium", "high")
"""How much depends on it."""

WEIGHED = ("exposure", "materiality")
"""What decides how strictly a ref is judged; only an owner of the project says it."""

LONGEST = 2000
"""Characters of a purpose or of the name of a vendor."""

MOST_DAYS = 3650

LISTED = ("data", "deployment", "features", "model")
"""Kinds of refs that are listed whether or not somebody answers for them."""


class Answer(StrEnum):
    """Whether somebody answers for a ref. Orphaned: who did has left, or has no role any more."""

    OWNED = "owned"
    ORPHANED = "orphaned"
    UNOWNED = "nobody"


@dataclass(frozen=True, slots=True)
class Item:
    """What the inventory says of a ref; the newest item of a ref counts.

    Attributes:
        number: from 1, over all refs.
        ref: in main, as `kind/name`.
        owner: the person who answers for it.
        team: whose it is; empty if not said, like all that follows.
        purpose: what it is for, in words.
        exposure: one of EXPOSURES.
        materiality: one of MATERIALITIES.
        vendor: who made it, if it was bought.
    """

    number: int
    ref: str
    owner: PrincipalId
    team: str
    purpose: str
    exposure: str
    materiality: str
    vendor: str
    by: PrincipalId
    at_us: int

    def digest(self) -> Digest:
        """Return the digest for its entry: an edited record no longer has it."""
        return digest_record("inventory record v1", [canonical.dumps(asdict(self))])


@dataclass(frozen=True, slots=True)
class Listed:
    """A ref in the inventory.

    Attributes:
        ref: in main, as `kind/name`.
        artifact: where it points now; None if it does not exist in main.
        item: what is said of it; None if nothing was said yet.
        why: in words, why nobody answers for it; empty if somebody does.
    """

    ref: str
    artifact: Digest | None
    item: Item | None
    answer: Answer
    why: str


def answer_of(ref: str, item: Item | None, owner: Principal | None) -> tuple[Answer, str]:
    """Return whether somebody answers for a ref, and in words why not.

    Args:
        ref: as `kind/name`.
        item: what is said of it.
        owner: the principal that the item names, as it is now.

    Example:
        >>> answer_of("model/late", None, None)
        (<Answer.UNOWNED: 'nobody'>, 'nobody answers for model/late')
    """
    if item is None:
        return Answer.UNOWNED, f"nobody answers for {ref}"
    if owner is None or owner.left_us is not None:
        return Answer.ORPHANED, f"{item.owner}, who answered for {ref}, has left"
    if not owner.roles:
        return Answer.ORPHANED, f"{item.owner}, who answers for {ref}, has no role any more"
    return Answer.OWNED, ""


def parse_item_ref(text: str) -> RefName:
    """Return the ref that something is said of.

    Raises:
        InvalidName: it is no ref.
        Invalid: it names a version, or a ref in a sandbox.

    Example:
        >>> parse_item_ref("model/late").path
        'model/late'
    """
    ref, selector = parse_ref(text)
    if selector is not None or ref.workspace != PRODUCTION:
        raise Invalid(
            f"{text[:80]} is not in the inventory",
            why="somebody answers for a ref in main as a whole, not for a version or a sandbox",
            next_step=f"name {ref.path}",
        )
    return ref


def said(before: Item | None, given: Mapping[str, str | None], *, ref: str) -> dict[str, str]:
    """Return the facts of the next item of a ref: those given, and the others as they were.

    Args:
        before: the newest item; None for the first.
        given: by name of the fact; None for what stays.
        ref: as `kind/name`.

    Raises:
        Invalid: there is no owner, or a fact has a value it cannot have.

    Example:
        >>> said(None, {"owner": "ana", "materiality": "high"}, ref="model/late")["materiality"]
        'high'
    """
    names = ("owner", "team", "purpose", "exposure", "materiality", "vendor")
    facts = {name: str(getattr(before, name)) if before else "" for name in names}
    facts |= {name: value for name, value in given.items() if value is not None}
    if not facts["owner"]:
        raise _invalid(ref, "nobody answers for it yet", f"say who does: `remint inventory set {ref} --owner NAME`")
    if facts["team"]:
        require_name(facts["team"], what="team")
    for name, allowed in (("exposure", EXPOSURES), ("materiality", MATERIALITIES)):
        if facts[name] and facts[name] not in allowed:
            raise _invalid(ref, f"{facts[name][:40]!r} is no {name}", f"say one of {', '.join(allowed)}")
    for name in ("purpose", "vendor"):
        if len(facts[name]) > LONGEST:
            raise _invalid(ref, f"the {name} has more than {LONGEST} characters", "say it shorter")
    return facts


def _invalid(ref: str, why: str, next_step: str) -> Invalid:
    return Invalid(f"the inventory was not told of {ref}", why=why, next_step=next_step)


@dataclass(frozen=True, slots=True)
class Standard:
    """What changes of refs of one materiality are judged by, beside the rules and gates of the patterns that match.

    Attributes:
        rules: None if none is said.
        gates: parameters by name of the gate.
        validation_days: after which a model must be validated again; None if that is not asked.
    """

    rules: Rules | None
    gates: Mapping[str, Mapping[str, Any]]
    validation_days: int | None = None


def parse_standards(table: Mapping[str, Any], *, default: Mapping[str, int]) -> dict[str, Standard]:
    """Return what the setting `materiality` says, by materiality.

    Args:
        table: the setting.
        default: approvals where it says none: the setting `approvals`.

    Raises:
        Invalid: it names no materiality, or a rule or gate is not known or has a value it cannot have.

    Example:
        >>> parse_standards({"high": {"tier": 1}}, default={"approver": 1})["high"].rules.tier
        1
    """
    return {name: _standard(name, held, default) for name, held in table.items()}


def _standard(name: str, held: object, default: Mapping[str, int]) -> Standard:
    if name not in MATERIALITIES or not isinstance(held, Mapping):
        raise _mend(name, f"tables are named {', '.join(MATERIALITIES)}")
    gates = held.get("gates", {})
    if not isinstance(gates, Mapping) or not all(isinstance(spec, Mapping) for spec in gates.values()):
        raise _mend(name, "`gates` has a table for each gate")
    days = held.get("validation_days")
    if days is not None and (isinstance(days, bool) or not isinstance(days, int) or not 0 < days <= MOST_DAYS):
        raise _mend(name, f"`validation_days` is a whole number from 1 to {MOST_DAYS}")
    rules = {key: value for key, value in held.items() if key not in {"gates", "validation_days"}}
    try:
        gates_for(name, {name: gates})
        found = parse_reviews({name: rules}, default=default)[name] if rules else None
    except Invalid as error:
        raise _mend(name, f"{error.what}: {error.why}") from error
    return Standard(found, gates, days)


def _mend(name: str, why: str) -> Invalid:
    return Invalid(f"materiality.{name} is not understood", why=why, next_step="mend [materiality] in remint.toml")
