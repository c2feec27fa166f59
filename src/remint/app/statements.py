"""What is signed about artifacts: evidence, validations, and whether tables keep their contracts."""

from abc import abstractmethod
from functools import cached_property, partial
from typing import TYPE_CHECKING

from remint.app.clients import Clients

if TYPE_CHECKING:
    from remint.ports.usecases.attestations import Attestations
    from remint.ports.usecases.contents import Contents
    from remint.ports.usecases.contracts import Contracts
    from remint.ports.usecases.refs import Refs
    from remint.ports.usecases.validations import Validations
    from remint.services.contracts import ContractService
    from remint.services.evidence import EvidenceService


class Statements(Clients):
    """The services that sign what was found of artifacts."""

    @property
    @abstractmethod
    def refs(self) -> "Refs":
        """Refs."""

    @property
    @abstractmethod
    def contents(self) -> "Contents":
        """The files of artifacts, one by one."""

    @cached_property
    def _evidence(self) -> "EvidenceService":
        from remint.core.attestation import parse_keys
        from remint.services.evidence import EvidenceService

        is_reviewed = partial(self.git.contains, self.settings.root)
        return EvidenceService(self.keys, self.clock, is_reviewed, parse_keys(self.settings.table("keys")))

    @cached_property
    def attestations(self) -> "Attestations":
        """What is signed about artifacts."""
        from remint.services.attestations import AttestationService

        parts = (self.catalog, self.access, self.artifacts, self.contents, self.blobs)
        return AttestationService(*parts, self._evidence, self.clock)

    @cached_property
    def validations(self) -> "Validations":
        """Validations."""
        from remint.services.validations import ValidationService

        return ValidationService(self.catalog, self.access, self.artifacts, self._evidence, self.keys, self.clock)

    @cached_property
    def contracts(self) -> "Contracts":
        """Data contracts."""
        return self._contracts

    @cached_property
    def _contracts(self) -> "ContractService":
        from remint.services.contracts import ContractService

        parts = (self.catalog, self.artifacts, self.refs, self.tables, self.access)
        return ContractService(*parts, self._evidence, self._definitions)
