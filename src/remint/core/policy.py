"""Policies: what a project forbids beyond the kernel's rules, in the language Cedar. The shape of a question is fixed here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from remint.core.access import Caller
from remint.core.action import ACTIONS, SCOPES
from remint.core.ids import PrincipalId
from remint.core.ref import RefName, parse_ref
from remint.errors import Invalid

RULE = "policy"
UNREADABLE = "policy-unreadable"
ALLOW, DENY = "allow", "deny"
_FACTS = (
    ("roles", "Set<String>"),
    ("scopes", "Set<String>"),
    ("via_token", "Bool"),
    ("sandbox", "String"),
    ("workspace", "String"),
    ("kinds", "Set<String>"),
    ("paths", "Set<String>"),
)
_CASE = {"principal", "roles", "action", "resource", "expect", "scopes", "workspace", "rule"}


def schema() -> str:
    """Return the schema that policies are checked against: the actions of the table, each with the same facts.

    Example:
        >>> schema().splitlines()[0]
        'entity Principal, Resource;'
    """
    facts = ",\n".join(f"  {name}: {kind}" for name, kind in _FACTS)
    names = ",\n  ".join(f'"{name}"' for name in ACTIONS)
    applies = "appliesTo { principal: [Principal], resource: [Resource], context: Facts }"
    return f"entity Principal, Resource;\n\ntype Facts = {{\n{facts},\n}};\n\naction\n  {names}\n  {applies};\n"


@dataclass(frozen=True, slots=True)
class Question:
    """What a policy is asked. All of it comes from records, nothing from the caller.

    Attributes:
        resource: in the words of the interface: a ref, `change 7`, a name.
        refs: the refs it is about: the one named, or those that a change moves.
        workspace: where it happens; None if in no workspace.
    """

    caller: Caller
    action: str
    resource: str
    refs: Sequence[RefName] = ()
    workspace: str | None = None

    def facts(self) -> dict[str, Any]:
        """Return the facts of the schema."""
        caller = self.caller
        scopes = SCOPES if caller.scopes is None else caller.scopes
        return {
            "roles": sorted(caller.roles),
            "scopes": sorted(scopes),
            "via_token": caller.scopes is not None,
            "sandbox": caller.sandbox or "",
            "workspace": self.workspace or next((ref.workspace for ref in self.refs), ""),
            "kinds": sorted({ref.kind for ref in self.refs}),
            "paths": sorted({ref.path for ref in self.refs}),
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a policy says.

    Attributes:
        ids: the `@id` of the statements that decided; empty where nothing permits.
        errors: of the evaluation; with any of them nothing is allowed.
    """

    allowed: bool
    ids: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    @property
    def why(self) -> str:
        """The verdict in words, for a refusal."""
        if self.errors:
            return f"it could not be evaluated: {self.errors[0]}"
        return f"{', '.join(self.ids)} forbids it" if self.ids else "nothing in it permits this"


def named_ref(resource: str) -> RefName | None:
    """Return the ref that a resource of an entry names; None if it names something else.

    Example:
        >>> str(named_ref("main:model/delay")), named_ref("token 3"), named_ref("data/x")
        ('main:model/delay', None, None)
    """
    if ":" not in resource or "/" not in resource or resource.startswith("b3:"):
        return None
    try:
        return parse_ref(resource)[0]
    except Invalid:
        return None


@dataclass(frozen=True, slots=True)
class Case:
    """One row of a table of cases.

    Attributes:
        number: its place in the table, from 1.
        expect: ALLOW or DENY.
        rule: the rule that must refuse; any if empty.
    """

    number: int
    question: Question
    expect: str
    rule: str = ""


def parse_cases(table: Mapping[str, Any]) -> list[Case]:
    """Return the cases of a table as TOML gives it.

    Args:
        table: with the array `case`.

    Raises:
        Invalid: it holds none, or one that is not complete.
    """
    rows = table.get("case")
    if not isinstance(rows, list) or not rows or set(table) != {"case"} or not all(isinstance(row, dict) for row in rows):
        raise _invalid("the table", "it holds no [[case]], or something else too")
    return [_case(number, row) for number, row in enumerate(rows, start=1)]


def _case(number: int, row: Mapping[str, Any]) -> Case:
    what = f"case {number}"
    unknown = sorted(set(row) - _CASE)
    if unknown:
        raise _invalid(what, f"there is no key {unknown[0]}")
    words = {name: row.get(name, "") for name in ("principal", "action", "resource", "expect", "workspace", "rule")}
    lists = {name: row.get(name) for name in ("roles", "scopes")}
    if not all(isinstance(word, str) for word in words.values()):
        raise _invalid(what, "a key that is a text has another value")
    if not all(given is None or _is_texts(given) for given in lists.values()):
        raise _invalid(what, "roles and scopes are lists of texts")
    if not words["principal"] or words["action"] not in ACTIONS or words["expect"] not in {ALLOW, DENY}:
        raise _invalid(what, "it needs a principal, an action of the table, and expect = allow or deny")
    scopes = None if lists["scopes"] is None else frozenset(lists["scopes"])
    caller = Caller(PrincipalId(words["principal"]), frozenset(lists["roles"] or ()), scopes)
    ref = named_ref(words["resource"])
    question = Question(caller, words["action"], words["resource"], (ref,) if ref else (), words["workspace"] or None)
    return Case(number, question, words["expect"], words["rule"])


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _invalid(what: str, why: str) -> Invalid:
    return Invalid(
        f"{what} cannot be used",
        why=why,
        next_step='write [[case]] with principal = "bo", roles = ["member"], action, resource and expect = "deny"',
    )


def ids_of(annotations: Iterable[str], reasons: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the statements that decided: their `@id`, or their place in the file where they have none."""
    named = sorted(one for one in annotations if one)
    return tuple(named) if named else tuple(sorted(reasons))
