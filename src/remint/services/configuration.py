"""Configuration: recording settings, and comparing with what was recorded."""

from dataclasses import dataclass

from remint.core import canonical
from remint.core.artifact import Kind
from remint.core.entry import Entry
from remint.core.governing import RECORDED
from remint.ports.blobs import Blobs
from remint.ports.catalog import Catalog
from remint.ports.clock import Clock
from remint.ports.usecases.artifacts import Artifacts
from remint.ports.usecases.changes import Changes, Review
from remint.ports.usecases.configuration import Compared
from remint.ports.usecases.context import Context
from remint.services.access import Access
from remint.services.recorded import RecordedSettings
from remint.services.recording import record


@dataclass(frozen=True)
class ConfigurationService:
    """See ports.usecases.configuration.Configuration."""

    catalog: Catalog
    blobs: Blobs
    artifacts: Artifacts
    access: Access
    clock: Clock
    changes: Changes
    recorded: RecordedSettings

    def compare(self) -> Compared:
        """Return how the settings in force depart from those recorded."""
        with self.catalog.read() as tx:
            return Compared(tx.refs.get(RECORDED), self.recorded.now, self.recorded.departures(tx))

    def propose(self, context: Context, *, title: str = "") -> Review:
        """Keep the shared settings in force and open a change that records them."""
        self.access.check(context, "change:open", str(RECORDED))
        with self.blobs.adding():
            blob = self.blobs.put(canonical.dumps(canonical.encode_value(dict(self.recorded.now))))
            made = self.artifacts.keep(Kind.VALUE, [("value.json", blob)], {}).artifact
            self.blobs.flush()
            at_us, resource = self.clock.now_us(), f"artifact {made.digest}"
            with self.access.begin(context, "artifact:add", resource, workspace=context.workspace) as tx:
                tx.entries.append(
                    Entry("artifact:add", resource, context.principal, at_us, {"settings": len(self.recorded.now)})
                )
                record(tx.artifacts, self.blobs, made, at_us=at_us)
        return self.changes.propose(context, [f"{RECORDED.path}={made.digest}"], title=title or "record the settings in force")
