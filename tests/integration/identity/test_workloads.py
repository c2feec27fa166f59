"""A workload gets a token for what an issuer signed about it, once, and for nothing that only looks like it."""

import time

import pytest
from joserfc.jwk import RSAKey

from remint.adapters.oidc.issuers import HttpIssuers
from remint.errors import Denied, Unavailable
from tests.support.issuer import LocalIssuer, part

SAID = {"repository": "acme/models", "ref": "refs/heads/main"}


def reason_of(app, proof, name=""):
    """Return why a proof is refused; nothing is recorded of it, and no token is made."""
    with app.catalog.read() as tx:
        before = (tx.entries.frontier().size, len(tx.tokens.newest()))
    with pytest.raises(Denied) as refused:
        app.workloads.exchange(proof, name=name)
    with app.catalog.read() as tx:
        assert (tx.entries.frontier().size, len(tx.tokens.newest())) == before
    assert refused.value.facts["rule"] == "identity"
    return refused.value.facts["reason"]


@pytest.mark.parametrize(("algorithm", "key"), [("RS256", "rsa"), ("ES256", "ec"), ("Ed25519", "ed")])
def test_a_proof_becomes_a_short_token_of_the_service(app, issuer, ana, algorithm, key):
    made = app.workloads.exchange(issuer.sign(issuer.claims(**SAID), algorithm=algorithm, key=key))
    assert (made.token.owner, made.token.scopes, made.token.sandbox) == ("nightly", {"read", "write"}, None)
    assert made.token.ends_us - made.token.at_us == 600_000_000
    context = app.identity.identify(made.secret)
    app.refs.fork(context, f"by-{key}")
    assert not app.rights.can(context, "principal:create").allowed


def test_a_signature_under_the_older_name_of_its_algorithm_counts_as_well(app, issuer):
    told = f"{part({'alg': 'EdDSA', 'kid': 'ed'})}.{part(issuer.claims(**SAID))}"
    signature = issuer.keys["ed"].private_key.sign(told.encode())
    assert app.workloads.exchange(f"{told}.{part(signature)}").token.owner == "nightly"


def test_an_exchange_is_an_entry_without_the_subject_and_the_verification_agrees(app, issuer, entries):
    made = app.workloads.exchange(issuer.sign(issuer.claims(sub="repo:acme/models", **SAID)))
    (entry,) = entries("token:exchange")
    assert (entry["resource"], entry["by"], entry["facts"]["workload"]) == (f"token {made.token.number}", "nightly", "ci")
    assert "repo:acme" not in str(entry)
    assert app.audit.verify().problems == ()
    with app.catalog.begin() as tx:
        tx.identities.spend(entry["facts"]["identity"], token=made.token.number, at_us=1)
    assert "no entry tells of the exchange" in app.audit.verify().problems[0]


def test_a_proof_is_exchanged_once(app, issuer):
    proof = issuer.sign(issuer.claims(jti="one", **SAID))
    app.workloads.exchange(proof)
    assert reason_of(app, proof) == "replayed"
    assert reason_of(app, issuer.sign(issuer.claims(jti="one", sub="8", **SAID))) == "replayed"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": 1}, "expired"),
        ({"exp": None}, "no-end"),
        ({"exp": "tomorrow"}, "unreadable"),
        ({"exp": True}, "unreadable"),
        ({"nbf": time.time() + 3600}, "early"),
        ({"iat": time.time() + 3600}, "early"),
        ({"aud": "another"}, "claims"),
        ({"aud": None}, "claims"),
        ({"aud": ["remint", "another"]}, "audience"),
        ({"aud": ["remint", "another"], "azp": "another"}, "audience"),
        ({"sub": None}, "subject"),
        ({"sub": ""}, "subject"),
        ({"sub": 7}, "subject"),
        ({"jti": None}, "number"),
        ({"jti": ""}, "number"),
        ({"ref": "refs/heads/other"}, "claims"),
        ({"ref": ["refs/heads/main"]}, "claims"),
        ({"repository": None}, "claims"),
        ({"iss": "https://evil.example"}, "unknown"),
        ({"iss": None}, "issuer"),
    ],
)
def test_claims_that_do_not_count_are_refused(app, issuer, claims, reason):
    assert reason_of(app, issuer.sign(issuer.claims(**{**SAID, **claims}))) == reason


def test_an_issuer_that_writes_itself_a_little_otherwise_is_another(app, issuer):
    assert reason_of(app, issuer.sign(issuer.claims(iss=f"{issuer.url}/", **SAID))) == "unknown"


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"jku": "http://127.0.0.1/keys"}, "header"),
        ({"x5u": "http://127.0.0.1/keys"}, "header"),
        ({"jwk": {"kty": "oct", "k": "AAAA"}}, "header"),
        ({"x5c": ["AAAA"]}, "header"),
        ({"crit": ["exp"], "exp": 1}, "header"),
    ],
)
def test_a_token_that_says_where_its_key_is_from_is_refused(app, issuer, header, reason):
    told = f"{part({'alg': 'RS256', 'kid': 'rsa', **header})}.{part(issuer.claims(**SAID))}.AAAA"
    assert reason_of(app, told) == reason


@pytest.mark.parametrize("kid", ["../../etc/passwd", "http://127.0.0.1/key", "' OR 1=1 --", "", "x" * 400])
def test_the_name_of_a_key_is_compared_and_nothing_else(app, issuer, kid):
    told = f"{part({'alg': 'RS256', 'kid': kid})}.{part(issuer.claims(**SAID))}.AAAA"
    assert reason_of(app, told) == "key"


def test_neither_no_signature_nor_one_with_the_public_key_as_a_secret_counts(app, issuer):
    assert reason_of(app, issuer.unsigned(issuer.claims(**SAID)) + "AAAA") == "algorithm"
    assert reason_of(app, issuer.unsigned(issuer.claims(**SAID))) == "unreadable"
    assert reason_of(app, issuer.signed_with_the_public_key(issuer.claims(**SAID))) == "algorithm"


def test_a_signature_by_another_issuer_or_another_key_does_not_count(app, issuer, issuers):
    claims = issuer.claims(**SAID)
    assert reason_of(app, issuers[1].sign(claims)) == "signature"
    head, body, _ = issuer.sign(claims, algorithm="ES256", key="ec").split(".")
    assert reason_of(app, f"{head}.{body}.{issuer.sign(claims).split('.')[2]}") == "signature"
    altered = part({**claims, "sub": "8"})
    assert reason_of(app, f"{head}.{altered}.{issuer.sign(claims, algorithm='ES256', key='ec').split('.')[2]}") == "signature"


def test_a_key_of_another_kind_than_the_algorithm_is_not_used(app, issuer):
    told = f"{part({'alg': 'RS256', 'kid': 'ec'})}.{part(issuer.claims(**SAID))}.AAAA"
    assert reason_of(app, told) == "key"


@pytest.mark.parametrize(
    "proof", ["", "a.b", "a.b.c.d", "..", "é.b.c", "a.b.c\n", "e30.e30.AAAA", "W10.e30.AAAA", "x" * 20_000]
)
def test_what_is_no_token_at_all_is_refused(app, proof):
    assert reason_of(app, proof) in {"unreadable", "algorithm"}


def test_json_that_is_too_deep_is_refused(app):
    assert reason_of(app, f"{part(b'[' * 9_000)}.e30.AAAA") == "unreadable"


def test_a_workload_may_be_named(app, issuer):
    assert app.workloads.exchange(issuer.sign(issuer.claims(**SAID)), name="ci").token.owner == "nightly"
    assert reason_of(app, issuer.sign(issuer.claims(**SAID)), name="nothing") == "unknown"


def test_a_service_that_left_gets_nothing(app, issuer, ana):
    app.principals.leave(ana, "nightly")
    assert reason_of(app, issuer.sign(issuer.claims(**SAID))) == "unknown"


def test_a_service_without_a_role_is_denied_and_that_is_an_entry(app, issuer, ana, entries):
    app.principals.revoke(ana, "nightly", "member")
    with pytest.raises(Denied, match="rule known-principal"):
        app.workloads.exchange(issuer.sign(issuer.claims(**SAID)))
    assert [(one["by"], one["decision"]) for one in entries("token:exchange")] == [("nightly", "deny")]


def test_an_issuer_that_does_not_answer_is_no_refusal(app, issuer):
    gone = LocalIssuer()
    gone.close()
    with pytest.raises(Unavailable, match="was not asked"):
        HttpIssuers(lambda _: "").claims(gone.url, gone.sign(gone.claims()))


def test_an_issuer_that_did_not_answer_is_left_alone_for_a_while():
    now, issuer = [0.0], LocalIssuer()
    asking, token = HttpIssuers(lambda _: "", now_s=lambda: now[0]), issuer.sign(issuer.claims())
    published, issuer.published = issuer.published, lambda path: issuer.asked.update(["refused"])
    for _ in range(5):
        with pytest.raises(Unavailable):
            asking.claims(issuer.url, token)
    assert issuer.asked["refused"] == 1
    issuer.published, now[0] = published, 11
    assert asking.claims(issuer.url, token)["sub"] == "7"
    issuer.close()


class TestKeysOfAnIssuer:
    @pytest.fixture
    def own(self):
        made = LocalIssuer()
        yield made
        made.close()

    def test_a_new_key_is_fetched_once_it_is_named_but_not_more_than_once_a_minute(self, own):
        now = [0.0]
        asking = HttpIssuers(lambda _: "", now_s=lambda: now[0])
        asking.claims(own.url, own.sign(own.claims()))
        own.keys["new"] = RSAKey.generate_key(2048, {"kid": "new", "use": "sig"})
        signed = own.sign(own.claims(), key="new")
        for _ in range(5):
            with pytest.raises(Denied, match="no key of that name"):
                asking.claims(own.url, signed)
        assert own.asked["/jwks"] == 1
        now[0] = 61
        assert asking.claims(own.url, signed)["sub"] == "7"
        assert own.asked["/jwks"] == 2

    def test_what_is_published_is_fetched_once_an_hour(self, own):
        now = [0.0]
        asking = HttpIssuers(lambda _: "", now_s=lambda: now[0])
        for _ in range(3):
            asking.claims(own.url, own.sign(own.claims()))
        assert own.asked == {"/.well-known/openid-configuration": 1, "/jwks": 1}
        now[0] = 3601
        asking.claims(own.url, own.sign(own.claims()))
        assert own.asked == {"/.well-known/openid-configuration": 2, "/jwks": 2}

    def test_an_issuer_that_publishes_the_name_of_another_is_not_believed(self, own):
        own.document = {"issuer": "https://another.example"}
        with pytest.raises(Unavailable, match="what it publishes is of"):
            HttpIssuers(lambda _: "").claims(own.url, own.sign(own.claims()))

    @pytest.mark.parametrize("url", ["http://keys.example.org/jwks", "file:///etc/passwd", 7, None])
    def test_keys_are_fetched_by_tls_or_from_this_machine_alone(self, own, url):
        own.document = {"jwks_uri": url}
        with pytest.raises(Unavailable, match="its jwks_uri is no address with https"):
            HttpIssuers(lambda _: "").claims(own.url, own.sign(own.claims()))
