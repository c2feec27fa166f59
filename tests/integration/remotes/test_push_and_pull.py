"""What one project pushes, another pulls; what went wrong on the way is found, and nothing of it is kept."""

import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from remint.core.digest import digest_bytes
from remint.core.ref import RefName
from remint.core.remote import INDEXES, PACKS, artifact_name, decode_ref, ref_name
from remint.errors import ArtifactNotFound, BlobAltered, BlobMissing, Corrupt, Invalid, RefMoved, RefNotFound
from tests.integration.remotes.altering import replace
from tests.integration.remotes.conftest import ANA

SET = RefName("main", "data", "set")
LARGE = random.Random(0).randbytes(900_000)
FILES = {"a": b"one", "b/c": b"two" * 40_000, "b/large": LARGE, "empty": b""}


def names_of(remote):
    return {name for folder in (PACKS, INDEXES, "objects/", "artifacts/", "refs/") for name in remote.names(folder)}


def nothing_came(side):
    return list(side.app.blobs.digests()) == [] and side.app.refs.list(ANA) == []


def test_a_set_of_files_arrives_as_it_was(one, other):
    made = one.add("data/set", FILES)
    pushed = one.push("data/set")
    pulled = other.pull("data/set")
    assert (pushed.artifacts[0].moved, pulled.artifacts[0].moved) == (True, True)
    assert other.at("data/set") == made.digest
    assert other.files("data/set") == FILES
    assert other.app.refs.log(ANA, "data/set")[0].reason == "pulled from team"
    assert other.app.artifacts.get(made.digest) == made


def test_a_table_and_a_value_arrive_as_they_were(one, other):
    rows = pa.table({"x": range(200_000), "y": [n * 0.5 for n in range(200_000)]})
    pq.write_table(rows, one.root / "t.parquet")
    made = one.app.artifacts.add(ANA, "data/t", one.root / "t.parquet").artifact
    one.push("data/t")
    other.pull()
    other.app.artifacts.verify(made.digest)
    assert other.app.artifacts.get(made.digest).facts["rows"] == 200_000
    assert pa.concat_tables(pq.read_table(path) for _, path in other.app.artifacts.files(made.digest)).equals(rows)


def test_what_is_there_already_is_not_carried_again(one, other):
    one.add("data/set", FILES)
    one.push("data/set")
    again = one.push("data/set")
    other.pull()
    repeated = other.pull()
    assert (again.size_bytes, again.artifacts[0].moved) == (0, False)
    assert (repeated.size_bytes, repeated.artifacts[0].moved) == (0, False)


def test_a_dry_run_says_what_would_be_carried_and_changes_nothing(one, remote):
    one.add("data/set", FILES)
    before = one.app.audit.verify()
    would = one.push("data/set", dry_run=True)
    assert names_of(remote) == set()
    assert one.app.audit.verify() == before
    assert (would.dry_run, would.packs, would.size_bytes) == (True, 1, one.push("data/set").size_bytes)


def test_the_next_version_carries_what_is_new(one, other):
    one.add("data/set", FILES)
    one.push("data/set")
    other.pull()
    one.add("data/set", {"new": b"three"})
    pushed, pulled = one.push("data/set"), other.pull()
    assert pushed.size_bytes < 10_000
    assert pulled.size_bytes < 10_000
    assert other.files("data/set") == {**FILES, "new": b"three"}


def test_little_of_a_large_pack_is_taken_out_of_it(one, other):
    one.add("data/small", {"a": b"little"})
    one.add("data/set", {str(n): random.Random(n).randbytes(60_000) for n in range(20)})
    one.push("data/small", "data/set")
    pulled = other.pull("data/small")
    assert (pulled.packs, pulled.size_bytes < 1_000, pulled.pieces) == (0, True, 2)
    assert other.files("data/small") == {"a": b"little"}


def test_the_remote_tells_who_moved_a_ref_when_and_why(one, remote):
    one.add("data/set", FILES)
    one.push("data/set")
    one.add("data/set", {"new": b"three"})
    one.push("data/set")
    versions = decode_ref(SET, remote.get(ref_name(SET))[0])
    moves = list(reversed(one.app.refs.log(ANA, "data/set")))
    told = [(one.serial, one.artifact, one.at_us, one.by, one.reason) for one in versions]
    assert told == [(move.serial, move.new, move.at_us, move.by, move.reason) for move in moves]


def test_an_older_version_is_brought_by_number_or_digest_and_moves_nothing(one, other):
    first = one.add("data/set", FILES)
    one.push("data/set")
    one.add("data/set", {"new": b"three"})
    one.push("data/set")
    assert other.pull("data/set@1").artifacts[0].artifact == first.digest
    assert other.pull(first.digest[:20]).size_bytes == 0
    other.app.artifacts.verify(first.digest)
    assert other.app.refs.list(ANA) == []


def test_what_was_not_pushed_is_not_found(one, other):
    one.add("data/set", FILES)
    with pytest.raises(RefNotFound):
        other.pull()
    one.push("data/set")
    with pytest.raises(RefNotFound, match="data/other"):
        other.pull("data/other")
    with pytest.raises(RefNotFound):
        other.pull("data/set@2")
    with pytest.raises(ArtifactNotFound):
        other.pull("b3:0123456789ab")


def test_a_ref_that_both_sides_moved_is_refused_until_one_is_chosen(one, other):
    one.add("data/set", FILES)
    one.push("data/set")
    other.pull()
    here = one.add("data/set", {"here": b"1"}).digest
    there = other.add("data/set", {"there": b"2"}).digest
    one.push("data/set")
    with pytest.raises(RefMoved) as pulling:
        other.pull("data/set")
    with pytest.raises(RefMoved) as pushing:
        other.push("data/set")
    assert pulling.value.facts == {"ref": "main:data/set", "here": there, "there": here}
    assert pushing.value.facts == {"ref": "main:data/set", "here": there, "there": here}
    assert other.at("data/set") == there
    other.pull("data/set", theirs=True)
    assert [move.new for move in other.app.refs.log(ANA, "data/set")][:2] == [here, there]


def test_a_project_that_is_ahead_pulls_nothing(one, other):
    one.add("data/set", FILES)
    one.push("data/set")
    other.pull()
    ahead = other.add("data/set", {"new": b"three"}).digest
    assert not other.pull().artifacts[0].moved
    assert other.at("data/set") == ahead


def test_a_protected_ref_is_left_to_a_change(one, other):
    other.app.settings.values["protected"] = ["data/*"]
    one.add("data/set", FILES)
    one.push("data/set")
    pulled = other.pull().artifacts[0]
    other.app.artifacts.verify(pulled.artifact)
    assert (pulled.moved, pulled.protected) == (False, True)
    assert other.app.refs.list(ANA) == []


def test_pushing_and_pulling_are_in_the_audit_log(one, other):
    one.add("data/set", FILES)
    one.push("data/set")
    other.pull()
    with one.app.catalog.read() as here, other.app.catalog.read() as there:
        pushed = b"".join(here.entries.leaves())
        pulled = b"".join(there.entries.leaves())
    assert pushed.count(b'"action":"remote:push"') == 1
    assert (pulled.count(b'"action":"remote:pull"'), pulled.count(b'"action":"ref:move"')) == (1, 1)


@pytest.mark.parametrize("at", [5, 100, -30])
def test_an_altered_pack_is_refused_and_nothing_of_it_is_kept(one, other, place, remote, at):
    one.add("data/set", FILES)
    one.push("data/set")
    name = next(iter(remote.names(PACKS)))
    content = bytearray(remote.get(name)[0])
    content[at] ^= 1
    replace(place, name, bytes(content))
    with pytest.raises(BlobAltered, match=name):
        other.pull()
    assert other.app.refs.list(ANA) == []
    assert not (other.root / ".remint" / "store" / name).exists()


def test_an_altered_piece_of_a_pack_is_refused(one, other, place, remote):
    one.add("data/small", {"a": b"little"})
    one.add("data/set", {str(n): random.Random(n).randbytes(60_000) for n in range(20)})
    one.push("data/small", "data/set")
    name = next(name for name in remote.names(PACKS) if b"little" in remote.get(name)[0])
    replace(place, name, remote.get(name)[0].replace(b"little", b"LITTLE"))
    with pytest.raises(BlobAltered, match=digest_bytes(b"little").short):
        other.pull("data/small")
    assert other.app.refs.list(ANA) == []


def test_an_altered_whole_file_is_refused(one, other, place, remote):
    pq.write_table(pa.table({"x": list(random.Random(0).randbytes(3_000_000))}), one.root / "t.parquet")
    one.app.artifacts.add(ANA, "data/t", one.root / "t.parquet")
    one.push("data/t")
    name = next(iter(remote.names("objects/")))
    replace(place, name, remote.get(name)[0][:-1])
    with pytest.raises(BlobAltered, match="objects/"):
        other.pull()
    assert other.app.refs.list(ANA) == []


def test_a_record_of_another_artifact_is_refused(one, other, place, remote):
    made = one.add("data/set", FILES)
    liar = one.add("data/other", {"a": b"other"})
    one.push("data/set", "data/other")
    replace(place, artifact_name(made.digest), remote.get(artifact_name(liar.digest))[0])
    with pytest.raises(BlobAltered, match=made.digest.short):
        other.pull("data/set")
    assert nothing_came(other)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"v":2}', b"\xff", b'{"facts":{},"kind":"model","parts":[],"v":1}'])
def test_a_damaged_record_is_refused(one, other, place, content):
    made = one.add("data/set", FILES)
    one.push("data/set")
    replace(place, artifact_name(made.digest), content)
    with pytest.raises(Corrupt):
        other.pull("data/set")
    assert nothing_came(other)


def test_a_pack_that_is_gone_is_named_and_pushing_again_brings_it_back(one, other, place, remote):
    one.add("data/set", FILES)
    one.push("data/set")
    name = next(iter(remote.names(PACKS)))
    replace(place, name, None)
    with pytest.raises(BlobMissing, match=name):
        other.pull()
    assert one.push("data/set").packs == 1
    other.pull()
    assert other.files("data/set") == FILES


def test_an_altered_index_is_refused(one, other, place, remote):
    one.add("data/set", FILES)
    one.push("data/set")
    replace(place, next(iter(remote.names(INDEXES))), b"x" * 40)
    with pytest.raises(BlobAltered, match="index/"):
        other.pull()


def test_a_damaged_pack_here_is_not_pushed_but_its_sound_blobs_are(one, other, tmp_path):
    one.add("data/set", FILES)
    one.push("data/set", to=None, dry_run=True)  # the open pack is sealed now
    pack = next((one.root / ".remint" / "store" / "packs").glob("*.pack"))
    content = bytearray(pack.read_bytes())
    content[-3] ^= 1  # the footer
    content[content.index(b"packend") - 5] ^= 1
    pack.chmod(0o644)
    pack.write_bytes(content)
    one.push("data/set")
    other.pull()
    assert other.files("data/set") == FILES


def test_a_damaged_blob_here_is_not_pushed(one, remote):
    one.add("data/set", FILES)
    one.push("data/set", dry_run=True)
    pack = next((one.root / ".remint" / "store" / "packs").glob("*.pack"))
    pack.chmod(0o644)
    pack.write_bytes(pack.read_bytes().replace(b"twotwo", b"TWOtwo", 1))
    with pytest.raises(BlobAltered):
        one.push("data/set")
    assert names_of(remote) == set()


# ---- lazily


def test_files_that_were_left_out_are_brought_when_they_are_read(one, other):
    made = one.add("data/set", {**FILES, **{str(n): random.Random(n).randbytes(30_000) for n in range(40)}})
    one.push("data/set")
    pulled = other.pull(lazy=True)
    assert pulled.size_bytes < 10_000
    assert not other.app.artifacts.present(made.digest)
    assert other.files("data/set")["b/large"] == LARGE
    assert other.app.artifacts.present(made.digest)


def test_what_is_here_is_read_without_the_remote(one, other, place, remote):
    one.add("data/set", FILES)
    one.push("data/set")
    other.pull(lazy=True)
    assert other.files("data/set") == FILES
    for name in names_of(remote):
        replace(place, name, None)
    assert other.files("data/set") == FILES


def test_a_file_that_is_left_out_and_altered_there_is_refused(one, other, place, remote):
    one.add("data/set", {"a": b"little", **{str(n): random.Random(n).randbytes(30_000) for n in range(40)}})
    one.push("data/set")
    other.pull(lazy=True)
    name = next(name for name in remote.names(PACKS) if b"little" in remote.get(name)[0])
    replace(place, name, remote.get(name)[0].replace(b"little", b"LITTLE"))
    with pytest.raises(BlobAltered):
        other.app.blobs.get(digest_bytes(b"little"))


def test_what_is_nowhere_is_missing(one, other):
    one.add("data/set", FILES)
    one.push("data/set")
    other.pull(lazy=True)
    with pytest.raises(BlobMissing):
        other.app.blobs.get(digest_bytes(b"never put"))


def test_lazily_means_the_remote_of_the_settings(one, other):
    one.add("data/set", FILES)
    one.push("data/set")
    other.app.settings.values["remote"] = ""
    with pytest.raises(Invalid, match="lazily"):
        other.pull(source="team", lazy=True)
