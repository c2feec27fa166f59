"""What stands in the audit log for identities and proofs is fixed for good."""

from remint.core.ids import PrincipalId
from remint.core.vouched import Link, identity_digest, proof_digest

ISSUER = "https://login.example.org"


def test_the_digest_of_an_identity_never_changes():
    assert identity_digest(ISSUER, "248289761001") == "b3:bca37e284414878346460fc0a38646126877ec69e03f425070bed81e4ad53bd2"


def test_the_digest_of_a_proof_never_changes_and_is_another_one():
    assert proof_digest(ISSUER, "248289761001") == "b3:71e03d26d557320fe3a4b7c37f93db4941ec8048f426dafaef57ccb5672d733c"


def test_what_stands_in_the_issuer_and_what_in_the_subject_are_told_apart():
    assert identity_digest("https://a.org", "b") != identity_digest("https://a.or", "gb")


def test_a_link_has_the_digest_of_its_identity_whoever_it_means():
    link = Link(ISSUER, "7", PrincipalId("bo"), PrincipalId("ana"), 5)
    assert link.digest() == identity_digest(ISSUER, "7")
