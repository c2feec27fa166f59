"""Artifacts, recipes, workspaces, entries, principals, changes, evidence, log segments and facts, in every catalog."""

from dataclasses import replace

import pytest

from remint.core.artifact import Artifact, Kind, Part
from remint.core.change import PlannedMove, Step
from remint.core.digest import Digest
from remint.core.entry import Entry, Frontier, leaf_digest
from remint.core.ids import ChangeId, PrincipalId
from remint.core.log import first_bad
from remint.core.principal import Principal, PrincipalKind
from remint.core.recipe import Source
from remint.core.workspace import Workspace
from remint.errors import ArtifactNotFound, NotFound
from remint.ports.catalog import LogSegment
from tests.conformance.catalog.nouns import ANA, BO, DELAY, FLIGHTS, A, B, C, artifact, change, digest, evidence, recipe


class TestArtifacts:
    def test_an_artifact_comes_back_whole(self, tx):
        made = Artifact(
            digest("t"), Kind.TABLE, (Part("b", A, 3), Part("a", B, 2**40)), {"rows": 7, "schema": [["é", "int64"]], "x": None}
        )
        tx.artifacts.add(made, at_us=5)
        assert tx.artifacts.get(made.digest) == made

    def test_adding_again_writes_nothing(self, tx):
        assert tx.artifacts.add(artifact("new", n=1), at_us=0) is True
        assert tx.artifacts.add(artifact("new", n=2), at_us=9) is False
        assert tx.artifacts.get(digest("new")).facts == {"n": 1}

    def test_an_artifact_stored_anew_has_the_newest_parts(self, tx):
        made = artifact("t", rows=7)
        tx.artifacts.add(made, at_us=5)
        for number in (1, 2):
            tx.artifacts.store_anew(replace(made, parts=(Part("a", B, number),), facts={"rows": 7, "n": number}), at_us=6)
        tx.artifacts.store_anew(artifact("b", n=3), at_us=7)
        assert tx.artifacts.add(made, at_us=9) is False
        assert tx.artifacts.get(made.digest) == replace(made, parts=(Part("a", B, 2),), facts={"rows": 7, "n": 2})
        assert tx.artifacts.find(made.digest[:15]).parts == (Part("a", B, 2),)
        assert {one.digest: (len(one.parts), at_us) for one, at_us in tx.reach.artifacts()}[made.digest] == (1, 6)

    def test_an_artifact_that_is_not_recorded_cannot_be_stored_anew(self, catalog):
        with pytest.raises(NotFound), catalog.begin() as tx:
            tx.artifacts.store_anew(artifact("new"), at_us=0)

    def test_an_unknown_artifact_is_not_found(self, tx):
        with pytest.raises(ArtifactNotFound, match="no artifact of that digest"):
            tx.artifacts.get(digest("nothing"))

    @pytest.mark.parametrize("length", [15, 30, 67])
    def test_an_artifact_is_found_by_the_start_of_its_digest(self, tx, length):
        assert tx.artifacts.find(A[:length]).digest == A

    @pytest.mark.parametrize("prefix", ["", "b3:", A[:14], A[3:20], A[:15].upper(), "b3:%%%%%%%%%%%%", A + "0"])
    def test_what_is_not_the_start_of_a_digest_finds_nothing(self, tx, prefix):
        # "b3:" once found the only artifact there was.
        with pytest.raises(ArtifactNotFound, match="at least 12 digits"):
            tx.artifacts.find(prefix)

    def test_a_start_of_no_artifact_finds_nothing(self, tx):
        with pytest.raises(ArtifactNotFound, match="no artifact has it"):
            tx.artifacts.find(digest("nothing")[:15])

    def test_a_start_of_two_artifacts_finds_neither(self, tx):
        for last in "01":
            tx.artifacts.add(replace(artifact("x"), digest=Digest("b3:" + "f" * 63 + last)), at_us=0)
        with pytest.raises(ArtifactNotFound, match="more than one"):
            tx.artifacts.find("b3:" + "f" * 63)

    def test_the_last_digit_is_found_too(self, tx):
        tx.artifacts.add(replace(artifact("x"), digest=Digest("b3:" + "f" * 64)), at_us=0)
        assert tx.artifacts.find("b3:" + "f" * 12).digest == "b3:" + "f" * 64

    def test_known_are_those_that_are_recorded(self, tx):
        assert tx.artifacts.known([A, digest("nothing"), B, A]) == {A, B}

    def test_of_none_none_are_known(self, tx):
        assert tx.artifacts.known([]) == set()

    def test_known_takes_more_digests_than_a_statement_takes_values(self, tx):
        assert tx.artifacts.known([A, *(digest(n) for n in range(40_000))]) == {A}


class TestRecipes:
    def test_a_recipe_comes_back_whole(self, tx):
        made = replace(
            recipe(depth=6, name="é"), inputs={"x": Source(recipe=A, output="y")}, outputs={"b": "table", "a": "model"}
        )
        key = tx.recipes.add(made)
        assert (key, tx.recipes.get(key)) == (made.key(), made)
        assert list(tx.recipes.get(key).outputs) == ["b", "a"]

    def test_adding_again_gives_the_same_key(self, tx):
        assert tx.recipes.add(recipe()) == tx.recipes.add(recipe()) == recipe().key()

    def test_an_unknown_recipe_is_not_found(self, tx):
        with pytest.raises(NotFound, match="no recipe of that key"):
            tx.recipes.get(A)


class TestWorkspaces:
    def test_workspaces_come_back_oldest_first(self, tx):
        made = [Workspace("main", None, 0, ANA, 1), Workspace("b", "main", 7, BO, 2), Workspace("a", "b", 7, BO, 2)]
        assert [tx.workspaces.add(workspace) for workspace in made] == [True, True, True]
        assert tx.workspaces.all() == [made[0], made[2], made[1]]
        assert tx.workspaces.all(limit=1) == made[:1]
        assert tx.workspaces.get("b") == made[1]

    def test_a_name_is_taken_once(self, tx):
        tx.workspaces.add(Workspace("main", None, 0, ANA, 1))
        assert tx.workspaces.add(Workspace("main", None, 9, BO, 2)) is False
        assert tx.workspaces.get("main").owner == ANA

    def test_an_unknown_workspace_is_none(self, tx):
        assert tx.workspaces.get("nothing") is None


class TestEntries:
    def test_an_empty_log_has_the_empty_frontier(self, tx):
        assert (tx.entries.frontier(), tx.entries.leaves()) == (Frontier(), [])

    def test_entries_are_numbered_and_make_one_tree(self, tx):
        numbers = [tx.entries.append(Entry("ref:move", str(n), ANA, n, {"n": n})) for n in range(11)]
        leaves = tx.entries.leaves()
        assert numbers == list(range(1, 12))
        assert first_bad(leaves) is None
        frontier = Frontier()
        for leaf in leaves:
            frontier = frontier.appended(leaf_digest(leaf))
        assert tx.entries.frontier() == frontier

    def test_leaves_are_read_in_pages(self, tx):
        for n in range(5):
            tx.entries.append(Entry("ref:move", str(n), ANA, n))
        whole = tx.entries.leaves()
        assert tx.entries.leaves(limit=2) == whole[:2]
        assert tx.entries.leaves(after=2, limit=2) == whole[2:4]
        assert tx.entries.leaves(after=5) == []

    def test_an_entry_of_an_aborted_transaction_leaves_no_gap(self, catalog):
        def append_and_fail():
            with catalog.begin() as tx:
                tx.entries.append(Entry("ref:move", "lost", ANA, 0))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            append_and_fail()
        with catalog.begin() as tx:
            assert tx.entries.append(Entry("ref:move", "kept", ANA, 0)) == 1
            assert first_bad(tx.entries.leaves()) is None


class TestPrincipals:
    def test_principals_come_back_oldest_first(self, tx):
        made = [
            Principal(BO, PrincipalKind.PERSON, bytes(range(32)), frozenset({"approver", "member"}), 1),
            Principal(ANA, PrincipalKind.SERVICE, bytes(32), frozenset(), 2),
        ]
        assert [tx.principals.add(principal) for principal in made] == [True, True]
        assert tx.principals.all() == made
        assert tx.principals.all(limit=1) == made[:1]
        assert tx.principals.get(ANA) == made[1]

    def test_a_key_is_never_replaced(self, tx):
        tx.principals.add(Principal(ANA, PrincipalKind.PERSON, bytes(32), frozenset(), 1))
        assert tx.principals.add(Principal(ANA, PrincipalKind.PERSON, bytes([1] * 32), frozenset({"owner"}), 2)) is False
        assert tx.principals.get(ANA).public_key == bytes(32)

    def test_an_unknown_principal_is_none(self, tx):
        assert tx.principals.get(PrincipalId("nobody")) is None


class TestChanges:
    def test_changes_are_numbered_from_1(self, tx):
        assert [tx.changes.add(change()) for _ in range(3)] == ["1", "2", "3"]

    def test_a_change_comes_back_whole(self, tx):
        gates = ({"gate": "better", "by": "0.01"}, {"gate": "reproduced"})
        made = change(PlannedMove(FLIGHTS, None, C), PlannedMove(DELAY, A, B), gates=gates, run="r")
        number = tx.changes.add(made)
        steps = [Step("open", ANA, 1), Step("approve", BO, 2, "approver", "fine", b"\x00payload", b"\xff")]
        for step in steps:
            tx.changes.step(number, step)
        assert tx.changes.get(number) == replace(made, id=number, steps=tuple(steps))

    def test_a_change_without_gates_comes_back_equal(self, tx):
        # Its gates once came back as a list and so another change.
        number = tx.changes.add(change())
        assert tx.changes.get(number) == replace(change(), id=number)

    def test_a_change_without_moves_is_recorded(self, tx):
        number = tx.changes.add(replace(change(), moves=()))
        assert tx.changes.get(number).moves == ()

    def test_moves_come_back_sorted_by_ref(self, tx):
        moves = (PlannedMove(DELAY, A, B), PlannedMove(FLIGHTS, A, B))
        assert tx.changes.get(tx.changes.add(change(*moves))).moves == tuple(sorted(moves))

    def test_changes_are_listed_newest_first(self, tx):
        for _ in range(3):
            tx.changes.add(change())
        assert [found.id for found in tx.changes.newest()] == ["3", "2", "1"]
        assert [found.id for found in tx.changes.newest(limit=1)] == ["3"]

    def test_changes_are_listed_by_ref(self, tx):
        tx.changes.add(change(PlannedMove(DELAY, A, B)))
        tx.changes.add(change(PlannedMove(FLIGHTS, A, B)))
        tx.changes.add(change(PlannedMove(FLIGHTS, A, B), PlannedMove(DELAY, A, B)))
        assert [found.id for found in tx.changes.newest(ref=DELAY)] == ["3", "1"]
        assert tx.changes.newest(ref=DELAY.within("ana")) == []

    @pytest.mark.parametrize("number", ["0", "2", "", "one", "-1", "1.0", "٣", "9" * 19, "9" * 5000])
    def test_an_unknown_change_is_not_found(self, tx, number):
        # Numbers too large for SQL once ended in an internal error.
        tx.changes.add(change())
        with pytest.raises(NotFound, match="no change of that number"):
            tx.changes.get(ChangeId(number))

    def test_a_step_of_an_unknown_change_is_not_recorded(self, tx):
        with pytest.raises(NotFound, match="no change of that number"):
            tx.changes.step(ChangeId("1"), Step("merge", ANA, 0))


class TestEvidence:
    def test_evidence_comes_back_whole(self, tx):
        made = evidence(auc="0.71", rows=7)
        assert tx.evidence.add(made) is True
        assert tx.evidence.of(A) == [made]

    def test_the_same_evidence_is_recorded_once(self, tx):
        tx.evidence.add(evidence())
        assert tx.evidence.add(evidence()) is False

    def test_evidence_is_listed_newest_first(self, tx):
        made = [evidence(at_us=at_us) for at_us in (2, 3, 1)]
        for record in made:
            tx.evidence.add(record)
        assert [record.at_us for record in tx.evidence.of(A)] == [3, 2, 1]
        assert [record.at_us for record in tx.evidence.of(A, limit=2)] == [3, 2]

    def test_evidence_is_listed_by_subject_and_predicate(self, tx):
        made = [evidence(A, "evaluated"), evidence(A, "reproduced"), evidence(B, "evaluated")]
        for record in made:
            tx.evidence.add(record)
        assert tx.evidence.of(A, predicate="reproduced") == [made[1]]
        assert tx.evidence.of(B) == [made[2]]
        assert tx.evidence.of(C) == []


class TestLogSegments:
    def test_segments_are_found_by_the_ids_they_hold(self, tx):
        made = [
            LogSegment("delay", "10", "19", 9, A),
            LogSegment("delay", "20", "29", 9, B),
            LogSegment("other", "15", "25", 3, C),
        ]
        assert [tx.log_segments.add(segment) for segment in made] == [True, True, True]
        assert set(tx.log_segments.holding("15")) == {made[0], made[2]}
        assert list(tx.log_segments.holding("29")) == [made[1]]
        assert list(tx.log_segments.holding("30")) == []

    def test_segments_of_a_deployment_come_in_id_order(self, tx):
        made = [
            LogSegment("delay", "20", "29", 9, B),
            LogSegment("delay", "10", "19", 9, A),
            LogSegment("other", "0", "9", 3, C),
        ]
        for segment in made:
            tx.log_segments.add(segment)
        assert tx.log_segments.of("delay") == [made[1], made[0]]
        assert tx.log_segments.of("delay", limit=1) == [made[1]]

    def test_a_segment_is_recorded_once(self, tx):
        tx.log_segments.add(LogSegment("delay", "1", "2", 2, A))
        assert tx.log_segments.add(LogSegment("delay", "1", "3", 3, A)) is False


class TestFacts:
    def test_an_unknown_fact_is_none(self, tx):
        assert tx.facts.get("id") is None

    def test_what_stands_stays(self, tx):
        tx.facts.set_once({"id": "one", "format": 1})
        tx.facts.set_once({"id": "two", "other": "new"})
        assert [tx.facts.get(name) for name in ("id", "format", "other")] == ["one", "1", "new"]

    def test_no_facts_are_no_error(self, tx):
        # An empty mapping was once written as a row without a name.
        tx.facts.set_once({})
