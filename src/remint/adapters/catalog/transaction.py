"""One transaction: the records of every noun over one connection."""

from functools import cached_property

from sqlalchemy import Connection

from remint.adapters.catalog.artifacts import SqlArtifacts
from remint.adapters.catalog.budgets import SqlBudgets
from remint.adapters.catalog.changes import SqlChanges
from remint.adapters.catalog.entries import SqlEntries
from remint.adapters.catalog.erasures import SqlErasures
from remint.adapters.catalog.evidence import SqlEvidence
from remint.adapters.catalog.facts import SqlFacts
from remint.adapters.catalog.glass import SqlGlass
from remint.adapters.catalog.holds import SqlHolds
from remint.adapters.catalog.inventory import SqlInventory
from remint.adapters.catalog.log_segments import SqlLogSegments
from remint.adapters.catalog.origins import SqlOrigins
from remint.adapters.catalog.principals import SqlPrincipals
from remint.adapters.catalog.reach import SqlReach
from remint.adapters.catalog.recipes import SqlRecipes
from remint.adapters.catalog.refs import SqlRefs
from remint.adapters.catalog.requests import SqlRequests
from remint.adapters.catalog.runs import SqlRuns
from remint.adapters.catalog.secrets import SqlSecrets
from remint.adapters.catalog.teams import SqlIdentities, SqlTeams
from remint.adapters.catalog.tokens import SqlTokens
from remint.adapters.catalog.validations import SqlValidations
from remint.adapters.catalog.workspaces import SqlWorkspaces


class SqlTransaction:
    """The records, together (see ports.catalog.Transaction).

    Args:
        connection: in a transaction.
        writing: whether that may write.
    """

    def __init__(self, connection: Connection, *, writing: bool = True) -> None:
        self._connection = connection
        self.writing = writing

    @cached_property
    def artifacts(self) -> SqlArtifacts:
        """Artifacts."""
        return SqlArtifacts(self._connection)

    @cached_property
    def recipes(self) -> SqlRecipes:
        """Recipes."""
        return SqlRecipes(self._connection)

    @cached_property
    def runs(self) -> SqlRuns:
        """Runs."""
        return SqlRuns(self._connection)

    @cached_property
    def refs(self) -> SqlRefs:
        """Refs and their moves."""
        return SqlRefs(self._connection, self.workspaces)

    @cached_property
    def workspaces(self) -> SqlWorkspaces:
        """Workspaces."""
        return SqlWorkspaces(self._connection)

    @cached_property
    def entries(self) -> SqlEntries:
        """The audit log."""
        return SqlEntries(self._connection)

    @cached_property
    def principals(self) -> SqlPrincipals:
        """Principals."""
        return SqlPrincipals(self._connection)

    @cached_property
    def changes(self) -> SqlChanges:
        """Changes."""
        return SqlChanges(self._connection)

    @cached_property
    def evidence(self) -> SqlEvidence:
        """Signed evidence."""
        return SqlEvidence(self._connection)

    @cached_property
    def log_segments(self) -> SqlLogSegments:
        """Sealed usage logs."""
        return SqlLogSegments(self._connection)

    @cached_property
    def holds(self) -> SqlHolds:
        """Holds."""
        return SqlHolds(self._connection)

    @cached_property
    def erasures(self) -> SqlErasures:
        """Erasures."""
        return SqlErasures(self._connection)

    @cached_property
    def origins(self) -> SqlOrigins:
        """Where tables came from."""
        return SqlOrigins(self._connection)

    @cached_property
    def glass(self) -> SqlGlass:
        """Emergencies."""
        return SqlGlass(self._connection)

    @cached_property
    def reach(self) -> SqlReach:
        """All records at once."""
        return SqlReach(self._connection)

    @cached_property
    def facts(self) -> SqlFacts:
        """Facts about the installation."""
        return SqlFacts(self._connection)

    @cached_property
    def requests(self) -> SqlRequests:
        """Requests that were carried out once."""
        return SqlRequests(self._connection)

    @cached_property
    def secrets(self) -> SqlSecrets:
        """What was done with secrets."""
        return SqlSecrets(self._connection)

    @cached_property
    def teams(self) -> SqlTeams:
        """Teams."""
        return SqlTeams(self._connection)

    @cached_property
    def identities(self) -> SqlIdentities:
        """Whom issuers mean."""
        return SqlIdentities(self._connection)

    @cached_property
    def tokens(self) -> SqlTokens:
        """Tokens."""
        return SqlTokens(self._connection)

    @cached_property
    def budgets(self) -> SqlBudgets:
        """Budgets, what runs reserve in them, and what they are charged."""
        return SqlBudgets(self._connection)

    @cached_property
    def inventory(self) -> SqlInventory:
        """What the inventory says of refs."""
        return SqlInventory(self._connection)

    @cached_property
    def validations(self) -> SqlValidations:
        """Steps of validations."""
        return SqlValidations(self._connection)
