"""Who acts, and what they may do."""

from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING
from weakref import WeakMethod

from remint.app.parts import Parts
from remint.core.ref import PRODUCTION, RefName, parse_ref
from remint.errors import Invalid

if TYPE_CHECKING:
    from remint.core.digest import Digest
    from remint.ports.usecases.identity import Identity
    from remint.ports.usecases.policies import Policies
    from remint.ports.usecases.principals import Principals
    from remint.ports.usecases.rights import Rights
    from remint.services.access import Access


class Callers(Parts):
    """The services that say who acts, and what they may do."""

    @property
    def protected(self) -> tuple[str, ...]:
        """Patterns of refs in `main` that only approved changes move; the ref of the policy in force is always one."""
        named = self._policy_ref
        return (*self.settings.texts("protected"), *([named.path] if named else []))

    @abstractmethod
    def _policy_text(self, digest: "Digest") -> str:
        """Return the text of a version of a policy."""

    @cached_property
    def _policy_ref(self) -> "RefName | None":
        text = self.settings.text("policy")
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
    def principals(self) -> "Principals":
        """Principals."""
        from remint.services.principals import PrincipalService

        return PrincipalService(self.catalog, self.keys, self.clock, self.access)
