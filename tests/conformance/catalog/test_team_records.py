"""Teams and identities that others vouch for, in every catalog."""

import pytest

from remint.core.digest import digest_bytes
from remint.core.ids import PrincipalId
from remint.core.principal import GRANT, LEAVE, REVOKE, Membership, Principal, PrincipalKind, RoleChange
from remint.core.team import JOIN, PART, Team, TeamChange
from remint.core.token import Token
from remint.core.vouched import Link
from remint.errors import NotFound

ANA, BO = PrincipalId("ana"), PrincipalId("bo")
ISSUER = "https://login.example.org"


@pytest.fixture(autouse=True)
def people(catalog):
    with catalog.begin() as tx:
        tx.principals.add(Principal(ANA, PrincipalKind.PERSON, bytes(32), frozenset({"owner"}), 1))
        tx.principals.add(Principal(BO, PrincipalKind.PERSON, bytes(32), frozenset({"member"}), 2))
        tx.teams.add(Team("risk", "looks at risks", ANA, 3))


def change(verb, word, at_us, source="", team="risk"):
    principal = PrincipalId(word) if verb in {JOIN, PART} else None
    return TeamChange(team, verb, principal, "" if principal else word, source, ANA, at_us)


class TestTeams:
    def test_a_name_is_taken_once(self, tx):
        assert not tx.teams.add(Team("risk", "another", BO, 4))
        assert tx.teams.get("risk").about == "looks at risks"

    def test_a_team_comes_back_with_its_roles_and_members(self, tx):
        for one in (change(GRANT, "approver", 4), change(JOIN, "bo", 5), change(JOIN, "bo", 6, ISSUER)):
            tx.teams.change(one)
        assert tx.teams.get("risk") == Team("risk", "looks at risks", ANA, 3, frozenset({"approver"}), {BO: ("", ISSUER)})
        assert tx.teams.all() == [tx.teams.get("risk")]

    def test_a_team_that_was_never_made_is_none(self, tx):
        assert tx.teams.get("legal") is None

    def test_changes_come_back_oldest_first(self, tx):
        made = [change(JOIN, "bo", 5), change(GRANT, "approver", 4), change(PART, "bo", 6)]
        for one in made:
            tx.teams.change(one)
        assert tx.teams.changes() == made

    def test_changes_of_a_principal_leave_out_other_members_and_teams(self, tx):
        tx.teams.add(Team("legal", "", ANA, 3))
        made = [
            change(JOIN, "bo", 5),
            change(JOIN, "ana", 5),
            change(GRANT, "approver", 5),
            change(GRANT, "x", 5, team="legal"),
        ]
        for one in made:
            tx.teams.change(one)
        assert tx.teams.changes(of=BO) == [made[0], made[2]]

    def test_a_team_or_a_principal_that_was_never_made_is_not_changed(self, catalog):
        with pytest.raises(NotFound), catalog.begin() as tx:
            tx.teams.change(change(JOIN, "bo", 5, team="legal"))
        with pytest.raises(NotFound), catalog.begin() as tx:
            tx.teams.change(change(JOIN, "dee", 5))


class TestRolesOfMembers:
    def test_a_member_has_the_roles_of_its_team_beside_its_own(self, tx):
        tx.teams.change(change(GRANT, "approver", 4))
        tx.teams.change(change(JOIN, "bo", 5))
        found = tx.principals.get(BO)
        assert (found.roles, found.own_roles) == ({"member", "approver"}, {"member"})
        assert found.teams == (Membership("risk", frozenset({"approver"})),)
        assert [one.roles for one in tx.principals.all()] == [{"owner"}, {"member", "approver"}]

    def test_the_roles_of_a_time_are_those_of_the_teams_of_that_time(self, tx):
        steps = [change(JOIN, "bo", 5), change(GRANT, "approver", 6), change(REVOKE, "approver", 7), change(GRANT, "risk", 8)]
        for one in (*steps, change(PART, "bo", 9)):
            tx.teams.change(one)
        found = [tx.principals.get(BO, at_us=at_us).roles - {"member"} for at_us in range(4, 10)]
        assert found == [set(), set(), {"approver"}, set(), {"risk"}, set()]

    def test_who_is_in_by_two_sources_stays_until_both_say_otherwise(self, tx):
        tx.teams.change(change(GRANT, "approver", 4))
        for one in (change(JOIN, "bo", 5), change(JOIN, "bo", 5, ISSUER), change(PART, "bo", 6)):
            tx.teams.change(one)
        assert tx.principals.get(BO).roles == {"member", "approver"}
        tx.teams.change(change(PART, "bo", 7, ISSUER))
        assert tx.principals.get(BO).roles == {"member"}

    def test_one_who_left_has_no_role_of_a_team(self, tx):
        tx.teams.change(change(GRANT, "approver", 4))
        tx.teams.change(change(JOIN, "bo", 5))
        tx.principals.change(RoleChange(BO, LEAVE, "", ANA, 6))
        assert tx.principals.get(BO).roles == frozenset()
        assert tx.principals.get(BO, at_us=5).roles == {"member", "approver"}


class TestIdentities:
    def test_an_issuer_means_one_principal_by_a_subject(self, tx):
        link = Link(ISSUER, "248289", BO, ANA, 5)
        assert tx.identities.link(link)
        assert not tx.identities.link(Link(ISSUER, "248289", ANA, ANA, 6))
        assert (tx.identities.holder(ISSUER, "248289"), tx.identities.all(of=BO)) == (BO, [link])

    def test_the_same_subject_of_another_issuer_is_another_identity(self, tx):
        tx.identities.link(Link(ISSUER, "248289", BO, ANA, 5))
        assert tx.identities.holder(f"{ISSUER}/", "248289") is None

    def test_a_proof_is_spent_once(self, tx):
        token = tx.tokens.add(Token(0, ANA, "ci", frozenset({"read"}), None, 1, 9), digest_bytes(b"secret"))
        proof = digest_bytes(b"proof")
        assert [tx.identities.spend(proof, token=token, at_us=2) for _ in range(2)] == [True, False]
        assert tx.identities.spent() == [(proof, token)]


def test_roles_follow_from_every_change_however_many_there_are(tx):
    tx.teams.change(change(GRANT, "approver", 4))
    for number in range(1_100):
        tx.teams.add(Team(f"team-{number:04}", "", ANA, 3))
        tx.teams.change(change(JOIN, "bo", 5, team=f"team-{number:04}"))
    tx.teams.change(change(JOIN, "bo", 6))
    assert tx.principals.get(BO).roles == tx.principals.all()[-1].roles == {"member", "approver"}
    tx.teams.change(change(PART, "bo", 7))
    assert tx.principals.get(BO).roles == tx.principals.all()[-1].roles == {"member"}
    assert len(tx.principals.get(BO).teams) == 1_100
