"""External models: registering them, and saying what they are wherever making again is asked for."""

from dataclasses import dataclass

from remint.core import canonical
from remint.core.artifact import Kind
from remint.core.digest import Digest
from remint.core.entry import Entry
from remint.core.external import FACT, SERVICE, Service, require_service
from remint.core.ref import Move, RefName, parse_ref
from remint.errors import Invalid
from remint.ports.blobs import Blobs
from remint.ports.catalog import Catalog, Transaction
from remint.ports.clock import Clock
from remint.ports.usecases.artifacts import Artifacts
from remint.ports.usecases.context import Context
from remint.ports.usecases.externals import Registered
from remint.services.access import Access
from remint.services.protection import require_unprotected
from remint.services.recording import record
from remint.services.refs import moved_meanwhile, require_workspace

MODEL = "model"
FILE = "definition.json"


@dataclass(frozen=True)
class ExternalService:
    """See ports.usecases.externals.Externals.

    Attributes:
        protected: patterns of refs in `main` that only approved changes move.
    """

    catalog: Catalog
    blobs: Blobs
    artifacts: Artifacts
    access: Access
    clock: Clock
    protected: tuple[str, ...]

    def register(self, context: Context, ref: str, service: Service) -> Registered:
        """Point a ref at the definition of a model that somebody else runs."""
        name = _model_ref(ref, context.workspace)
        require_service(service)
        next_step = f"register it in a sandbox (-w NAME), then `remint propose NAME:{name.path}`"
        require_unprotected(self.access, context, name, self.protected, next_step)
        self.access.check(context, "artifact:add", str(name), workspace=name.workspace)
        with self.blobs.adding():
            blob = self.blobs.put(canonical.dumps(canonical.encode_value(service.value())))
            facts = {FACT: SERVICE, "vendor": service.vendor}
            made = self.artifacts.keep(Kind.DEFINITION, [(FILE, blob)], facts).artifact
            self.blobs.flush()
            at_us = self.clock.now_us()
            with self.access.begin(context, "ref:move", str(name), workspace=name.workspace) as tx:
                require_workspace(tx, name.workspace)
                kept = record(tx.artifacts, self.blobs, made, at_us=at_us)
                moved = self._point(tx, context, name, made.digest, service, at_us)
        return Registered(kept, moved)

    @staticmethod
    def _point(tx: Transaction, context: Context, name: RefName, new: Digest, service: Service, at_us: int) -> bool:
        seen = tx.refs.get(name)
        old = seen.artifact if seen else None
        if old == new:
            return False
        reason = f"registered: {service.model} {service.version} of {service.vendor}"
        if not tx.refs.move(Move(name, 0, old, new, context.principal, at_us, reason)):
            raise moved_meanwhile(tx, name, old)
        tx.entries.append(Entry("ref:move", str(name), context.principal, at_us, {"from": old, "to": new}))
        return True


def _model_ref(text: str, workspace: str) -> RefName:
    name, selector = parse_ref(text, workspace=workspace)
    if name.kind != MODEL or selector is not None:
        raise Invalid(
            f"{text[:80]} was not registered",
            why="it is one version, and versions stay" if selector is not None else "an external model is a model",
            next_step=f"name a ref such as model/{name.name}",
        )
    return name


def external_words(tx: Transaction, digest: Digest) -> str:
    """Return why an artifact that no run made is external, in words; empty if nobody said that somebody else made it.

    It is if it is the definition of a service, or if the inventory names the vendor of a model that points at it, wherever.
    """
    found = tx.artifacts.get(digest)
    if found.kind is Kind.DEFINITION and found.facts.get(FACT) == SERVICE:
        return f"external: {found.facts.get('vendor')} runs it, and it cannot be made again here"
    for move in tx.refs.pointing(digest, limit=20):
        item = tx.inventory.get(move.name.path) if move.name.kind == MODEL else None
        if item is not None and item.vendor:
            return f"external: {item.vendor} made it, and it cannot be made again here"
    return ""
