"""Use cases of sight: what a caller that is bound to a sandbox may know of."""

from typing import Protocol

from remint.core.digest import Digest
from remint.ports.usecases.context import Context


class Sight(Protocol):
    """What is seen from a sandbox: main, the sandbox, and the workspaces it was forked from.

    For a caller that is not bound everything is. What is not seen is refused like what does not exist, and an entry of the log
    says that it was asked for.
    """

    def require_workspace(self, context: Context, name: str) -> None:
        """Refuse a workspace that is not there or not seen.

        Raises:
            NotFound: it is not.
        """
        ...

    def require_artifact(self, context: Context, digest: Digest, *, named: str = "") -> None:
        """Refuse an artifact that no ref there pointed at and no run there read or made.

        Args:
            context: who asks.
            digest: which artifact.
            named: the start of the digest that the caller gave, if it was not all of it.

        Raises:
            ArtifactNotFound: there is none.
        """
        ...

    def require_run(self, context: Context, run: str) -> None:
        """Refuse a run elsewhere.

        Raises:
            NotFound: it is none of those that are seen.
        """
        ...
