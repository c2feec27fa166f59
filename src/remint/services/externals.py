"""External models: registering them, and saying what they are wherever making again is asked for."""

from dataclasses import dataclass

from remint.core import canonical
from remint.core.artifact import Kind
from remint.core.digest import Digest
from remint.core.external import FACT, SERVICE, Service, require_service
from remint.ports.catalog import Transaction
from remint.ports.usecases.context import Context
from remint.ports.usecases.externals import Registered
from remint.services.definitions import Definition, DefinitionService, ref_of_kind

MODEL = "model"


@dataclass(frozen=True)
class ExternalService:
    """See ports.usecases.externals.Externals."""

    definitions: DefinitionService

    def register(self, context: Context, ref: str, service: Service) -> Registered:
        """Point a ref at the definition of a model that somebody else runs."""
        name = ref_of_kind(ref, MODEL, workspace=context.workspace)
        require_service(service)
        content = canonical.dumps(canonical.encode_value(service.value()))
        facts = {FACT: SERVICE, "vendor": service.vendor}
        reason = f"registered: {service.model} {service.version} of {service.vendor}"
        return Registered(*self.definitions.set(context, name, Definition("definition.json", content, facts, reason)))


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
