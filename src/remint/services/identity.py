"""Identity: who a caller is, shown by a token."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace

from remint.core.action import OWN, OWNER, SCOPES
from remint.core.digest import Digest, digest_bytes
from remint.core.entry import Entry
from remint.core.ids import PrincipalId
from remint.core.idtoken import IDENTITY
from remint.core.principal import PrincipalKind
from remint.core.token import DAYS_MAX, PREFIX, SECRET_BYTES, Token, exceeds
from remint.errors import Denied, Invalid, NotFound
from remint.ports.catalog import Catalog, Transaction
from remint.ports.clock import Clock
from remint.ports.usecases.context import Context
from remint.ports.usecases.identity import Issued
from remint.services.access import Access

DAY_US = 86_400_000_000
ALL_SCOPES = frozenset(SCOPES)


@dataclass(frozen=True)
class IdentityService:
    """See ports.usecases.identity.Identity."""

    catalog: Catalog
    clock: Clock
    access: Access

    def issue(
        self,
        context: Context,
        *,
        about: str,
        days: int,
        scopes: Sequence[str] = (),
        sandbox: str | None = None,
        owner: str = "",
    ) -> Issued:
        """Make a token."""
        _require_valid(about, days, scopes)
        secret = new_secret(self.clock)
        at_us = self.clock.now_us()
        acts_as = PrincipalId(owner or context.principal)
        asked = Token(0, acts_as, about, frozenset(scopes) or ALL_SCOPES, sandbox, at_us, at_us + days * DAY_US)
        action = "token:create" if acts_as == context.principal else "token:grant"
        with self.access.recording(context, action, acts_as), self.catalog.begin() as tx:
            self.access.require(tx, context, action, acts_as)
            _require_owner(tx, context, acts_as)
            token = _limited(tx, context, asked, narrow_only=bool(scopes))
            if token.sandbox is not None and tx.workspaces.get(token.sandbox) is None:
                raise NotFound(
                    "the token was not made",
                    why=f"there is no sandbox {token.sandbox}",
                    next_step="see `remint sandboxes list`",
                )
            token = replace(token, number=tx.tokens.add(token, digest_of(secret)))
            facts = {"owner": token.owner, "scopes": sorted(token.scopes), "sandbox": token.sandbox, "ends_us": token.ends_us}
            tx.entries.append(Entry(action, f"token {token.number}", context.principal, at_us, facts))
        return Issued(secret, token)

    def identify(self, secret: str, *, workspace: str = "main") -> Context:
        """Return who shows a token, and what it is limited to. A token bound to a sandbox acts in it, whatever was asked."""
        with self.catalog.read() as tx:
            token = tx.tokens.shown(digest_of(secret)) if secret.startswith(PREFIX) else None
            owner = tx.principals.get(token.owner) if token is not None else None
        if token is None or owner is None or owner.left_us is not None or not token.is_alive(self.clock.now_us()):
            raise Denied(
                "nobody is known by this token",
                why="rule identity: it is no token that counts here, now",
                next_step="make one: `remint tokens create`",
                rule=IDENTITY,
            )
        return Context(token.owner, token.sandbox or workspace, token.scopes, token.sandbox, token.number)

    def list(self, context: Context) -> Sequence[Token]:
        """Return one's own tokens, newest first; all for an owner."""
        with self.catalog.read() as tx:
            return tx.tokens.newest(owner=None if self._is_owner(tx, context) else context.principal)

    def revoke(self, context: Context, number: int) -> Token:
        """End a token: one's own, or any for an owner."""
        resource = f"token {number}"
        at_us = self.clock.now_us()
        with self.access.recording(context, "token:revoke", resource), self.catalog.begin() as tx:
            self.access.require(tx, context, "token:revoke", resource)
            token = tx.tokens.get(number)
            if token is None or not (token.owner == context.principal or self._is_owner(tx, context)):
                raise NotFound(
                    f"{resource} was not revoked",
                    why="there is none of that number that you may see",
                    next_step="see `remint tokens list`",
                )
            if context.token and exceeds(token, context.scopes or ALL_SCOPES, context.sandbox):
                raise _denied(f"{resource} was not revoked", "it may do more than the token that you use")
            if not tx.tokens.revoke(number, by=context.principal, at_us=at_us):
                return token
            tx.entries.append(Entry("token:revoke", resource, context.principal, at_us, {"owner": token.owner}))
        return replace(token, revoked_us=at_us)

    def _is_owner(self, tx: Transaction, context: Context) -> bool:
        caller = self.access.caller(tx, context)
        return OWNER in caller.roles and caller.sandbox is None and (caller.scopes is None or OWN in caller.scopes)


def new_secret(clock: Clock) -> str:
    """Return the secret of a new token; nobody can guess it."""
    return PREFIX + base64.urlsafe_b64encode(clock.entropy(SECRET_BYTES)).rstrip(b"=").decode("ascii")


def digest_of(secret: str) -> Digest:
    """Return what is kept of a secret."""
    return digest_bytes(secret.encode("utf-8", "surrogatepass"))


def _require_valid(about: str, days: int, scopes: Sequence[str]) -> None:
    unknown = sorted(set(scopes) - ALL_SCOPES)
    if unknown:
        raise Invalid(
            "the token was not made",
            why=f"there is no scope {unknown[0]}",
            next_step=f"scopes are {', '.join(SCOPES)}",
        )
    if not 1 <= days <= DAYS_MAX:
        raise Invalid("the token was not made", why=f"it would last {days} days", next_step=f"give from 1 to {DAYS_MAX} days")
    if not about.strip():
        raise Invalid("the token was not made", why="it does not say what it is for", next_step="say it: `--about TEXT`")


def _require_owner(tx: Transaction, context: Context, owner: PrincipalId) -> None:
    """Refuse a token of a person other than the caller, and of a principal that is gone."""
    if owner == context.principal:
        return
    found = tx.principals.get(owner)
    if found is None or found.left_us is not None:
        raise NotFound("the token was not made", why=f"there is no principal {owner}", next_step="see `remint principals list`")
    if found.kind is not PrincipalKind.SERVICE:
        raise _denied("the token was not made", f"{owner} is a person, and makes its tokens itself")


def _limited(tx: Transaction, context: Context, asked: Token, *, narrow_only: bool) -> Token:
    """Return the token asked for within the limits of the token that the caller uses.

    Raises:
        Denied: what was asked for by name is wider.
    """
    used = tx.tokens.get(context.token) if context.token else None
    if used is None:
        return asked
    within = replace(
        asked,
        scopes=asked.scopes if narrow_only else used.scopes,
        sandbox=asked.sandbox or used.sandbox,
        ends_us=min(asked.ends_us, used.ends_us),
    )
    if exceeds(within, used.scopes, used.sandbox):
        raise _denied("the token was not made", "it would be wider than the token that you use")
    return within


def _denied(what: str, why: str) -> Denied:
    return Denied(
        what,
        why=f"rule token-limits: {why}",
        next_step="use a token with fewer limits, or none; see `remint tokens list`",
        rule="token-limits",
    )
