"""The policy in force: the version that a ref points at, read in the transaction that it decides about."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from remint.core.access import Caller, Decision
from remint.core.change import PlannedMove
from remint.core.digest import Digest
from remint.core.ids import ChangeId
from remint.core.policy import RULE, UNREADABLE, Question, named_ref
from remint.core.ref import RefName
from remint.errors import NotFound, RemintError, Unavailable
from remint.ports.catalog import Transaction
from remint.ports.policy import Loaded, Policies

CHANGE = "change "
MERGE = "change:merge"


@dataclass(frozen=True)
class InForce:
    """Asks the policy behind a ref, if there is one.

    Attributes:
        ref: what points at it.
        language: reads it.
        text: returns the text of a version.
    """

    ref: RefName
    language: Policies
    text: Callable[[Digest], str]
    _loaded: dict[Digest, Loaded] = field(default_factory=dict)

    def decide(
        self, tx: Transaction, caller: Caller, action: str, resource: str, *, workspace: str | None = None
    ) -> Decision | None:
        """Return what the policy says; None where there is none. What cannot be read or evaluated refuses everything.

        Raises:
            Unavailable: what reads it is not installed.
        """
        unfit = self._unfit(tx, resource) if action == MERGE else None
        found = None if unfit else tx.refs.get(self.ref)
        if found is None:
            return unfit
        digest = found.artifact
        loaded = self._load(digest)
        if isinstance(loaded, Decision):
            return loaded
        verdict = loaded.decide(Question(caller, action, resource, refs_of(tx, resource), workspace))
        if verdict.allowed:
            return Decision(allowed=True, rule=RULE, policy=digest)
        return Decision(allowed=False, rule=":".join((RULE, *verdict.ids[:1])), why=verdict.why, policy=digest)

    def _unfit(self, tx: Transaction, resource: str) -> Decision | None:
        """Return the refusal of a merge that would put into force what cannot be read; None if it would not."""
        for move in _moves(tx, resource):
            loaded = self._load(move.new) if move.ref == self.ref else None
            if isinstance(loaded, Decision):
                return loaded
        return None

    def _load(self, digest: Digest) -> Loaded | Decision:
        """Return a version of the policy, parsed once; a refusal if it cannot be."""
        known = self._loaded.get(digest)
        if known is not None:
            return known
        try:
            known = self.language.load(self.text(digest))
        except Unavailable:
            raise
        except RemintError as error:
            return Decision(allowed=False, rule=UNREADABLE, why=f"{self.ref} at {digest.short}: {error.why}", policy=digest)
        self._loaded.clear()  # one is in force
        self._loaded[digest] = known
        return known


def refs_of(tx: Transaction, resource: str) -> Sequence[RefName]:
    """Return the refs that a resource is about: the one it names, or those that a change moves."""
    if resource.startswith(CHANGE):
        return tuple(move.ref for move in _moves(tx, resource))
    ref = named_ref(resource)
    return () if ref is None else (ref,)


def _moves(tx: Transaction, resource: str) -> Sequence[PlannedMove]:
    try:
        return tx.changes.get(ChangeId(resource.removeprefix(CHANGE))).moves
    except NotFound:  # the use case will say so
        return ()
