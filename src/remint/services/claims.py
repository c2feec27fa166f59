"""Comparing records of the catalog with the entries that tell of them: an edited, added or removed record has no such entry."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from remint.core import canonical
from remint.core.change import Change, Step
from remint.core.evidence import read_statement
from remint.core.principal import Principal, RoleChange
from remint.core.ref import Move
from remint.core.run import Run, end_digest
from remint.core.secret import REMOVE, SET, SecretStep
from remint.core.team import TeamChange
from remint.core.validation import VERBS, action_of
from remint.errors import Invalid
from remint.ports.catalog import PAGE, Transaction
from remint.services.budgetclaims import balance_problems, budget_claims, said_budget
from remint.services.inventoryclaims import inventory_claims, said_item

ALL = 1 << 40
"""More records than a catalog holds."""

_STEPS = frozenset({"open", "approve", "reject", "withdraw", "merge", "review"})

Claim = tuple[object, ...]


class Claims:
    """What the entries of a log say of records; take every leaf, then compare."""

    def __init__(self) -> None:
        self._said: Counter[Claim] = Counter()

    def take(self, leaf: bytes) -> None:
        """Take the next entry."""
        at = leaf.find(b'"action":"') + 10
        read = _READ.get(leaf[at : leaf.find(b'"', at)])
        if read is not None:
            record = canonical.loads(leaf)
            if record["decision"] == "allow":
                self._said[read(record)] += 1

    def differences(self, tx: Transaction) -> tuple[int, list[str]]:
        """Return how many records were compared, and in words those that no entry tells of and entries without a record."""
        left, count, problems = self._said.copy(), 0, []
        for words, claim in _claims(tx):
            count += 1
            before = (*claim[:2], None)  # an end of a run, told by an entry that did not yet say how
            if left[claim] > 0:
                left[claim] -= 1
            elif left[before] > 0:
                left[before] -= 1
            else:
                problems.append(f"no entry tells of {words} as it is recorded")
        problems += [f"the record of {claim[1]} is not as its entry ({claim[0]}) says" for claim, n in left.items() if n > 0]
        problems += balance_problems(tx)
        last = {move.name: move.new for move in tx.reach.moves()}
        for name, new in last.items():
            found = tx.refs.get(name)
            if found is None or found.artifact != new:
                problems.append(f"{name} does not point where its last move says, at {new.short}")
        return count, problems


def _claims(tx: Transaction) -> Iterator[tuple[str, Claim]]:
    """Yield every record that entries tell of, in words and as a claim."""
    for move in tx.reach.moves():
        yield f"the move of {move.name} to {move.new.short}", _of_move(move)
    for principal in tx.principals.all(limit=ALL):
        yield f"the principal {principal.id}", _of_principal(principal)
    yield from _claims_of_teams(tx)
    for given in tx.principals.changes(limit=ALL):
        yield f"the change of roles of {given.principal}", _of_roles(given)
    for done in tx.secrets.steps():
        yield f"the {done.verb} of secret {done.secret}", _of_secret(done)
    for change in tx.changes.newest(limit=ALL):
        for step in change.steps:
            if _told_as(step) in _STEPS:
                yield f"the step `{step.action}` of change {change.id} by {step.by}", _of_step(change, step)
    for run in _runs(tx):
        yield f"the start of run {run.id}", _of_start(run)
        if run.end is not None:
            yield f"the end of run {run.id}", ("run:end", str(run.id), str(end_digest(run.end)))
    yield from budget_claims(tx)
    yield from inventory_claims(tx)


def _claims_of_teams(tx: Transaction) -> Iterator[tuple[str, Claim]]:
    for team in tx.teams.all(limit=ALL):
        yield f"the team {team.name}", ("team:create", f"team {team.name}", str(team.by), team.at_us, team.about)
    for change in tx.teams.changes(limit=ALL):
        yield f"the change of team {change.team}", _of_team(change)
    for link in tx.identities.all(limit=ALL):
        claim = ("principal:link", str(link.principal), str(link.by), link.at_us, str(link.digest()))
        yield f"the link of {link.principal} to a subject of {link.issuer}", claim
    for proof, token in tx.identities.spent(limit=ALL):
        yield f"the exchange of a proof for token {token}", ("token:exchange", f"token {token}", str(proof))


def _of_team(change: TeamChange) -> Claim:
    about = (change.verb, str(change.principal or change.role), change.source)
    return ("team:change", f"team {change.team}", str(change.by), change.at_us, *about)


def _runs(tx: Transaction) -> Iterator[Run]:
    before = None
    while page := tx.runs.newest(limit=PAGE, before=before):
        yield from page
        before = page[-1].id


def _of_move(move: Move) -> Claim:
    return ("ref:move", str(move.name), str(move.by), move.at_us, move.old and str(move.old), str(move.new))


def _of_principal(principal: Principal) -> Claim:
    return ("principal:create", str(principal.id), principal.at_us, str(principal.kind), principal.public_key.hex())


def _of_roles(change: RoleChange) -> Claim:
    return ("principal:change", str(change.principal), str(change.by), change.at_us, change.verb, change.role)


def _of_secret(step: SecretStep) -> Claim:
    action = "secret:set" if step.verb in {SET, REMOVE} else "secret:grant"
    granted = (str(step.whom), step.workspace, step.profile) if step.whom else ("", "", "")
    return (action, f"secret {step.secret}", str(step.by), step.at_us, step.verb, *granted)


def _said_secret(entry: Mapping[str, Any]) -> Claim:
    facts = entry["facts"]
    granted = [facts.get(name, "") for name in ("whom", "workspace", "profile")]
    return (entry["action"], entry["resource"], entry["by"], entry["at_us"], facts["verb"], *granted)


def _of_start(run: Run) -> Claim:
    start = run.start
    return ("run:start", str(start.id), str(start.by), start.at_us, str(start.recipe), str(start.run_key), start.purpose)


def _told_as(step: Step) -> str:
    return "open" if step.action == "draft" else step.action


def _of_step(change: Change, step: Step) -> Claim:
    moves = _signed(step) if step.action == "approve" else ""
    return (f"change:{_told_as(step)}", f"change {change.id}", str(step.by), step.at_us, moves, step.role)


def _signed(step: Step) -> str:
    try:
        return str(read_statement(step.payload)[0])
    except (LookupError, TypeError, ValueError, Invalid):
        return "unreadable"


def _said_step(entry: Mapping[str, Any]) -> Claim:
    facts = entry["facts"]
    signed = ("", facts.get("right", "") if entry["action"] == "change:merge" else "")
    if entry["action"] == "change:approve":
        signed = (facts["moves"], facts["role"])
    return (entry["action"], entry["resource"], entry["by"], entry["at_us"], *signed)


def _said_move(entry: Mapping[str, Any]) -> Claim:
    facts = entry["facts"]
    return ("ref:move", entry["resource"], entry["by"], entry["at_us"], facts["from"], facts["to"])


_READ: dict[bytes, Callable[[Mapping[str, Any]], Claim]] = {
    b"ref:move": _said_move,
    b"log:seal": _said_move,
    b"principal:create": lambda e: (
        *(e["action"], e["resource"], e["at_us"]),
        *(e["facts"]["kind"], e["facts"]["public_key"]),
    ),
    b"principal:change": lambda e: (
        *(e["action"], e["resource"], e["by"], e["at_us"]),
        *(e["facts"]["verb"], e["facts"].get("role", "")),
    ),
    b"secret:set": _said_secret,
    b"secret:grant": _said_secret,
    b"team:create": lambda e: (e["action"], e["resource"], e["by"], e["at_us"], e["facts"]["about"]),
    b"team:change": lambda e: (
        *(e["action"], e["resource"], e["by"], e["at_us"], e["facts"]["verb"]),
        *(e["facts"].get("principal") or e["facts"]["role"], e["facts"].get("source", "")),
    ),
    b"principal:link": lambda e: (e["action"], e["resource"], e["by"], e["at_us"], e["facts"]["identity"]),
    b"token:exchange": lambda e: (e["action"], e["resource"], e["facts"]["proof"]),
    b"run:start": lambda e: (
        *(e["action"], e["resource"], e["by"], e["at_us"]),
        *(e["facts"]["recipe"], e["facts"]["run_key"], e["facts"]["purpose"]),
    ),
    **{action.encode(): said_item for action in ("inventory:set", *map(action_of, VERBS))},
    b"run:end": lambda e: (e["action"], e["resource"], e["facts"].get("record")),
    **{f"change:{action}".encode(): _said_step for action in _STEPS},
    **{f"budget:{verb}".encode(): said_budget for verb in ("create", "change", "reserve", "settle", "refund", "save")},
}
