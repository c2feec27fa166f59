"""Teams against the plainest model of them: a set of pairs of who and by whose word, and a set of roles."""

from hypothesis import given
from hypothesis import strategies as st

from remint.core.ids import PrincipalId
from remint.core.principal import GRANT, REVOKE
from remint.core.team import JOIN, PART, Team, TeamChange, formed, memberships, of_everyone

NAMES, ROLES, TEAMS, SOURCES = ["ana", "bo"], ["approver", "risk"], ["one", "two"], ["", "https://x.org"]
BY = PrincipalId("ana")


@st.composite
def changes(draw):
    team, verb = draw(st.sampled_from(TEAMS)), draw(st.sampled_from([JOIN, PART, GRANT, REVOKE]))
    if verb in {JOIN, PART}:
        return TeamChange(team, verb, PrincipalId(draw(st.sampled_from(NAMES))), "", draw(st.sampled_from(SOURCES)), BY, 0)
    return TeamChange(team, verb, None, draw(st.sampled_from(ROLES)), "", BY, 0)


def model(every, team):
    members, roles = set(), set()
    for one in every:
        if one.team == team:
            pair = (one.principal, one.source)
            {JOIN: members.add, PART: members.discard, GRANT: roles.add, REVOKE: roles.discard}[one.verb](
                pair if one.principal else one.role
            )
    return members, roles


@given(st.lists(changes(), max_size=30))
def test_a_team_is_what_its_changes_say(every):
    for team in TEAMS:
        found = formed(Team(team, "", BY, 0), [one for one in every if one.team == team])
        members, roles = model(every, team)
        assert {(name, source) for name, sources in found.members.items() for source in sources} == members
        assert found.roles == roles


@given(st.lists(changes(), max_size=30))
def test_the_teams_of_one_are_the_same_as_among_those_of_everyone(every):
    among = of_everyone(every)
    assert [among.get(PrincipalId(name), ()) for name in NAMES] == [memberships(every, PrincipalId(name)) for name in NAMES]
