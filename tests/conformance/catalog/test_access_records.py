"""Tokens and changes of roles, in every catalog."""

import pytest

from remint.core.digest import digest_bytes
from remint.core.ids import PrincipalId
from remint.core.principal import GRANT, LEAVE, REVOKE, Principal, PrincipalKind, RoleChange
from remint.core.token import Token
from remint.errors import Conflict, NotFound

ANA, BO = PrincipalId("ana"), PrincipalId("bo")
FIRST, SECOND = digest_bytes(b"first"), digest_bytes(b"second")


@pytest.fixture(autouse=True)
def principals(catalog):
    with catalog.begin() as tx:
        tx.principals.add(Principal(ANA, PrincipalKind.PERSON, bytes(32), frozenset({"owner"}), 1))
        tx.principals.add(Principal(BO, PrincipalKind.PERSON, bytes(32), frozenset({"member"}), 2))


def token(owner=ANA, **given):
    return Token(0, owner, "notebook", frozenset({"read", "write"}), None, 10, 20, **given)


class TestTokens:
    def test_a_token_is_found_by_the_digest_of_its_secret_alone(self, tx):
        number = tx.tokens.add(token(), FIRST)
        assert tx.tokens.shown(FIRST) == tx.tokens.get(number)
        assert tx.tokens.shown(SECOND) is None

    def test_a_token_comes_back_as_it_was_recorded(self, tx):
        assert tx.tokens.get(tx.tokens.add(token(), FIRST)) == Token(
            1, ANA, "notebook", frozenset({"read", "write"}), None, 10, 20
        )

    def test_no_two_tokens_have_one_secret(self, catalog):
        with catalog.begin() as tx:
            tx.tokens.add(token(), FIRST)
        with pytest.raises(Conflict), catalog.begin() as tx:
            tx.tokens.add(token(BO), FIRST)

    def test_tokens_come_newest_first_of_one_owner_if_given(self, tx):
        tx.tokens.add(token(), FIRST)
        tx.tokens.add(token(BO), SECOND)
        assert [one.number for one in tx.tokens.newest()] == [2, 1]
        assert [one.number for one in tx.tokens.newest(owner=ANA)] == [1]
        assert [one.number for one in tx.tokens.newest(limit=1)] == [2]

    def test_a_token_is_revoked_once(self, tx):
        number = tx.tokens.add(token(), FIRST)
        assert [tx.tokens.revoke(number, by=ANA, at_us=at_us) for at_us in (12, 13)] == [True, False]
        assert tx.tokens.shown(FIRST).revoked_us == 12

    def test_a_number_that_was_not_given_is_no_token(self, tx):
        assert tx.tokens.get(7) is None


class TestRoles:
    def test_changes_of_roles_count_in_their_order(self, tx):
        for verb, role in ((GRANT, "risk"), (REVOKE, "member"), (GRANT, "member"), (REVOKE, "risk")):
            tx.principals.change(RoleChange(BO, verb, role, ANA, 5))
        assert tx.principals.get(BO).roles == {"member"}

    def test_the_roles_of_a_time_are_those_that_were_given_until_then(self, tx):
        tx.principals.change(RoleChange(BO, GRANT, "risk", ANA, 5))
        tx.principals.change(RoleChange(BO, LEAVE, "", ANA, 9))
        found = [tx.principals.get(BO, at_us=at_us).roles for at_us in (4, 5, 8, 9)]
        assert found == [{"member"}, {"member", "risk"}, {"member", "risk"}, frozenset()]

    def test_one_who_left_says_when(self, tx):
        tx.principals.change(RoleChange(BO, LEAVE, "", ANA, 9))
        assert [(one.id, one.left_us) for one in tx.principals.all()] == [("ana", None), ("bo", 9)]

    def test_every_change_comes_back_oldest_first(self, tx):
        made = [RoleChange(BO, GRANT, "risk", ANA, 5), RoleChange(ANA, REVOKE, "owner", ANA, 4)]
        for change in made:
            tx.principals.change(change)
        assert tx.principals.changes() == made

    def test_roles_of_one_who_was_never_made_are_not_changed(self, catalog):
        with pytest.raises(NotFound), catalog.begin() as tx:
            tx.principals.change(RoleChange(PrincipalId("dee"), GRANT, "risk", ANA, 5))
