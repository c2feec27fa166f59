"""Use cases of models that somebody else makes or runs."""

from dataclasses import dataclass
from typing import Protocol

from remint.core.artifact import Artifact
from remint.core.external import Service
from remint.ports.usecases.context import Context


@dataclass(frozen=True, slots=True)
class Registered:
    """A model that was registered.

    Attributes:
        moved: whether the ref pointed elsewhere before.
    """

    artifact: Artifact
    moved: bool


class Externals(Protocol):
    """Registering models that cannot be made again here."""

    def register(self, context: Context, ref: str, service: Service) -> Registered:
        """Point a ref at the definition of a model that somebody else runs.

        Args:
            context: who acts and where.
            ref: of the kind `model`; a protected one is moved by a change.
            service: what the vendor calls it, and where it is asked.

        Raises:
            Invalid: the ref is of another kind, or something of the service is missing or cannot be kept.
            Denied: the caller may not, or the ref is protected.
            RefMoved: somebody moved the ref at the same time.
        """
        ...
