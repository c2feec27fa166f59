"""What a remote gives up is what nothing needs; everything else can be pulled, byte for byte."""

import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from remint.adapters.blobs import chunks
from remint.core.digest import digest_bytes, raw_digest
from remint.core.ids import PrincipalId
from remint.core.ref import RefName
from remint.core.remote import (
    ARTIFACTS,
    INDEXES,
    OBJECTS,
    PACKS,
    REFS,
    artifact_name,
    decode_ref,
    index_entries,
    index_name,
    object_name,
    pack_name,
    ref_name,
)
from remint.core.remotefence import FENCE, decode_fence
from remint.errors import ArtifactNotFound, Corrupt, Denied, Invalid
from remint.ports.usecases.context import Context
from remint.ports.usecases.erasures import Demand
from tests.integration.remotes.altering import replace
from tests.integration.remotes.conftest import ANA, Side

SET = RefName("main", "data", "set")
NEWEST = {"data/*": {"versions": 1}}


def some(number, size=60_000):
    return random.Random(number).randbytes(size)


def names_of(remote):
    return {name: size for folder in (PACKS, INDEXES, OBJECTS, ARTIFACTS, REFS) for name, size in remote.names(folder).items()}


def bytes_of(remote):
    return sum(size for name, size in names_of(remote).items() if name.startswith((PACKS, INDEXES, OBJECTS)))


@pytest.fixture
def fresh(place, tmp_path):
    side = Side(tmp_path / "fresh", place)
    yield side
    side.app.close()


def keep(side, rules=NEWEST):
    side.app.settings.values["retention"] = rules


def clear(side, **options):
    return side.app.remotes.clear(ANA, **{"unused_days": 0, **options})


def renewed(side, files):
    """Add a version with exactly these files."""
    for path in (side.root / "data/set").rglob("*"):
        if path.is_file():
            path.unlink()
    return side.add("data/set", files)


def three_versions(side):
    """Push versions that share a small and a large file, and return their artifacts and the files of the newest."""
    made = []
    for number in range(3):
        files = {"shared": b"shared", "large": some(99, 900_000), **{f"{number}-{n}": some(10 * number + n) for n in range(8)}}
        made.append(renewed(side, files))
        side.push("data/set")
    return made, files


def test_versions_that_retention_gives_up_go_and_what_they_share_stays(one, fresh, remote):
    keep(one)
    made, files = three_versions(one)
    before = bytes_of(remote)
    cleared = clear(one)
    assert [(given.digest, given.refs) for given in sorted(cleared.given, key=lambda given: given.refs)] == [
        (made[0].digest, ("main:data/set@1",)),
        (made[1].digest, ("main:data/set@2",)),
    ]
    assert cleared.kept == 1
    assert set(remote.names(ARTIFACTS)) == {artifact_name(made[2].digest)}
    assert (cleared.packs, cleared.rewritten) == (1, 0)
    assert before - bytes_of(remote) == cleared.size_bytes > 8 * 60_000
    assert len(decode_ref(SET, remote.get(ref_name(SET))[0])) == 3
    fresh.pull()
    assert fresh.files("data/set") == files
    assert decode_fence(remote.get(FENCE)[0]).sweeper is None


def test_a_version_that_was_given_up_is_named_and_can_be_pushed_again(one, fresh):
    keep(one)
    made, _ = three_versions(one)
    clear(one)
    with pytest.raises(ArtifactNotFound, match="given up there"):
        fresh.pull("data/set@1")
    one.push(made[0].digest)
    fresh.pull("data/set@1")
    fresh.app.artifacts.verify(made[0].digest)


def test_without_retention_every_version_stays(one, remote):
    three_versions(one)
    before = names_of(remote)
    cleared = clear(one)
    assert (cleared.given, cleared.size_bytes, cleared.kept) == ([], 0, 3)
    assert names_of(remote) == before


def test_what_is_needed_here_stays_there(one, fresh):
    keep(one)
    made, _ = three_versions(one)
    one.app.storage.hold(ANA, made[0].digest, reason="asked for")
    assert [given.digest for given in clear(one).given] == [made[1].digest]
    fresh.pull("data/set@1")
    fresh.app.artifacts.verify(made[0].digest)
    assert clear(one, unused_days=30).given == []


def test_what_was_pushed_by_its_digest_alone_stays(one, other, fresh):
    first = one.add("data/set", {"a": some(1)})
    one.push(first.digest)
    keep(other)
    assert clear(other).size_bytes == 0
    fresh.pull(first.digest)
    fresh.app.artifacts.verify(first.digest)


def test_a_dry_run_changes_nothing_and_says_the_same(one, remote):
    keep(one)
    three_versions(one)
    before, audited = names_of(remote), one.app.audit.verify()
    would = clear(one, dry_run=True)
    assert names_of(remote) == before
    assert remote.get(FENCE) is None
    assert one.app.audit.verify() == audited
    did = clear(one)
    assert would.dry_run
    assert [(said.given, said.kept, said.packs, said.rewritten, said.objects, said.size_bytes) for said in (would, did)] == [
        (did.given, did.kept, did.packs, did.rewritten, did.objects, did.size_bytes)
    ] * 2
    assert clear(one).size_bytes == 0


def test_a_collection_is_in_the_audit_log(one):
    keep(one)
    three_versions(one)
    clear(one, dry_run=True)
    clear(one)
    with one.app.catalog.read() as tx:
        leaves = b"".join(tx.entries.leaves())
    assert leaves.count(b'"action":"remote:collect"') == 1
    assert one.app.audit.verify()


# ---- packs


def test_the_rest_of_a_pack_that_is_mostly_dead_is_written_anew(one, fresh, remote):
    keep(one)
    files = {"large": some(99, 900_000), **{str(n): some(n) for n in range(40)}}
    renewed(one, files)
    one.push("data/set")
    before = set(remote.names(PACKS))
    rest = {name: files[name] for name in ("large", "7", "8")}
    renewed(one, rest)
    one.push("data/set")
    cleared = clear(one)
    assert (cleared.packs, cleared.rewritten) == (0, 1)
    assert not before & set(remote.names(PACKS))
    assert bytes_of(remote) < 1_200_000
    fresh.pull()
    assert fresh.files("data/set") == rest
    assert clear(one).size_bytes == 0


def test_a_new_pack_that_a_stopped_collection_left_without_its_index_is_kept(one, fresh, place, remote):
    keep(one)
    files = {str(n): some(n) for n in range(40)}
    renewed(one, files)
    one.push("data/set")
    renewed(one, {"7": files["7"]})
    one.push("data/set")
    before = {name: remote.get(name)[0] for name in names_of(remote)}
    clear(one)
    new = next(iter(set(remote.names(PACKS)) - set(before)))
    replace(place, new.replace(PACKS, INDEXES).replace(".pack", ".idx"), None)
    for name, content in before.items():
        remote.put(name, content)  # as it was, but for the new pack
    assert clear(one).rewritten == 1
    assert new in remote.names(PACKS)
    fresh.pull()
    assert fresh.files("data/set") == {"7": files["7"]}


def test_a_pack_of_which_half_is_needed_stays(one, fresh, remote):
    keep(one)
    files = {str(n): some(n) for n in range(40)}
    renewed(one, files)
    one.push("data/set")
    before = set(remote.names(PACKS))
    rest = {str(n): files[str(n)] for n in range(25)}
    renewed(one, rest)
    one.push("data/set")
    cleared = clear(one)
    assert (len(cleared.given), cleared.packs, cleared.rewritten, cleared.size_bytes) == (1, 0, 0, 0)
    assert before <= set(remote.names(PACKS))
    fresh.pull()
    assert fresh.files("data/set") == rest


def test_whole_files_of_tables_go_and_those_that_are_shared_stay(one, fresh, remote):
    keep(one)
    for number in range(3):
        pq.write_table(pa.table({"x": random.Random(number).choices(range(10**9), k=400_000)}), one.root / "t.parquet")
        made = one.app.artifacts.add(ANA, "data/t", one.root / "t.parquet").artifact
        one.push("data/t")
    assert len(remote.names(OBJECTS)) == 3
    cleared = clear(one)
    assert cleared.objects == 2
    assert len(remote.names(OBJECTS)) == 1
    assert set(remote.names(OBJECTS)) <= {object_name(part.blob) for part in made.parts}
    fresh.pull()
    fresh.app.artifacts.verify(made.digest)


def test_what_stopped_pushes_left_goes_and_what_others_put_there_stays(one, fresh, remote):
    made, files = three_versions(one)
    before = set(names_of(remote))
    index = raw_digest(b"").hex()
    remote.put(pack_name("0" * 64), b"pack without an index")
    remote.put(index_name(index), b"")
    remote.put(object_name(digest_bytes(b"whole")), b"whole")
    remote.put("packs/notes.txt", b"of somebody")
    remote.put("objects/notes", b"of somebody")
    cleared = clear(one)
    assert cleared.size_bytes == len(b"pack without an index") + len(b"whole")
    assert set(names_of(remote)) == before | {"packs/notes.txt", "objects/notes"}
    fresh.pull()
    assert fresh.files("data/set") == files
    assert len(made) == 3


def test_a_pack_that_two_projects_pushed_in_different_cuts_can_be_read(one, other, fresh, remote, monkeypatch):
    keep(one)
    large = some(99, 900_000)
    renewed(one, {"large": large, "b": some(1)})
    one.push("data/set")
    first = set(remote.names(INDEXES))
    with monkeypatch.context() as cut:
        for name, size in (("MIN_BYTES", 8 << 10), ("AVERAGE_BYTES", 32 << 10), ("MAX_BYTES", 128 << 10)):
            cut.setattr(chunks, name, size)
        other.add("data/other", {"large": large})
        other.push("data/other")
    second = set(remote.names(INDEXES)) - first
    assert sum(remote.get(name)[0].count(digest_bytes(large).raw) for name in remote.names(INDEXES)) == 2
    chunks_of = [{raw for side in sides for raw, _, _ in index_entries(remote.get(side)[0])} for sides in (first, second)]
    assert min(len(chunks_of[0] - chunks_of[1]), len(chunks_of[1] - chunks_of[0])) > 5
    renewed(one, {"large": large})
    one.push("data/set")
    clear(one)
    left = {raw for name in remote.names(INDEXES) for raw, _, _ in index_entries(remote.get(name)[0])}
    assert chunks_of[1] - left == set()
    assert len(chunks_of[0] & left) > 5
    fresh.pull()
    assert fresh.files("data/set") == {"large": large}
    assert fresh.files("data/other") == {"large": large}


def test_files_that_were_left_out_are_found_in_the_packs_that_were_written_anew(one, other):
    keep(one)
    files = {str(n): some(n) for n in range(40)}
    renewed(one, files)
    one.push("data/set")
    rest = {str(n): files[str(n)] for n in range(8)}
    renewed(one, rest)
    one.push("data/set")
    other.pull(lazy=True)
    assert other.app.blobs.get(digest_bytes(files["3"])) == files["3"]  # now it knows which packs there are
    assert clear(one).rewritten == 1
    assert other.files("data/set") == rest


# ---- by somebody who has nothing of it


def test_an_owner_who_has_nothing_of_it_here_collects_by_what_is_there(one, other, fresh, remote):
    files = {f"{n % 10}/{n}": n.to_bytes(4, "big") * 20 for n in range(6_000)}
    files["large"] = some(99, 24_000_000)  # its list has groups
    renewed(one, {**files, **{f"more-{n}": some(n) for n in range(30)}})
    one.push("data/set")
    renewed(one, files)
    one.push("data/set")
    keep(other)
    cleared = clear(other)
    assert (len(cleared.given), cleared.rewritten) == (1, 1)
    assert list(other.app.blobs.digests()) == []
    fresh.pull()
    assert fresh.files("data/set") == files
    assert clear(other).size_bytes == 0


# ---- erasures


def test_what_an_erasure_took_goes_from_the_remote_whatever_names_it(one, other, fresh, place, remote):
    people = [f"Q7W-{number:04}" for number in range(300)]
    pq.write_table(pa.table({"id": people, "x": range(300)}), one.root / "t.parquet")
    made = one.app.artifacts.add(ANA, "data/people", one.root / "t.parquet").artifact
    one.add("data/set", {str(n): some(n) for n in range(8)})
    one.push("data/people", "data/set")
    one.app.erasures.erase(ANA, Demand("Q7W-0049", "request 81", "id"))
    cleared = clear(one)
    assert [(given.digest, given.erased) for given in cleared.given] == [(made.digest, True)]
    assert remote.get(artifact_name(made.digest)) is None
    kept = b"".join(remote.get(name)[0] for name in (*remote.names(PACKS), *remote.names(OBJECTS)))
    assert all(part.blob.raw not in kept and object_name(part.blob) not in remote.names(OBJECTS) for part in made.parts)
    assert b"Q7W-0049" not in kept
    with pytest.raises(ArtifactNotFound, match="given up there"):
        fresh.pull("data/people")
    one.push("data/people")
    fresh.pull()
    left = fresh.app.refs.artifact(ANA, "data/people")
    fresh.app.artifacts.verify(left.digest)
    assert left.facts["rows"] == 299
    assert fresh.files("data/set") == {str(n): some(n) for n in range(8)}


def test_after_an_erasure_no_dead_record_is_left_in_any_pack(one, fresh, remote):
    keep(one)
    files = {str(n): some(n) for n in range(40)}
    renewed(one, files)
    one.push("data/set")
    rest = {str(n): files[str(n)] for n in range(39)}
    renewed(one, rest)
    one.push("data/set")
    assert clear(one).rewritten == 0
    pq.write_table(pa.table({"id": ["Q7W-0049"], "x": [1]}), one.root / "t.parquet")
    one.app.artifacts.add(ANA, "data/people", one.root / "t.parquet")
    one.app.erasures.erase(ANA, Demand("Q7W-0049", "request 81", "id"))
    assert clear(one).rewritten == 1
    assert all(files["39"] not in remote.get(name)[0] for name in remote.names(PACKS))
    fresh.pull()
    assert fresh.files("data/set") == rest


# ---- refusals


def test_only_owners_may_and_the_remote_must_be_named_in_the_settings(one):
    one.app.principals.create(ANA, "bo")
    with pytest.raises(Denied, match="nothing was given up in the remote"):
        one.app.remotes.clear(Context(PrincipalId("bo"), "main"))
    with pytest.raises(Invalid, match="there is no remote else"):
        clear(one, name="else")
    with pytest.raises(Invalid, match="nothing was given up"):
        clear(one, unused_days=-1)


def damaged_manifest(remote, made):
    """Return the name of the pack that holds a manifest, and its bytes with the manifest altered."""
    raw = made.parts[0].blob.raw
    for name in remote.names(PACKS):
        content = remote.get(name)[0]
        at = content.find(raw)
        if at > 0:
            return name, content[: at + 60] + bytes([content[at + 60] ^ 1]) + content[at + 61 :]
    raise AssertionError("no pack holds it")


def test_when_a_list_of_files_cannot_be_read_nothing_is_removed(one, other, place, remote):
    made, _ = three_versions(one)
    keep(other)
    replace(place, *damaged_manifest(remote, made[2]))
    before = names_of(remote)
    with pytest.raises(Corrupt, match="nothing was given up in the remote"):
        clear(other)
    assert names_of(remote) == before
    assert decode_fence(remote.get(FENCE)[0]).sweeper is None


@pytest.mark.parametrize("what", ["record", "ref", "index"])
def test_when_a_record_cannot_be_read_nothing_is_removed(one, place, remote, what):
    keep(one)
    made, _ = three_versions(one)
    name = {"record": artifact_name(made[2].digest), "ref": ref_name(SET), "index": next(iter(remote.names(INDEXES)))}[what]
    replace(place, name, b"{}")
    before = names_of(remote)
    cache = one.root / ".remint" / "cache" / "remotes" / "team"
    for path in cache.glob("*.idx"):
        path.unlink()
    with pytest.raises(Corrupt):
        clear(one)
    assert names_of(remote) == before


def test_a_needed_record_that_is_damaged_everywhere_stops_it_before_anything_goes(one, place, remote):
    keep(one)
    files = {str(n): some(n) for n in range(40)}
    renewed(one, files)
    one.push("data/set")
    name = next(iter(remote.names(PACKS)))
    renewed(one, {"7": files["7"]})
    one.push("data/set")
    content = remote.get(name)[0]
    at = content.index(files["7"][:50])
    replace(place, name, content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    for pack in (one.root / ".remint" / "store" / "packs").glob("*.pack"):
        pack.unlink()  # here it is sound
    before = names_of(remote)
    with pytest.raises(Corrupt, match="nothing was given up in the remote"):
        clear(one)
    assert names_of(remote) == before
