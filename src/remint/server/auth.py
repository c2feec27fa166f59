"""Who calls, and whether the route's action is allowed: the one gate in front of every route."""

from collections.abc import Mapping
from dataclasses import dataclass

from remint.app import App
from remint.core.ref import PRODUCTION, require_name
from remint.errors import Denied
from remint.ports.usecases.context import Context
from remint.server.routes import Row

WORKSPACE = "remint-workspace"


def secret_of(headers: Mapping[str, str]) -> str:
    """Return the secret that a request shows.

    Raises:
        Denied: rule `identity`: it shows none.
    """
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Denied(
            "nobody asked",
            why="rule identity: the request shows no token",
            next_step="send the header `Authorization: Bearer rmt_…`",
            rule="identity",
        )
    return secret.strip()


@dataclass(frozen=True)
class Gate:
    """Lets in who may do what a route does; what is refused is an entry of the audit log."""

    app: App

    def identify(self, secret: str, *, workspace: str) -> Context:
        """Return who shows a secret, and where it acts.

        Raises:
            InvalidName: the workspace is no name of one.
            Denied: rule `identity`.
        """
        return self.app.identity.identify(secret, workspace=require_name(workspace or PRODUCTION, what="workspace"))

    def admit(self, row: Row, context: Context, words: Mapping[str, str]) -> None:
        """Refuse what the caller may not do.

        Args:
            row: the route.
            context: who asks, and where.
            words: of the address that the route leaves open.

        Raises:
            Denied: with the rule that refused.
        """
        resource = row.named(words, context.workspace)
        self.app.access.check(context, row.action, resource, workspace=context.workspace)
