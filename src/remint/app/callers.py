"""Who acts, and what they may do."""

from abc import abstractmethod
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any
from weakref import WeakMethod

from remint.app.parts import Parts
from remint.config import SETTINGS, Settings
from remint.core.governing import RECORDED
from remint.core.keeping import contracts_in
from remint.core.ref import PRODUCTION, RefName, parse_ref
from remint.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from remint.core.digest import Digest
    from remint.core.quorum import Needs
    from remint.ports.uploads import Arrivals
    from remint.ports.usecases.identity import Identity
    from remint.ports.usecases.policies import Policies
    from remint.ports.usecases.principals import Principals
    from remint.ports.usecases.requests import Requests
    from remint.ports.usecases.rights import Rights
    from remint.ports.usecases.signins import SignIns, Workloads
    from remint.ports.usecases.teams import Teams
    from remint.services.access import Access
    from remint.services.failures import Failures
    from remint.services.quorums import Quorums
    from remint.services.recorded import RecordedSettings
    from remint.services.secrets import SecretService
    from remint.services.sight import SightService


class Callers(Parts):
    """The services that say who acts, and what they may do."""

    @property
    def protected(self) -> tuple[str, ...]:
        """Patterns of refs in `main` that only approved changes move.

        They are those of the settings and of the recorded ones; the refs of the policy in force, of the recorded settings and
        of the contracts that gates name are always among them.
        """
        named, agreed = self._policy_ref, self._agreed
        recorded = (*agreed["protected"], RECORDED.path) if agreed is not None else ()
        contracts = [ref for values in (self.settings.values, agreed or {}) for ref in contracts_in(values)]
        judging = (*([named.path] if named else []), *contracts)
        return tuple(dict.fromkeys((*self.settings.texts("protected"), *recorded, *judging)))

    @cached_property
    def _recorded(self) -> "RecordedSettings":
        from remint.core.governing import shared
        from remint.services.recorded import RecordedSettings, read_settings

        defaults = {setting.name: setting.default for setting in SETTINGS}
        read = partial(read_settings, self.catalog, self.blobs)
        return RecordedSettings(shared(self.settings.values, defaults), defaults, read)

    @cached_property
    def _agreed(self) -> "Mapping[str, Any] | None":
        """The recorded settings, whole; None if none are recorded."""
        with self.catalog.read() as tx:
            recorded = self._recorded.of(tx)
        return None if recorded is None else {**self._recorded.defaults, **recorded}

    @abstractmethod
    def _policy_text(self, digest: "Digest") -> str:
        """Return the text of a version of a policy."""

    @cached_property
    def _policy_ref(self) -> "RefName | None":
        text = str(self._agreed["policy"]) if self._agreed is not None else self.settings.text("policy")
        ref = parse_ref(text)[0] if text else None
        if ref is not None and (ref.kind, ref.workspace) != ("policy", PRODUCTION):
            raise Invalid(
                f"the setting `policy` is {text}", why="it names no policy in main", next_step="write it like policy/main"
            )
        return ref

    @cached_property
    def access(self) -> "Access":
        """Who may do what."""
        from remint.services.access import Access
        from remint.services.inforce import InForce

        ref, mine = self._policy_ref, WeakMethod(self._policy_text)  # no circle: an app that nobody holds lets go of its store

        def text_of(digest: "Digest") -> str:
            found = mine()
            assert found is not None
            return found(digest)

        return Access(self.catalog, self.clock, InForce(ref, self.cedar, text_of) if ref else None)

    @cached_property
    def policies(self) -> "Policies":
        """Trying policies before they are in force."""
        from remint.services.policies import PolicyService

        return PolicyService(self.catalog, self.cedar)

    @cached_property
    def rights(self) -> "Rights":
        """What principals may do, and what they did."""
        from remint.services.rights import RightsService

        return RightsService(self.catalog, self.access, self.clock, self.protected)

    @cached_property
    def identity(self) -> "Identity":
        """Tokens, and who shows one."""
        from remint.services.identity import IdentityService

        return IdentityService(self.catalog, self.clock, self.access)

    @cached_property
    def sight(self) -> "SightService":
        """What a caller that is bound to a sandbox may know of."""
        from remint.services.sight import SightService

        return SightService(self.catalog, self.clock, self._arrivals)

    @cached_property
    def _arrivals(self) -> "Arrivals":
        from remint.adapters.uploads.arrivals import FileArrivals

        return FileArrivals(self.settings.state / "arrivals", self.clock)

    @cached_property
    def requests(self) -> "Requests":
        """Requests that are sent again."""
        from remint.services.requests import RequestService

        return RequestService(self.catalog, self.clock)

    @cached_property
    def secrets(self) -> "SecretService":
        """Secrets."""
        from remint.adapters.secrets.files import FileVault
        from remint.services.secrets import SecretService

        return SecretService(self.catalog, self.access, FileVault(self.settings.state / "secrets"), self.clock)

    @cached_property
    def principals(self) -> "Principals":
        """Principals."""
        from remint.services.principals import PrincipalService

        return PrincipalService(self.catalog, self.keys, self.clock, self.access, self._quorums)

    @cached_property
    def teams(self) -> "Teams":
        """Teams."""
        from remint.services.teams import TeamService

        return TeamService(self.catalog, self.clock, self.access, self._quorums)

    @cached_property
    def failures(self) -> "Failures":
        """Failures to show who one is."""
        from remint.services.failures import Failures

        return Failures(self.catalog, self.clock)

    @cached_property
    def sign_ins(self) -> "SignIns":
        """Signing in by the word of a provider."""
        from remint.services.signins import SignInService

        parts = (self.catalog, self.access, self.keys, self.clock, self.issuers)
        return SignInService(*parts, self.settings.table("oidc"))

    @cached_property
    def workloads(self) -> "Workloads":
        """Short tokens for programs elsewhere."""
        from remint.services.workloads import WorkloadService

        return WorkloadService(self.catalog, self.access, self.clock, self.issuers, self.settings.table("workload"))

    @cached_property
    def _quorums(self) -> "Quorums":
        from remint.services.quorums import Quorums

        return Quorums(partial(_needs, self.settings))


def _needs(settings: Settings) -> "Needs":
    """Return what changes of a project may ask for."""
    from remint.core.inventory import parse_standards
    from remint.core.quorum import needs_of
    from remint.core.review import parse_reviews

    default = {role: int(count) for role, count in settings.table("approvals").items()}
    standards = parse_standards(settings.table("materiality"), default=default).values()
    besides = [standard.rules for standard in standards if standard.rules is not None]
    return needs_of(default, [*parse_reviews(settings.table("reviews"), default=default).values(), *besides])
