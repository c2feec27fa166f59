"""What runs may use, what it costs, and who pays."""

from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING

from remint.app.callers import Callers

if TYPE_CHECKING:
    from remint.core.price import Prices
    from remint.ports.usecases.artifacts import Artifacts
    from remint.ports.usecases.budgets import Budgets, CostReports
    from remint.services.metering import Metering
    from remint.services.recordings import RecordingService


class Costs(Callers):
    """The services of budgets and costs."""

    @property
    @abstractmethod
    def artifacts(self) -> "Artifacts":
        """Artifacts."""

    @cached_property
    def prices(self) -> "Prices | None":
        """The price table; None where nothing has a price."""
        from remint.core.price import parse_prices

        return parse_prices(self.settings.table("prices"))

    @cached_property
    def _metering(self) -> "Metering":
        from remint.core.isolation import require_level
        from remint.core.profile import parse_profiles
        from remint.services.metering import Metering

        settings = self.settings
        profiles = parse_profiles(settings.table("profiles"))
        named = (settings.text("profile"), settings.text("budget"))
        isolation = [require_level(settings.number(name), setting=name) for name in ("isolation", "sandbox_isolation")]
        parts = (self.clock, self.access, profiles, *named, self.prices)
        return Metering(*parts, stops=not self._inline, isolation=(isolation[0], isolation[1]))

    @cached_property
    def recording(self) -> "RecordingService":
        """The records of runs, as whoever carries out steps sees them."""
        from remint.services.recordings import RecordingService

        parts = (self.catalog, self.blobs, self.artifacts, self.clock, self.access, self._metering, self.secrets)
        return RecordingService(*parts, self.protected)

    @cached_property
    def budgets(self) -> "Budgets":
        """Budgets."""
        from remint.services.budgets import BudgetService

        return BudgetService(self.catalog, self.clock, self.access, self._metering)

    @cached_property
    def costs(self) -> "CostReports":
        """What was spent and saved, and by whom."""
        from remint.services.costs import CostService

        return CostService(self.catalog)
