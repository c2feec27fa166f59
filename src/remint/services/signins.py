"""Signing in by the word of a provider: who it means, and in which teams that one is."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from remint.core.entry import Entry
from remint.core.ids import PrincipalId
from remint.core.idtoken import groups_in, refused, require_claims
from remint.core.principal import Principal, PrincipalKind
from remint.core.provider import Provider, is_safe_url, name_for, parse_providers
from remint.core.ref import PRODUCTION, require_name
from remint.core.team import JOIN, PART, Team, TeamChange
from remint.core.vouched import Link, identity_digest
from remint.errors import Conflict, Denied, Invalid, NotFound
from remint.ports.catalog import Catalog, Transaction
from remint.ports.clock import Clock
from remint.ports.oidc import Issuers, Redeemed
from remint.ports.signing import Keys
from remint.ports.teams import EVERY
from remint.ports.usecases.context import Context
from remint.ports.usecases.signins import Begun
from remint.services.access import Access
from remint.services.principals import PLATFORM, present
from remint.services.teamrecords import record_change

SECRET_BYTES = 32
NAME = "preferred_username"
"""The claim that a new principal is called after; it identifies nobody."""


@dataclass(frozen=True)
class SignInService:
    """See ports.usecases.signins.SignIns.

    Attributes:
        told: the setting `oidc`.
    """

    catalog: Catalog
    access: Access
    keys: Keys
    clock: Clock
    issuers: Issuers
    told: Mapping[str, Any]

    def providers(self) -> Sequence[Provider]:
        """Return the providers."""
        return list(parse_providers(self.told).values())

    def begin(self, name: str, *, redirect: str) -> Begun:
        """Begin a sign-in."""
        provider = self._provider(name)
        state, nonce, verifier = f"{name}.{self._secret()}", self._secret(), self._secret()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")
        asked = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": redirect,
            "scope": " ".join(provider.scope),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        url = self.issuers.authorization_url(provider.issuer)
        return Begun(f"{url}{'&' if '?' in url else '?'}{urlencode(asked)}", state, nonce, verifier)

    def finish(self, name: str, begun: Begun, *, code: str, state: str, redirect: str) -> Context:
        """Return who signed in."""
        provider = self._provider(name)
        own = begun.state.startswith(f"{name}.") and hmac.compare_digest(state.encode("utf-8", "replace"), begun.state.encode())
        if not own:
            raise refused("state", "the sign-in was not begun in this browser")
        if not code:
            raise refused("code", "the provider sent no code")
        redeemed = self.issuers.redeem(provider, code=code, verifier=begun.verifier, redirect=redirect)
        claims = self.issuers.claims(provider.issuer, redeemed.id_token)
        now_us = self.clock.now_us()
        subject = require_claims(claims, issuer=provider.issuer, audience=provider.client_id, now_us=now_us, nonce=begun.nonce)
        said = self._more(provider, claims, redeemed, subject)
        groups = groups_in(said, provider.groups_claim) or frozenset()
        with self.catalog.begin() as tx:
            found = self._known(tx, provider, subject, said, now_us)
            for change in _changes(tx.teams.all(limit=EVERY), provider, found, groups, now_us):
                _require_team(tx, change)
                record_change(tx, change)
        context = Context(found, PRODUCTION)
        with self.access.begin(context, "session:begin", found) as tx:
            facts = {"provider": provider.name, "identity": identity_digest(provider.issuer, subject)}
            tx.entries.append(Entry("session:begin", found, found, self.clock.now_us(), facts))
        return context

    def link(self, context: Context, name: str, *, issuer: str, subject: str) -> Link:
        """Record whom an issuer means."""
        if not is_safe_url(issuer) or not 0 < len(subject) <= 255:
            raise Invalid(
                f"{name} was not linked",
                why="an issuer is an address with https, and a subject what it calls the person, of 255 letters at most",
                next_step="look at the claims `iss` and `sub` of what it signs",
            )
        with self.access.begin(context, "principal:link", name) as tx:
            meant = present(tx, name)
            if meant.kind is not PrincipalKind.PERSON:
                raise Denied(
                    f"{name} was not linked",
                    why="rule persons-only: a service does not sign in; a workload gets tokens of it",
                    next_step="name it in `[workload]` in remint.toml",
                    rule="persons-only",
                )
            link = Link(issuer, subject, meant.id, context.principal, self.clock.now_us())
            holder = tx.identities.holder(issuer, subject)
            if holder not in {None, link.principal}:
                raise Conflict(
                    f"{name} was not linked",
                    why=f"{issuer} means {holder} by that subject, and that stays so",
                    next_step="see `remint principals links`",
                )
            if holder is None:
                _record_link(tx, link)
        return link

    def links(self) -> Sequence[Link]:
        """Return whom issuers mean."""
        with self.catalog.read() as tx:
            return tx.identities.all()

    def _provider(self, name: str) -> Provider:
        found = parse_providers(self.told).get(name)
        if found is None:
            raise NotFound("nobody signs in there", why=f"there is no provider {name[:80]!r}", next_step="go to /login")
        return found

    def _secret(self) -> str:
        return base64.urlsafe_b64encode(self.clock.entropy(SECRET_BYTES)).rstrip(b"=").decode("ascii")

    def _more(self, provider: Provider, claims: Mapping[str, Any], redeemed: Redeemed, subject: str) -> Mapping[str, Any]:
        """Return what the provider signed, and, where that lacks groups or a name, what it answers when it is asked."""
        wanted = {NAME, *([provider.groups_claim] if provider.groups else [])}
        if wanted <= set(claims):
            return claims
        more = self.issuers.about(provider.issuer, redeemed.access_token)
        if more and more.get("sub") != subject:
            raise refused("subject", "the provider answered about somebody else")
        return {**more, **claims}

    def _known(self, tx: Transaction, provider: Provider, subject: str, claims: Mapping[str, Any], at_us: int) -> PrincipalId:
        """Return whom the provider means; make that principal if it may."""
        holder = tx.identities.holder(provider.issuer, subject)
        if holder is None:
            if not provider.create:
                raise refused("unknown", "nobody is known by it here; an owner links it: `remint principals link`")
            return self._made(tx, provider, subject, claims, at_us)
        found = tx.principals.get(holder)
        if found is None or found.left_us is not None:
            raise refused("left", "who is known by it has left")
        return holder

    def _made(self, tx: Transaction, provider: Provider, subject: str, claims: Mapping[str, Any], at_us: int) -> PrincipalId:
        """Make a principal without a role of its own."""
        identity, wanted = identity_digest(provider.issuer, subject), claims.get(NAME)
        name = name_for(provider.name, wanted, identity)
        if tx.principals.get(name) is not None:
            name = name_for(provider.name, wanted, identity, is_taken=True)
        require_name(name, what="principal")
        made = Principal(name, PrincipalKind.PERSON, self.keys.create(name), frozenset(), at_us)
        if not tx.principals.add(made):
            raise Conflict(f"principal {name} was not made", why="the name is taken", next_step="an owner links another one")
        facts = {"kind": str(made.kind), "roles": [], "public_key": made.public_key.hex()}
        tx.entries.append(Entry("principal:create", name, PLATFORM, at_us, facts))
        _record_link(tx, Link(provider.issuer, subject, name, PLATFORM, at_us))
        return name


def _record_link(tx: Transaction, link: Link) -> None:
    tx.identities.link(link)
    tx.entries.append(Entry("principal:link", link.principal, link.by, link.at_us, {"identity": link.digest()}))


def _changes(
    teams: Sequence[Team], provider: Provider, principal: PrincipalId, groups: frozenset[str], at_us: int
) -> Sequence[TeamChange]:
    """Return the changes by which a principal is in the teams of its groups, as far as this issuer says so, and no others."""
    wanted = {team for group, team in provider.groups.items() if group in groups}
    held = {team.name for team in teams if provider.issuer in team.members.get(principal, ())}
    steps = [(PART, team) for team in sorted(held - wanted)] + [(JOIN, team) for team in sorted(wanted - held)]
    return [TeamChange(team, verb, principal, "", provider.issuer, PLATFORM, at_us) for verb, team in steps]


def _require_team(tx: Transaction, change: TeamChange) -> None:
    """Make the team of a change if there is none: it gives no role before an owner says so."""
    made = Team(change.team, "", PLATFORM, change.at_us)
    if tx.teams.add(made):
        tx.entries.append(Entry("team:create", f"team {made.name}", PLATFORM, made.at_us, {"about": ""}))
