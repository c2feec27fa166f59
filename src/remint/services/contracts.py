"""Data contracts: setting and showing them, and checking tables against them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from remint.core.artifact import Artifact, Kind
from remint.core.contract import Contract
from remint.core.digest import Digest
from remint.core.keeping import CHECKED, FACT, TOLD, drafted, told
from remint.core.ref import PRODUCTION, RefName, parse_ref
from remint.errors import Invalid
from remint.ports.catalog import Catalog, Transaction
from remint.ports.tables import Tables
from remint.ports.usecases.artifacts import Artifacts
from remint.ports.usecases.context import Context
from remint.ports.usecases.contracts import Checked, Set
from remint.ports.usecases.refs import Refs
from remint.services.access import Access
from remint.services.definitions import Definition, DefinitionService, ref_of_kind
from remint.services.evidence import EvidenceService

FILE = "contract.json"


@dataclass(frozen=True)
class ContractService:
    """See ports.usecases.contracts.Contracts."""

    catalog: Catalog
    artifacts: Artifacts
    refs: Refs
    tables: Tables
    access: Access
    evidence: EvidenceService
    definitions: DefinitionService

    def draft(self, context: Context, table: str, *, key: Sequence[str] = (), time: str = "") -> Contract:
        """Return a contract that says what can be seen of a table."""
        artifact = self._table(context, table)
        files = [place for _, place in self.artifacts.files(artifact.digest)]
        types, nullable = self.tables.columns(files)
        return drafted(types, nullable, key=key, time=time)

    def set(self, context: Context, ref: str, content: bytes) -> Set:
        """Point a ref at a contract."""
        name = ref_of_kind(ref, FACT, workspace=context.workspace)
        contract = Contract.from_json(content)
        facts = {FACT: len(contract.columns)}
        return Set(*self.definitions.set(context, name, Definition(FILE, contract.to_json(), facts, "a contract was set")))

    def show(self, context: Context, ref: str) -> Contract:
        """Return the contract that a ref or a version of one means."""
        return self._contract(self.refs.artifact(context, ref))

    def check(self, context: Context, table: str, contract: str) -> Checked:
        """Check a table against a contract and sign what was found."""
        found = self._checked(self._table(context, table), self.refs.artifact(context, contract))
        resource = f"artifact {found.table}"
        with self.access.begin(context, "evidence:sign", resource, workspace=context.workspace) as tx:
            self._sign(tx, found)
        return found

    def check_proposed(self, moves: Sequence[tuple[Digest, Sequence[str]]]) -> Callable[[Transaction], None]:
        """Check proposed tables against contracts in main; return what signs what was found.

        Args:
            moves: each artifact, with the refs of the contracts that gates of its move name. What is no table, or whose
                contract is not there or no contract, is left to the gate.
        """
        found = []
        for digest, names in moves:
            with self.catalog.read() as tx:
                artifact = tx.artifacts.get(digest)
                wanted = [ref.artifact for name in names if (ref := tx.refs.get(_in_main(name))) is not None]
                known = {one.facts.get(FACT) for one in self.evidence.trusted(tx, digest, CHECKED)}
                contracts = [tx.artifacts.get(one) for one in wanted if one not in known]
            if artifact.kind is Kind.TABLE:
                found += [self._checked(artifact, one) for one in contracts if _is_contract(one)]

        def sign(tx: Transaction) -> None:
            for one in found:
                self._sign(tx, one)

        return sign

    def _checked(self, table: Artifact, contract: Artifact) -> Checked:
        rules = self._contract(contract)
        files = [place for _, place in self.artifacts.files(table.digest)]
        rows, violations = self.tables.violations(files, rules)
        records = [one.to_record() for one in violations[:TOLD]]
        return Checked(table.digest, contract.digest, rows, records, told(violations))

    def _sign(self, tx: Transaction, found: Checked) -> None:
        facts = {FACT: found.contract, "rows": found.rows, "broken": list(found.broken)}
        self.evidence.sign(tx, found.table, CHECKED, facts)

    def _table(self, context: Context, text: str) -> Artifact:
        artifact = self.refs.artifact(context, text)
        self.access.check(context, "artifact:read", f"artifact {artifact.digest}")
        if artifact.kind is not Kind.TABLE:
            raise Invalid(
                f"{text[:80]} has no contract",
                why=f"it is {artifact.kind.noun}, not a table",
                next_step="name the ref of a table",
            )
        return artifact

    def _contract(self, artifact: Artifact) -> Contract:
        if not _is_contract(artifact):
            raise Invalid(
                f"{artifact.digest.short} is no contract",
                why=f"it is {artifact.kind.noun}",
                next_step="name a ref such as contract/orders; make one: `remint contracts set`",
            )
        _, place = self.artifacts.files(artifact.digest)[0]
        return Contract.from_json(place.read_bytes())


def _is_contract(artifact: Artifact) -> bool:
    return artifact.kind is Kind.DEFINITION and FACT in artifact.facts


def _in_main(path: str) -> RefName:
    return parse_ref(path, workspace=PRODUCTION)[0]
