"""A project that is attacked over HTTP, and what every attack is judged by."""

import contextlib
import itertools
import json
import sqlite3

import pytest

from remint.core.ids import PrincipalId
from remint.ports.usecases.context import Context
from tests.support.api import ProjectApi

SETTINGS = 'principal = "ana"\n[reviews."deployment/frozen"]\nfreeze = ["2000-01-01/2999-12-31"]\n'


class Fortress(ProjectApi):
    """ana owns the project, bo and cy approve, mo is a member; eve may read and nothing else.

    An attack is judged by three things: what was answered, that nothing changed, and what the audit log says of it. Its honest
    twin, the same request of somebody who may, succeeds.
    """

    def __init__(self, root):
        (root / "remint.toml").write_text(SETTINGS)
        super().__init__(root)
        roles = {"cy": ("approver", "member"), "mo": ("member",), "eve": ("viewer",)}
        for name, given in roles.items():
            self.app.principals.create(self.project.ana, name, roles=given)
            setattr(self, name, self.secret(Context(PrincipalId(name), "main")))
        self.numbers = itertools.count(1)

    def state(self):
        """Return everything that an attack could want to change."""
        with self.app.catalog.read() as tx:
            spaces = [one.name for one in tx.workspaces.all()]
            refs = [(str(ref.name), ref.artifact, ref.serial) for space in spaces for ref in tx.refs.seen_from(space)]
            changes = [(change.id, [(step.action, step.by) for step in change.steps]) for change in tx.changes.newest()]
            principals = [(one.id, sorted(one.roles), one.left_us) for one in tx.principals.all()]
            tokens = [(token.number, token.revoked_us) for token in tx.tokens.newest()]
            kept = sorted(artifact.digest for artifact, _ in tx.reach.artifacts())
            return refs, changes, principals, tokens, tx.budgets.balances(), kept

    def log(self, after=0):
        with self.app.catalog.read() as tx:
            return [json.loads(leaf) for leaf in tx.entries.leaves(after=after)]

    @contextlib.contextmanager
    def repelled(self, *rules, action=None):
        """Judge an attack: nothing changed, and the log tells of each refusal with its rule, or of nothing if no rule is given.

        Args:
            rules: of the refusals, in order.
            action: of the entries; any if not given.
        """
        before, size = self.state(), len(self.log())
        yield
        assert self.state() == before
        new = self.log(after=size)
        told = [(entry["decision"], entry["facts"].get("rule", "")) for entry in new]
        assert told == [("deny", rule) for rule in rules], new
        assert action is None or {entry["action"] for entry in new} == {action}

    def model(self):
        """Keep a model and return its digest."""
        number = next(self.numbers)
        return self.project.keep(self.project.fit(number), number)

    def propose(self, *refs, token=None):
        answer = self.ask("POST", "/changes", token, json={"refs": list(refs)})
        assert answer.status_code == 201, answer.text
        return answer.json()["change"]["id"]

    def act(self, change, verb, token=None, **body):
        return self.ask("POST", f"/changes/{change}/{verb}", token, json=body)

    def approved(self, *refs):
        """Propose as ana and approve as bo."""
        change = self.propose(*refs)
        assert self.act(change, "approve", self.bo).status_code == 200
        return change

    def edit(self, *statements):
        """Edit the database as somebody who may write its file, past every trigger."""
        with contextlib.closing(sqlite3.connect(self.project.root / ".remint" / "catalog.db")) as database, database:
            triggers = database.execute("select name, sql from sqlite_master where type = 'trigger'").fetchall()
            for name, _ in triggers:
                database.execute(f"drop trigger {name}")
            for statement in statements:
                database.execute(statement)
            for _, sql in triggers:
                database.execute(sql)


@pytest.fixture(scope="module")
def fort(tmp_path_factory):
    made = Fortress(tmp_path_factory.mktemp("fort"))
    yield made
    made.close()


@pytest.fixture
def own_fort(tmp_path):
    """A project of one test's own, which may be left broken."""
    made = Fortress(tmp_path)
    yield made
    made.close()
