"""Starting a project: its first records."""

from dataclasses import dataclass

from remint.core.ids import uuid7
from remint.core.ref import PRODUCTION
from remint.core.workspace import Workspace
from remint.ports.catalog import Catalog
from remint.ports.clock import Clock
from remint.ports.usecases.principals import Principals
from remint.services.principals import PLATFORM

FORMAT = 2
"""The format of the store that a new project begins with (docs/format/store.md)."""


@dataclass(frozen=True)
class ProjectService:
    """Makes what every project has: production, the platform's own principal, and an owner."""

    catalog: Catalog
    principals: Principals
    clock: Clock

    def start(self, owner: str) -> None:
        """Make the first records of a project. Idempotent."""
        at_us = self.clock.now_us()
        with self.catalog.begin() as tx:
            tx.facts.set_once({"installation": uuid7(at_us, self.clock.entropy(8)), "format": FORMAT})
            tx.workspaces.add(Workspace(PRODUCTION, None, 0, PLATFORM, at_us))
        known = {principal.id for principal in self.principals.list()}
        if PLATFORM not in known:
            self.principals.create(None, PLATFORM, kind="service", roles=())
        if not known - {PLATFORM}:
            self.principals.create(None, owner, roles=("owner", "approver", "member"))
