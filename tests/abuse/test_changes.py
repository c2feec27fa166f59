"""Attacks on approval (cases 3 to 10, 12 to 15): who approves, what is approved, and ways round it.

The numbers are those of the list of abuse cases in docs/design/abuse-cases.md.
"""

import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from remint.core.ids import PrincipalId
from remint.ports.usecases.context import Context
from tests.support.policies import ALLOW_ALL
from tests.support.projects import alter


def test_03_who_made_it_does_not_approve_it(fort):
    """The proposer, a service that she owns, and somebody who made only what it was made of."""
    fort.app.principals.create(fort.project.ana, "robot", kind="service", roles=("approver",))
    robot = fort.ask("POST", "/tokens", json={"about": "x", "days": 1, "owner": "robot"}).json()["secret"]
    fort.app.principals.grant(fort.project.ana, "ana", "approver")
    change = fort.propose(f"model/x3={fort.model()}")
    with fort.repelled("four-eyes", "approvers-only", action="change:approve"):
        for token in (fort.ana, robot):
            assert fort.act(change, "approve", token).status_code == 403
    with fort.repelled("approvals", action="change:merge"):
        assert fort.act(change, "merge").status_code == 403
    assert fort.act(change, "approve", fort.bo).status_code == 200


def test_04_one_person_counts_once_whatever_she_shows(fort):
    second = fort.secret(Context(PrincipalId("bo"), "main"))
    (fort.project.root / "remint.toml").write_text('principal = "ana"\n[reviews."data/four"]\napprovals = { approver = 2 }\n')
    change = fort.propose(f"model/x4={fort.model()}")
    assert fort.act(change, "approve", fort.bo).status_code == 200
    size = len(fort.log())
    fort.act(change, "approve", second)
    approvals = [
        step for step in fort.ask("GET", f"/changes/{change}").json()["change"]["steps"] if step["action"] == "approve"
    ]
    given = {(step["by"], step["role"]) for step in approvals}
    assert given == {("bo", "approver")}
    assert all(entry["by"] == "bo" for entry in fort.log(after=size))


def test_05_an_approver_who_puts_something_else_there_is_its_author(fort):
    place = fort.project.root / "new.txt"
    place.write_text("other content")
    fort.app.refs.fork(fort.project.bo, "of-bo")
    new = fort.app.artifacts.add(Context(PrincipalId("bo"), "of-bo"), "of-bo:data/x5", place).artifact.digest
    change = fort.propose(f"model/x5={new}", token=fort.bo)
    with fort.repelled("four-eyes", action="change:approve"):
        assert fort.act(change, "approve", fort.bo).status_code == 403
    assert fort.act(change, "approve", fort.cy).status_code == 200


def test_06_what_was_altered_after_its_approval_is_not_merged(fort):
    digest = fort.model()
    change = fort.approved(f"model/x6={digest}")
    part = fort.app.artifacts.get(digest).parts[0].path
    place = fort.project.blob_of(digest, part)
    kept = shutil.copy(place, fort.project.root / "kept")
    alter(place)
    with fort.repelled():
        answer = fort.act(change, "merge")
        assert (answer.status_code, answer.json()["code"]) == (500, "blob-altered")
    place.chmod(0o644)
    shutil.copy(kept, place)
    assert fort.act(change, "merge").status_code == 200


def test_07_an_approval_of_one_digest_moves_no_other(fort):
    first, second = fort.approved(f"model/x7={fort.model()}"), fort.approved(f"model/x7={fort.model()}")
    assert fort.act(second, "merge").status_code == 200
    with fort.repelled():
        answer = fort.act(first, "merge")
        assert (answer.status_code, answer.json()["code"]) == (412, "ref-moved")
    assert fort.ask("GET", f"/changes/{first}").json()["state"] == "stale"


def test_08_an_approval_copied_to_another_change_does_not_count(own_fort):
    fort = own_fort
    good, other = fort.approved(f"model/x8={fort.model()}"), fort.propose(f"model/y8={fort.model()}")
    columns = "action, by, at_us, role, note, payload, signature"
    fort.edit(
        f"insert into change_steps (change, position, {columns}) select {other}, 2, {columns} from change_steps "
        f"where change = {good} and action = 'approve'"
    )
    with fort.repelled("approvals", action="change:merge"):
        assert fort.act(other, "merge").status_code == 403
    assert fort.act(good, "merge").status_code == 200


def test_09_of_two_merges_at_once_one_wins(fort):
    changes = [fort.approved(f"model/x9={fort.model()}") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda change: fort.act(change, "merge").status_code, changes))
    assert sorted(answers) == [200, 412, 412, 412]
    won = changes[answers.index(200)]
    moved = fort.ask("GET", f"/changes/{won}").json()["change"]["moves"][0]["new"]
    assert fort.ask("GET", "/refs/model/x9").json()["artifact"] == moved
    assert sum(entry["resource"] == "main:model/x9" for entry in fort.entries("ref:move")) == 1


def test_12_a_policy_is_weakened_only_by_the_rules_it_sets(own_fort):
    fort = own_fort
    strict = (
        ALLOW_ALL
        + '@id("no-opening") forbid (principal, action == Action::"change:merge", resource) '
        + ('when { context.paths.contains("model/x12") };\n')
    )
    fort.app.refs.fork(fort.project.ana, "draft")
    place = fort.project.root / "policy.cedar"
    for text, name in ((strict, "strict"), (ALLOW_ALL, "open")):
        place.write_text(text)
        fort.app.artifacts.add(Context(PrincipalId("ana"), "draft"), "draft:policy/main", place, again=True)
        if name == "strict":
            assert fort.act(fort.approved("draft:policy/main"), "merge").status_code == 200
    weak = fort.ask("GET", "/refs/policy/main", headers={"Remint-Workspace": "draft"}).json()["artifact"]
    model = fort.model()
    both = fort.approved(f"policy/main={weak}", f"model/x12={model}")
    with fort.repelled("policy:no-opening", action="change:merge"):
        assert fort.act(both, "merge").status_code == 403
    assert fort.act(fort.approved(f"policy/main={weak}"), "merge").status_code == 200
    assert fort.act(fort.approved(f"model/x12={model}"), "merge").status_code == 200


def test_13_nothing_is_merged_in_a_freeze(fort):
    change = fort.approved(f"deployment/frozen={fort.model()}")
    with fort.repelled("frozen", action="change:merge"):
        assert fort.act(change, "merge").status_code == 403
    assert fort.act(fort.approved(f"deployment/thawed={fort.model()}"), "merge").status_code == 200


def test_14_an_emergency_has_a_reason_and_two_persons(fort):
    glass = fort.app.glasses
    for name in ("gus", "hal"):
        if name not in {one.id for one in fort.app.principals.list()}:
            fort.app.principals.create(fort.project.ana, name, roles=("member", "glass"))
    gus, hal, mo = (Context(PrincipalId(name), "main") for name in ("gus", "hal", "mo"))
    change = fort.propose(f"model/x14={fort.model()}")
    with fort.repelled("role", "role"):
        for who in (mo, fort.project.bo):
            with pytest.raises(Exception, match="rule role"):
                glass.open(who, ["model/x14"], reason="it fails", ttl="1h")
    with fort.repelled(), pytest.raises(Exception, match="a reason"):
        glass.open(gus, ["model/x14"], reason=" ", ttl="1h")
    number = glass.open(gus, ["model/x14"], reason="it fails", ttl="1h").number
    with fort.repelled("four-eyes", "glass"):
        with pytest.raises(Exception, match="four-eyes"):
            glass.confirm(gus, number)
        with pytest.raises(Exception, match="no second principal"):
            fort.app.changes.merge(gus, change, glass=number)
    glass.confirm(hal, number)
    assert fort.app.changes.merge(gus, change, glass=number)


def test_15_no_other_way_moves_a_protected_ref(fort):
    first, second = fort.model(), fort.model()
    fort.act(fort.approved(f"model/x15={first}"), "merge")
    move = {"to": second, "reason": "x"}
    with fort.repelled("protected-ref", "protected-ref", "protected-ref", action="ref:move"):
        assert fort.ask("PUT", "/refs/model/x15", json=move, headers={"If-Match": f'"{first}"'}).status_code == 403
        assert fort.ask("PUT", "/refs/model/new15", json=move, headers={"If-None-Match": "*"}).status_code == 403
        assert fort.ask("PUT", "/refs/policy/main", json=move, headers={"If-None-Match": "*"}).status_code == 403
    fort.act(fort.approved(f"model/x15={second}"), "merge")
    with fort.repelled("role", action="change:merge"), pytest.raises(Exception, match="rule role"):
        fort.app.roll_backs.roll_back(Context(PrincipalId("eve"), "main"), "model/x15")
    fort.app.roll_backs.roll_back(fort.project.ana, "model/x15")
    sandbox = {"Remint-Workspace": "try15"}
    fort.ask("POST", "/workspaces", json={"name": "try15"})
    moved = fort.ask("PUT", "/refs/model/x15", json=move, headers={**sandbox, "If-Match": f'"{first}"'})
    assert moved.status_code == 200
    assert fort.ask("GET", "/refs/model/x15").json()["artifact"] == first
