"""What clients of a server carry and record."""

from functools import cached_property, partial
from typing import TYPE_CHECKING

from remint.app.inventory import Inventory

if TYPE_CHECKING:
    from remint.services.blobs import BlobService
    from remint.services.clientruns import ClientRuns
    from remint.services.readings import Readings


class Clients(Inventory):
    """The services of clients that work elsewhere."""

    @cached_property
    def _readings(self) -> "Readings":
        from remint.services.readings import Readings

        return Readings(self.catalog, self.clock)

    @cached_property
    def carrying(self) -> "BlobService":
        """The bytes of artifacts, to and from clients."""
        from remint.adapters.blobs.frames import FrameTaking
        from remint.services.blobs import BlobService

        parts = (self.catalog, self.blobs, self.artifacts, self.access, self.sight, self.clock)
        take = partial(FrameTaking, self.blobs, self.settings.state / "scratch")
        return BlobService(*parts, self._arrivals, take, self._readings)

    @cached_property
    def client_runs(self) -> "ClientRuns":
        """The records of runs, as clients see them."""
        from remint.services.clientruns import ClientRuns

        return ClientRuns(self.catalog, self.clock, self.sight, self.carrying, self.recording)
