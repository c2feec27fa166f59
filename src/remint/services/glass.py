"""Break-glass: opening and confirming emergencies, and whether what was merged in one may stand."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from remint.core.change import Change
from remint.core.entry import Entry
from remint.core.evidence import pre_authentication, statement
from remint.core.glass import GLASS, Confirmation, Glass, parse_span, require_holds
from remint.core.ids import PrincipalId
from remint.core.principal import PrincipalKind
from remint.core.ref import PRODUCTION, is_protected, parse_ref
from remint.errors import Denied, Invalid
from remint.ports.catalog import Catalog, Transaction
from remint.ports.clock import Clock
from remint.ports.signing import Keys
from remint.ports.usecases.context import Context
from remint.services.access import Access


@dataclass(frozen=True)
class GlassService:
    """See ports.usecases.changes.Glasses.

    Attributes:
        protected: patterns of refs in `main` that only changes move.
    """

    catalog: Catalog
    access: Access
    keys: Keys
    clock: Clock
    protected: tuple[str, ...]

    def open(self, context: Context, refs: Sequence[str], *, reason: str, ttl: str) -> Glass:
        """Open an emergency."""
        names = tuple(sorted({parse_ref(ref, workspace=PRODUCTION)[0] for ref in refs}))
        free = [str(name) for name in names if not is_protected(name, patterns=self.protected)]
        if free or not names or not reason.strip():
            raise Invalid(
                "no emergency was opened",
                why=f"{free[0]} is not protected" if free else "it has at least one ref, and a reason",
                next_step='type `remint glass open REF --reason "…"` with a protected ref',
            )
        span_us, resource = parse_span(ttl), ", ".join(str(name) for name in names)
        with self.access.recording(context, "glass:open", resource), self.catalog.begin() as tx:
            self.access.require(tx, context, "glass:open", resource)
            _require_person(tx, context.principal)
            at_us = self.clock.now_us()
            made = Glass(tx.glass.next_number(), names, reason, context.principal, at_us, at_us + span_us)
            signed = replace(made, signature=self.keys.sign(made.by, _opened(made)))
            tx.glass.add(signed)
            facts = {"refs": [str(name) for name in names], "reason": reason, "until_us": made.until_us}
            tx.entries.append(Entry("glass:open", f"emergency {made.number}", made.by, at_us, facts))
        return signed

    def confirm(self, context: Context, number: int) -> Glass:
        """Confirm an emergency that another principal opened."""
        with self.access.recording(context, "glass:confirm", f"emergency {number}"), self.catalog.begin() as tx:
            self.access.require(tx, context, "glass:confirm", f"emergency {number}")
            _require_person(tx, context.principal)
            held, at_us = tx.glass.get(number), self.clock.now_us()
            if held.by == context.principal or not held.at_us <= at_us < held.until_us:
                own = held.by == context.principal
                raise Denied(
                    f"{context.principal} cannot confirm emergency {number}",
                    why=f"rule {'four-eyes: who opened it does not confirm it' if own else 'glass: its time is over'}",
                    next_step="ask another principal with the role glass" if own else "open another: `remint glass open`",
                    rule="four-eyes" if own else "glass",
                )
            made = Confirmation(
                context.principal, at_us, self.keys.sign(context.principal, _confirmed(held, context.principal, at_us))
            )
            tx.glass.confirm(number, made)
            tx.entries.append(Entry("glass:confirm", f"emergency {number}", context.principal, at_us, {"opened_by": held.by}))
        return replace(held, confirmed=made)

    def get(self, number: int) -> Glass:
        """Return one emergency."""
        with self.catalog.read() as tx:
            return tx.glass.get(number)

    def list(self, *, limit: int = 50) -> Sequence[Glass]:
        """Return emergencies, newest first."""
        with self.catalog.read() as tx:
            return tx.glass.newest(limit=limit)


def require_glass(tx: Transaction, keys: Keys, number: int, change: Change, *, by: PrincipalId, at_us: int) -> Glass:
    """Return the emergency by which a change may be merged, or was.

    Args:
        tx: the transaction to read in.
        keys: for the signatures of those who opened and confirmed it.
        number: of the emergency.
        change: what is merged.
        by: who merges.
        at_us: when.

    Raises:
        Denied: it does not allow that, or is not signed by two persons who might break glass then.
        NotFound: there is none of that number.
    """
    glass = tx.glass.get(number)
    require_holds(glass, [move.ref for move in change.moves], by=by, at_us=at_us)
    signed = [(glass.by, glass.at_us, _opened(glass), glass.signature)]
    if glass.confirmed:
        one = glass.confirmed
        signed.append((one.by, one.at_us, _confirmed(glass, one.by, one.at_us), one.signature))
    for signer, when_us, message, signature in signed:
        found = tx.principals.get(signer, at_us=when_us)
        may = found is not None and found.kind is PrincipalKind.PERSON and found.roles & {GLASS, "owner"}
        if found is None or not may or not keys.verify(found.public_key, message, signature):
            raise Denied(
                f"emergency {number} does not count",
                why=f"rule signed-glass: {signer} did not sign it, or might not break glass then",
                next_step="find out who wrote it: `remint audit verify`",
                rule="signed-glass",
            )
    return glass


def _require_person(tx: Transaction, principal: PrincipalId) -> None:
    found = tx.principals.get(principal)
    if found is None or found.kind is not PrincipalKind.PERSON:
        raise Denied(
            f"{principal} breaks no glass",
            why="rule persons-only: an emergency is declared by persons",
            next_step="ask a person with the role glass",
            rule="persons-only",
        )


def _opened(glass: Glass) -> bytes:
    return pre_authentication(statement(glass.digest(), "glass-opened", {}, by=glass.by, at_us=glass.at_us))


def _confirmed(glass: Glass, by: PrincipalId, at_us: int) -> bytes:
    return pre_authentication(statement(glass.digest(), "glass-confirmed", {}, by=by, at_us=at_us))
