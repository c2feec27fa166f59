"""Who answers for what, and what follows from it."""

from functools import cached_property
from typing import TYPE_CHECKING

from remint.app.costs import Costs

if TYPE_CHECKING:
    from remint.ports.usecases.externals import Externals
    from remint.ports.usecases.inventory import Inventories
    from remint.services.definitions import DefinitionService
    from remint.services.owners import Owners


class Inventory(Costs):
    """The services of the inventory."""

    @cached_property
    def _owners(self) -> "Owners":
        from remint.core.inventory import parse_standards
        from remint.services.owners import Owners

        settings = self.settings
        default = {role: int(count) for role, count in settings.table("approvals").items()}
        return Owners(settings.texts("owners_required"), parse_standards(settings.table("materiality"), default=default))

    @cached_property
    def inventory(self) -> "Inventories":
        """The inventory."""
        from remint.services.inventory import InventoryService

        return InventoryService(self.catalog, self.access, self.clock, self._owners)

    @cached_property
    def externals(self) -> "Externals":
        """Models that somebody else makes or runs."""
        from remint.services.externals import ExternalService

        return ExternalService(self._definitions)

    @cached_property
    def _definitions(self) -> "DefinitionService":
        from remint.services.definitions import DefinitionService

        return DefinitionService(self.blobs, self.artifacts, self.access, self.clock, self.protected)
