"""Artifacts and the digests that name them."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.core.artifact import (
    RECORDED_AS_FILES,
    Artifact,
    Kind,
    Part,
    files_digest,
    record_digest,
    require_path,
    stored_digest,
)
from remint.core.digest import Digest, digest_bytes
from remint.core.model import model_digest
from remint.errors import Invalid, InvalidName
from tests.vectors.records import reference
from tests.vectors.records.frozen import cases, whole

A, B = digest_bytes(b"a"), digest_bytes(b"b")
parts_of_sets = st.lists(
    st.builds(
        Part, st.text(st.characters(codec="utf-8"), min_size=1, max_size=5), st.sampled_from([A, B]), st.integers(0, 2**50)
    ),
    max_size=5,
    unique_by=lambda part: part.path,
)


FEW = [case for case in cases("files") if case["kind"] != "files"]


@pytest.mark.parametrize("case", FEW, ids=range(len(FEW)))
def test_the_digest_of_a_few_files_is_frozen(case):
    parts = [Part(path, Digest(blob), size) for path, blob, size in case["parts"]]
    assert files_digest(Kind(case["kind"]), parts) == reference.files(case["kind"], case["parts"]) == case["digest"]


@pytest.mark.parametrize("case", cases("records"), ids=lambda case: case["kind"])
def test_the_digest_of_a_small_record_is_frozen(case):
    made = record_digest(Kind(case["kind"]), case["value"])
    assert made == reference.small_record(case["kind"], case["value"]) == case["digest"]


@pytest.mark.parametrize("case", whole("records")["models"], ids=range(3))
def test_the_digest_of_a_model_is_frozen(case):
    form, content, features, probe = (case[key] for key in ("format", "content", "features", "probe"))
    made = model_digest(format_name=form, content=Digest(content), features=features, probe=probe and Digest(probe))
    assert made == reference.model(form, content, features, probe) == case["digest"]


@given(parts_of_sets, st.randoms())
def test_the_order_of_files_leaves_no_trace(parts, shuffling):
    other = list(parts)
    shuffling.shuffle(other)
    assert files_digest(Kind.CODE, other) == files_digest(Kind.CODE, parts)


@given(parts_of_sets, parts_of_sets)
def test_two_sets_of_files_share_a_digest_only_if_they_are_equal(one, other):
    assert (files_digest(Kind.CODE, one) == files_digest(Kind.CODE, other)) == (sorted(one) == sorted(other))


def test_the_same_files_as_another_kind_are_another_artifact():
    digests = [files_digest(kind, [Part("a", A, 1)]) for kind in RECORDED_AS_FILES]
    assert len(set(digests)) == len(RECORDED_AS_FILES)


def test_the_same_record_as_another_kind_is_another_artifact():
    assert all(record_digest(one, 1) != record_digest(other, 1) for one, other in itertools.combinations(Kind, 2))


def test_a_file_name_that_is_not_unicode_has_no_digest():
    with pytest.raises(Invalid, match="lone surrogate"):
        files_digest(Kind.CODE, [Part("\udcff", A, 1)])


def test_the_digest_of_stored_bytes_is_that_of_no_artifact():
    parts = [Part("a", A, 1)]
    assert stored_digest(parts) not in {files_digest(kind, parts) for kind in Kind}


def test_an_artifact_is_as_large_as_its_parts():
    assert Artifact(A, Kind.FILES, (Part("a", A, 3), Part("b", A, 4))).size_bytes == 7


@pytest.mark.parametrize("path", ["a", "a/b.txt", ".hidden", "...", "a b", "é/漢", "-", "a\\b"])
def test_a_relative_path_may_name_a_file(path):
    assert require_path(path) == path


@pytest.mark.parametrize("path", ["", "/", "/etc/passwd", "..", "a/../b", "./a", "a/.", "a//b", "a/", "a\0b"])
def test_a_path_that_leads_elsewhere_may_not(path):
    with pytest.raises(InvalidName, match="cannot be a file of an artifact"):
        require_path(path)
