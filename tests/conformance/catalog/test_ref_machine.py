"""Refs with forks of forks behave like a plain dict that a fork copies."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from remint.adapters.catalog.engine import SqlCatalog
from remint.core.ref import RefName, Selector
from remint.core.workspace import Workspace
from tests.conformance.catalog.nouns import ANA, A, B, C, D, artifact, move
from tests.support.postgres import empty

names = st.sampled_from([("data", "x"), ("data", "y"), ("model", "x")])
contents = st.sampled_from([A, B, C, D])


class Refs(RuleBasedStateMachine):
    """`seen` is the model: for each workspace what it sees, and the contents each of its own refs went through."""

    workspaces = Bundle("workspaces")
    place = None

    def __init__(self):
        super().__init__()
        if self.place is not None:
            empty(self.place)
        self.catalog = SqlCatalog(self.place)
        self.seen = {}
        self.own = {}
        self.order = 0

    @initialize(target=workspaces)
    def start(self):
        with self.catalog.begin() as tx:
            for name in "abcd":
                tx.artifacts.add(artifact(name), at_us=0)
            tx.workspaces.add(Workspace("main", None, 0, ANA, 0))
        self.seen["main"], self.own["main"] = {}, {}
        return multiple("main")

    @rule(target=workspaces, base=workspaces)
    def fork(self, base):
        name = f"w{len(self.seen)}"
        with self.catalog.begin() as tx:
            assert tx.workspaces.add(Workspace(name, base, tx.refs.order(), ANA, 0))
        self.seen[name], self.own[name] = dict(self.seen[base]), {}
        return name

    @rule(workspace=workspaces, name=names, new=contents)
    def move_from_what_is_seen(self, workspace, name, new):
        with self.catalog.begin() as tx:
            assert tx.refs.move(move(RefName(workspace, *name), self.seen[workspace].get(name), new))
        self.seen[workspace][name] = new
        self.own[workspace].setdefault(name, []).append(new)
        self.order += 1

    @rule(workspace=workspaces, name=names, old=st.none() | contents, new=contents)
    def move_from_what_is_guessed(self, workspace, name, old, new):
        if self.seen[workspace].get(name) == old:
            return
        with self.catalog.begin() as tx:
            assert not tx.refs.move(move(RefName(workspace, *name), old, new))

    @rule(workspace=workspaces, name=names, new=contents)
    def move_and_abort(self, workspace, name, new):
        try:
            with self.catalog.begin() as tx:
                tx.refs.move(move(RefName(workspace, *name), self.seen[workspace].get(name), new))
                raise ZeroDivisionError
        except ZeroDivisionError:
            pass

    @invariant()
    def every_workspace_sees_what_the_model_sees(self):
        with self.catalog.read() as tx:
            assert tx.refs.order() == self.order
            for workspace, model in self.seen.items():
                seen = tx.refs.seen_from(workspace)
                assert {(ref.name.kind, ref.name.name): ref.artifact for ref in seen} == model
                assert [ref.name.within("") for ref in seen] == sorted(ref.name.within("") for ref in seen)
                assert [tx.refs.get(ref.name) for ref in seen] == seen
                assert [tx.refs.log(ref.name, limit=1)[0].new for ref in seen] == [ref.artifact for ref in seen]

    @invariant()
    def every_number_means_the_same_for_ever(self):
        with self.catalog.read() as tx:
            for workspace, refs in self.own.items():
                for name, history in refs.items():
                    ref = RefName(workspace, *name)
                    selected = [tx.refs.select(ref, Selector(serial=n)).new for n in range(1, len(history) + 1)]
                    assert selected == history
                    assert tx.refs.get(ref).serial == len(history)

    def teardown(self):
        self.catalog.close()


Refs.TestCase.settings = settings(max_examples=settings.default.max_examples // 10, stateful_step_count=20)
TestRefs = Refs.TestCase


def test_refs_in_postgres_behave_so_too(in_postgres):
    class There(Refs):
        place = in_postgres

    run_state_machine_as_test(There, settings=settings(max_examples=10, stateful_step_count=20, deadline=None))
