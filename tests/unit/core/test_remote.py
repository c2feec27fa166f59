"""Names and records in a remote, and the settings that say where it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.core.artifact import Artifact, Kind, Part
from remint.core.digest import digest_bytes
from remint.core.ids import PrincipalId
from remint.core.ref import RefName, Selector
from remint.core.remote import (
    Place,
    RemoteVersion,
    artifact_name,
    artifact_of,
    decode_artifact,
    decode_ref,
    encode_artifact,
    encode_ref,
    index_entries,
    parse_remotes,
    ref_name,
    ref_of,
    select,
)
from remint.errors import Corrupt, Invalid, RefNotFound

REF = RefName("main", "data", "raw/flights")
ONE, TWO = digest_bytes(b"1"), digest_bytes(b"2")
VERSIONS = tuple(
    RemoteVersion(serial, artifact, serial * 10, PrincipalId("ana"), "added")
    for serial, artifact in enumerate((ONE, TWO, ONE), 1)
)
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(), st.lists, max_leaves=5)


def test_names_lead_back_to_what_they_are_of():
    assert artifact_of(artifact_name(ONE)) == ONE
    assert ref_of(ref_name(REF)) == str(REF)


@pytest.mark.parametrize("name", ["artifacts/x.json", "artifacts/", f"artifacts/{'0' * 63}.json"])
def test_what_is_no_record_has_no_artifact(name):
    assert artifact_of(name) is None


@pytest.mark.parametrize("name", ["refs/main/data", "refs/main/data/x.txt", "refs/a/b/c/d.json"])
def test_what_is_no_record_has_no_ref(name):
    assert ref_of(name) is None


@given(st.lists(st.integers(0, 2**40), max_size=4), st.dictionaries(st.text(), JSON, max_size=4))
def test_the_record_of_an_artifact_comes_back(sizes, facts):
    parts = tuple(Part(f"a/{n}", digest_bytes(bytes([n])), size) for n, size in enumerate(sizes))
    artifact = Artifact(ONE, Kind.MODEL, parts, facts)
    assert decode_artifact(ONE, encode_artifact(artifact)) == artifact


def test_the_versions_of_a_ref_come_back():
    assert decode_ref(REF, encode_ref(REF, VERSIONS)) == VERSIONS


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"v":1', b'"v":2'),
        (b'"v":1', b'"v": 1'),
        (b'"model"', b'"nothing"'),
        (b"b3:", b"b4:"),
        (b'"a"', b'"../a"'),
        (b",5]", b",-5]"),
    ],
)
def test_a_record_that_is_not_one_is_refused(old, new):
    content = encode_artifact(Artifact(ONE, Kind.MODEL, (Part("a", TWO, 5),), {"x": 1}))
    assert old in content
    with pytest.raises(Corrupt, match="artifacts/"):
        decode_artifact(ONE, content.replace(old, new))


def test_the_record_of_another_ref_is_refused():
    with pytest.raises(Corrupt, match="refs/"):
        decode_ref(RefName("main", "data", "other"), encode_ref(REF, VERSIONS))


@pytest.mark.parametrize("versions", [VERSIONS[1:], (*VERSIONS, VERSIONS[0]), ()])
def test_versions_that_are_not_counted_from_one_are_refused(versions):
    with pytest.raises(Corrupt):
        decode_ref(REF, encode_ref(REF, versions))


@pytest.mark.parametrize(
    ("selector", "serial"),
    [
        (None, 3),
        (Selector(serial=2), 2),
        (Selector(digest=TWO[:15]), 2),
        (Selector(digest=ONE[:15]), 3),
        (Selector(at_us=25), 2),
    ],
)
def test_a_selector_means_one_version(selector, serial):
    assert select(REF, VERSIONS, selector).serial == serial


@pytest.mark.parametrize("selector", [Selector(serial=4), Selector(digest="b3:" + 12 * "0"), Selector(at_us=9)])
def test_a_version_that_was_not_pushed_is_not_found(selector):
    with pytest.raises(RefNotFound):
        select(REF, VERSIONS, selector)


def test_an_index_tells_digest_place_and_length():
    index = b"a" * 32 + b"b" * 32 + (20).to_bytes(4, "little") + (99).to_bytes(4, "little") + bytes([7, 0, 0, 0, 8, 0, 0, 0])
    assert list(index_entries(index)) == [(b"a" * 32, 20, 7), (b"b" * 32, 99, 8)]


def test_a_remote_is_where_its_settings_say():
    found = parse_remotes({"team": {"url": "s3://bucket/a/prefix/", "region": "eu-1", "skip_signature": True}})
    assert found == {"team": Place("team", "s3", "bucket/a/prefix", {"region": "eu-1", "skip_signature": True})}


@pytest.mark.parametrize(
    "held",
    [
        {},
        "s3://b",
        {"url": 1},
        {"url": "http://x/y"},
        {"url": "s3://"},
        {"url": "file://relative"},
        {"url": "file:///x", "region": "y"},
        {"url": "s3://b", "region": ["x"]},
    ],
)
def test_a_remote_without_a_sound_address_is_refused(held):
    with pytest.raises(Invalid, match="team"):
        parse_remotes({"team": held})


@pytest.mark.parametrize(
    "held",
    [
        {"url": "s3://b", key: "x"}
        for key in (
            "secret_access_key",
            "access_key_id",
            "aws_session_token",
            "account_key",
            "sas_token",
            "client-secret",
            "Password",
        )
    ]
    + [{"url": "s3://key:secret@b/p"}, {"url": "az://b/p?sig=x"}],
)
def test_what_may_be_a_secret_is_refused_and_not_repeated(held):
    with pytest.raises(Invalid, match="secret") as told:
        parse_remotes({"team": held})
    assert "key:secret" not in str(told.value)
    assert "sig=x" not in str(told.value)
