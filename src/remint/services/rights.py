"""Rights: what principals may do, and what they did."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from remint.core import canonical
from remint.core.access import Caller, carriers
from remint.core.action import ACTIONS
from remint.core.ids import PrincipalId
from remint.core.principal import Principal
from remint.core.ref import KINDS, RefName, is_protected, parse_ref
from remint.errors import Invalid, NotFound
from remint.ports.catalog import PAGE, Catalog, Transaction
from remint.ports.clock import Clock
from remint.ports.usecases.context import Context
from remint.ports.usecases.rights import Reviewed, Right
from remint.services.access import Access
from remint.services.principals import PLATFORM

UNUSED_US = 90 * 86_400_000_000
MOVE = "ref:move"


@dataclass(frozen=True)
class RightsService:
    """See ports.usecases.rights.Rights.

    Attributes:
        protected: patterns of refs in `main` that only approved changes move.
    """

    catalog: Catalog
    access: Access
    clock: Clock
    protected: tuple[str, ...]

    def can(self, context: Context, action: str, resource: str = "", *, principal: str = "") -> Right:
        """Return whether somebody may do something now."""
        _require_action(action)
        with self.catalog.read() as tx:
            if principal and principal != context.principal:
                if tx.principals.get(PrincipalId(principal)) is None:
                    raise NotFound(
                        f"nothing is known of {principal}",
                        why="there is no such principal",
                        next_step="see `remint principals list`",
                    )
                asked = Context(PrincipalId(principal), context.workspace)
            else:
                asked = context
            found = self._right(tx, self.access.caller(tx, asked), asked, action, resource)
            return replace(found, teams=_through(tx.principals.get(asked.principal), found))

    def who_can(self, context: Context, action: str, resource: str = "") -> Sequence[Right]:
        """Return who may do something now."""
        _require_action(action)
        with self.catalog.read() as tx:
            found = []
            for one in tx.principals.all():
                right = self._right(tx, Caller(one.id, one.roles), context, action, resource)
                found.append(replace(right, teams=_through(one, right)))
        return [right for right in found if right.allowed]

    def _right(self, tx: Transaction, caller: Caller, context: Context, action: str, resource: str) -> Right:
        ref = _ref(resource, context.workspace)
        if ref is not None and action == MOVE and is_protected(ref, patterns=self.protected):
            why = "only an approved change moves it"
            return Right(caller.principal, action, str(ref), allowed=False, rule="protected-ref", why=why)
        named = str(ref) if ref is not None else resource
        workspace = ref.workspace if ref is not None else None
        found = self.access.decide(tx, caller, action, named, workspace=workspace)
        return Right(caller.principal, action, named, found.allowed, found.rule, found.why)

    def review(self) -> Sequence[Reviewed]:
        """Return every principal with what it holds and what it did last."""
        now_us = self.clock.now_us()
        with self.catalog.read() as tx:
            last = _last_actions(tx)
            found: list[Reviewed] = []
            for one in tx.principals.all():
                if one.id == PLATFORM:
                    continue
                tokens = tuple(token for token in tx.tokens.newest(owner=one.id) if token.is_alive(now_us))
                action, at_us = last.get(one.id, ("", None))
                idle = now_us - (at_us if at_us is not None else one.at_us) > UNUSED_US
                found.append(Reviewed(one, tokens, action, at_us, unused=idle and bool(one.roles or tokens)))
        return found


def _through(principal: Principal | None, right: Right) -> tuple[str, ...]:
    """Return the teams by whose roles somebody may do something; none where it may by itself, or may not."""
    needed = carriers(right.action)
    if principal is None or not right.allowed or principal.own_roles & needed:
        return ()
    return tuple(one.team for one in principal.teams if one.roles & needed)


def _last_actions(tx: Transaction) -> dict[str, tuple[str, int]]:
    """Return the last thing that each principal did, and when; what was refused was not done."""
    found: dict[str, tuple[str, int]] = {}
    after = 0
    while leaves := tx.entries.leaves(after=after, limit=PAGE):
        for leaf in leaves:
            entry = canonical.loads(leaf)
            if entry["decision"] == "allow":
                found[entry["by"]] = (entry["action"], entry["at_us"])
        after += len(leaves)
    return found


def _ref(resource: str, workspace: str) -> RefName | None:
    """Return the ref that a person means; None if it is something else, such as `change 7`."""
    path = resource.rpartition(":")[2]
    return parse_ref(resource, workspace=workspace)[0] if path.partition("/")[0] in KINDS and "/" in path else None


def _require_action(action: str) -> None:
    if action not in ACTIONS:
        raise Invalid(
            f"nothing is known of {action}",
            why="there is no such action",
            next_step="see the table of actions: `remint access actions`",
        )
