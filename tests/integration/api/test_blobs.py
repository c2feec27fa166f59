"""Blobs go in and out many at once; having their bytes counts, and knowing a digest, or that somebody has them, does not."""

import http.client
import json
import time
from contextlib import contextmanager
from dataclasses import replace
from random import Random

import pyarrow as pa
import pytest

from remint.adapters.blobs.frames import IN_MEMORY_BYTES
from remint.adapters.tables.parquet import write_segment
from remint.core.artifact import Artifact, Kind, Part, files_digest
from remint.core.digest import digest_bytes
from remint.core.frame import MEDIA, Frame, Frames
from remint.core.manifest import Segment, encode, manifest_digest, rows_of
from remint.core.plain import to_json
from remint.ports.usecases.erasures import Demand
from remint.server.api.blobs import MOST_ARTIFACTS, MOST_DIGESTS
from tests.support.api import PREFIX
from tests.support.policies import ALLOW_ALL

NOWHERE = "b3:" + "0" * 64
LARGE = Random(1).randbytes(IN_MEMORY_BYTES + 100_000)


def frames(*contents, whole=False):
    return b"".join(Frame(digest_bytes(content), len(content), whole).header() + content for content in contents)


def code(*contents):
    """Return the record of a snapshot of code that has these files."""
    parts = tuple(Part(f"{number}.py", digest_bytes(content), len(content)) for number, content in enumerate(contents))
    return coded(*parts)


def coded(*parts):
    return Artifact(files_digest(Kind.CODE, parts), Kind.CODE, parts, {"files": len(parts)})


def set_of(files):
    """Return the record of a set of files, and its manifest."""
    rows = rows_of((path, digest_bytes(content), len(content)) for path, content in files.items())
    part = Part(rows.paths[0], digest_bytes(encode(rows)), rows.size_bytes)
    digest = manifest_digest([Segment(part.blob, len(rows), rows.size_bytes)])
    facts = {"files": len(rows), "bytes": rows.size_bytes, "segment_rows": [len(rows)]}
    return Artifact(digest, Kind.FILES, (part,), facts), encode(rows)


def send(api, *contents, token=None, whole=False):
    answer = api.ask("PUT", "/blobs", token, content=frames(*contents, whole=whole))
    assert answer.json() == {"blobs": len(contents), "size_bytes": sum(map(len, contents))}


def record(api, *artifacts, like=(), token=None):
    return api.ask("POST", "/records", token, json={"artifacts": to_json(artifacts), "like": list(like)})


def lacking(api, *contents, artifacts=(), token=None):
    names = {digest_bytes(content): content for content in contents}
    answer = api.ask("POST", "/blobs/lacking", token, json={"digests": list(names), "artifacts": list(artifacts)})
    assert answer.status_code == 200, answer.text
    return [names[digest] for digest in answer.json()["digests"]]


def sending(api, artifacts, digests, token=None):
    return api.ask("POST", "/blobs/sending", token, json={"artifacts": list(artifacts), "digests": list(digests)})


def unpacked(answer):
    """Return the contents of frames, in order."""
    frames, held = Frames(), {}
    for piece in frames.feed(answer.content):
        held[piece.frame.digest] = held.get(piece.frame.digest, b"") + piece.content
    assert frames.is_between
    assert [digest_bytes(content) for content in held.values()] == list(held)
    return list(held.values())


def log_of(api):
    with api.app.catalog.read() as tx:
        return [json.loads(leaf) for leaf in tx.entries.leaves(after=0)]


@contextmanager
def nothing_recorded(api, *denied):
    """Require that no artifact is recorded, and no entry but refusals by some rules."""

    def stands():
        with api.app.catalog.read() as tx:
            return {artifact.digest for artifact, _ in tx.reach.artifacts()}

    before, count = stands(), len(log_of(api))
    yield
    assert stands() == before
    assert [(one["decision"], one["facts"].get("rule")) for one in log_of(api)[count:]] == [("deny", rule) for rule in denied]


def test_blobs_that_were_sent_and_recorded_are_read_back_byte_for_byte(api):
    contents = [b"", b"first", LARGE, b"x" * 70_000]
    send(api, *contents)
    made = code(*contents)
    answer = record(api, made)
    assert (answer.status_code, answer.json()) == (201, {"artifacts": [to_json(made)]})
    assert record(api, made).json() == {"artifacts": [api.ask("GET", f"/artifacts/{made.digest}").json()]} == answer.json()
    given = sending(api, [made.digest], [part.blob for part in made.parts])
    assert (given.headers["content-type"], given.headers["cache-control"]) == (MEDIA, "no-store")
    assert unpacked(given) == contents
    told = [one for one in log_of(api) if one["resource"] == f"artifact {made.digest}"]
    assert [(one["action"], one["by"]) for one in told] == [*[("artifact:add", "ana")] * 2, ("artifact:read", "ana")]
    assert told[0]["facts"] == {"artifacts": [made.digest]}


def test_a_set_of_files_is_recorded_like_one_that_was_added_here(api):
    files = {"a/one.txt": b"file one", "a/two.txt": b"file two", "b.txt": b"file one"}
    made, manifest = set_of(files)
    send(api, manifest, b"file one", b"file two", token=api.bo)
    assert record(api, made, token=api.bo).status_code == 201
    assert api.ask("GET", f"/artifacts/{made.digest}/files/a/two.txt").content == b"file two"
    place = api.project.root / "the set"
    for path, content in files.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_bytes(content)
    assert api.app.artifacts.add(api.project.ana, "data/the-set", place).artifact == made


def test_a_blob_that_is_to_be_one_file_is_one(api):
    send(api, b"opened by path", whole=True)
    name = digest_bytes(b"opened by path").hex
    place = api.project.root / ".remint" / "store" / "objects" / name[:2] / name[2:]
    assert place.read_bytes() == b"opened by path"


def test_blobs_are_given_once_each_as_asked_and_only_those_of_the_artifacts(api):
    one, other = code(b"of one"), code(b"of another", b"of both")
    send(api, b"of one", b"of another", b"of both", b"of none")
    assert record(api, one, other).status_code == 201
    asked = [digest_bytes(content) for content in (b"of none", b"of both", b"of one", b"of both", b"of another")]
    assert unpacked(sending(api, [one.digest, other.digest], asked)) == [b"of both", b"of one", b"of another"]
    assert sending(api, [one.digest], [digest_bytes(b"of both")]).content == b""


@pytest.mark.parametrize("end", [20, 41, 47])
def test_a_stream_that_ends_within_a_blob_keeps_those_before_it(api, end):
    first, second = b"whole %d" % end, b"not whole %d" % end
    answer = api.ask("PUT", "/blobs", content=frames(first) + frames(second)[:end])
    assert (answer.status_code, answer.json()) == (200, {"blobs": 1, "size_bytes": len(first)})
    assert lacking(api, first, second) == [second]


def test_a_connection_that_breaks_off_keeps_the_blobs_that_were_whole(api):
    stream = frames(b"before it broke", LARGE[:-1])
    connection = http.client.HTTPConnection(api.url.removeprefix("http://"))
    connection.putrequest("PUT", f"{PREFIX}/blobs")
    connection.putheader("Authorization", f"Bearer {api.ana}")
    connection.putheader("Content-Length", str(len(stream)))
    connection.endheaders()
    connection.send(stream[:-1000])
    connection.close()
    until_s = time.monotonic() + 20
    while lacking(api, b"before it broke") and time.monotonic() < until_s:
        time.sleep(0.05)
    assert lacking(api, b"before it broke", LARGE[:-1]) == [LARGE[:-1]]
    assert list((api.project.root / ".remint" / "scratch").glob("*.arriving")) == []


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("size_bytes", [10, IN_MEMORY_BYTES + 1])
def test_other_bytes_than_the_digest_says_are_refused_and_those_before_stay(api, size_bytes, whole):
    before, said, sent, after = (Random(f"{name} {size_bytes} {whole}").randbytes(size_bytes) for name in "abcd")
    header = Frame(digest_bytes(said), size_bytes, whole).header()
    answer = api.ask("PUT", "/blobs", content=frames(before) + header + sent + frames(after))
    assert (answer.status_code, answer.json()["facts"]["rule"]) == (422, "digest")
    assert lacking(api, before, said, sent, after) == [said, sent, after]
    assert list((api.project.root / ".remint" / "scratch").glob("*.arriving")) == []


@pytest.mark.parametrize("garbage", [b"{}" * 30, b"\xff" * 41, frames(b"x")[:40] + b"\x02x"])
def test_what_is_no_stream_of_blobs_is_refused(api, garbage):
    answer = api.ask("PUT", "/blobs", content=garbage)
    assert (answer.status_code, answer.json()["facts"]["rule"]) == (422, "frames")


def test_who_did_not_send_a_blob_lacks_it_whoever_else_has_it(api):
    send(api, b"sent by ana")
    api.add("added.txt", b"added by ana", "data/added")
    asked = (b"nobody has it", b"sent by ana", b"added by ana")
    assert lacking(api, *asked, token=api.bo) == list(asked)
    assert lacking(api, *asked) == [b"nobody has it", b"added by ana"]
    send(api, b"sent by ana", token=api.bo)
    assert lacking(api, *asked, token=api.bo) == [b"nobody has it", b"added by ana"]


def test_a_blob_of_an_artifact_that_the_caller_may_read_is_not_lacking_where_it_is_named(api):
    added = api.add("named.txt", b"in a set", "data/named")
    send(api, b"in some code")
    assert record(api, code(b"in some code")).status_code == 201
    named = [NOWHERE, code(b"in some code").digest, added]
    assert lacking(api, b"in a set", b"in some code", b"nowhere", artifacts=named, token=api.bo) == [b"nowhere"]
    assert lacking(api, b"in a set", artifacts=named[:2], token=api.bo) == [b"in a set"]


def test_a_record_of_what_somebody_else_sent_is_refused_unless_it_is_like_an_artifact_that_has_it(api):
    send(api, b"of an artifact", b"of no artifact")
    assert record(api, code(b"of an artifact")).status_code == 201
    both = code(b"of an artifact", b"of no artifact")
    with nothing_recorded(api):
        answer = record(api, both, token=api.bo)
        assert (answer.status_code, answer.json()["facts"]["rule"]) == (409, "lacking")
        assert answer.json()["facts"]["lacking"] == [part.blob for part in both.parts]
        answer = record(api, both, like=[code(b"of an artifact").digest, NOWHERE], token=api.bo)
        assert answer.json()["facts"]["lacking"] == [both.parts[1].blob]
    changed = code(b"of an artifact", b"of bo")
    send(api, b"of bo", token=api.bo)
    assert record(api, changed, like=[code(b"of an artifact").digest], token=api.bo).status_code == 201


def test_a_set_is_refused_without_the_files_that_its_manifest_names(api):
    made, manifest = set_of({"known.txt": b"known to ana alone"})
    send(api, b"known to ana alone")
    send(api, manifest, token=api.bo)
    with nothing_recorded(api):
        answer = record(api, made, token=api.bo)
        assert (answer.status_code, answer.json()["facts"]["lacking"]) == (409, [digest_bytes(b"known to ana alone")])


def test_what_was_given_up_is_lacking_and_may_be_sent_again(api):
    content = b"given up"
    made, manifest = set_of({"given-up.txt": content})
    assert api.add("given-up.txt", content, "data/given-up") == made.digest
    live = {digest.raw for digest in api.app.blobs.digests()} - {digest_bytes(manifest).raw, digest_bytes(content).raw}
    api.app.blobs.sweep(lambda: live, thorough=True)
    assert lacking(api, manifest, content, artifacts=[made.digest]) == [manifest, content]
    send(api, manifest, content)
    assert record(api, made).status_code == 201
    assert unpacked(sending(api, [made.digest], [digest_bytes(content)])) == [content]


@pytest.mark.parametrize(
    "change",
    [
        {"digest": digest_bytes(b"another")},
        {"parts": code(b"swapped", b"a part").parts},
        {"parts": code(b"a part").parts},
        {"kind": Kind.LOG},
    ],
    ids=["digest", "order", "fewer", "kind"],
)
def test_a_record_whose_parts_do_not_make_its_digest_is_refused(api, change):
    send(api, b"a part", b"swapped")
    with nothing_recorded(api):
        answer = record(api, code(b"in the same request"), replace(code(b"a part", b"swapped"), **change))
        assert answer.status_code >= 400
        answer = record(api, replace(code(b"a part", b"swapped"), **change))
        assert answer.json()["code"] == "blob-altered"


@pytest.mark.parametrize(
    ("path", "size_bytes"), [(path, 6) for path in ("../x", "/x", "a//b", "a/./b", "", "x\0")] + [("x", 5), ("x", 7), ("x", 0)]
)
def test_a_record_of_a_path_that_leaves_it_or_of_a_size_that_is_another_is_refused(api, path, size_bytes):
    send(api, b"a file")
    with nothing_recorded(api):
        assert record(api, coded(Part(path, digest_bytes(b"a file"), size_bytes))).status_code >= 400


NOTHINGS = [
    *((kind, b"{no JSON", {}) for kind in Kind),
    *((kind, b"[" * 100_000, {}) for kind in (Kind.METRICS, Kind.VALUE, Kind.ENVIRONMENT, Kind.DEFINITION)),
    *((Kind.MODEL, b"no zip", facts) for facts in ({"format": "none"}, {"format": "skops"}, {"format": ["skops"]})),
    *((Kind.FILES, b"no manifest", {"segment_rows": rows}) for rows in (1, "x", [[1]], {"a": 1})),
]


@pytest.mark.parametrize(("kind", "content", "facts"), NOTHINGS, ids=range(len(NOTHINGS)))
def test_a_record_of_bytes_that_are_nothing_of_the_kind_is_refused_in_words(api, kind, content, facts):
    send(api, content)
    with nothing_recorded(api):
        answer = record(api, Artifact(digest_bytes(b"nothing"), kind, (Part("x", digest_bytes(content), len(content)),), facts))
        assert answer.status_code >= 400
        assert answer.json()["code"] != "remint-error", answer.text


def test_a_record_that_says_that_a_source_keeps_it_is_refused(api):
    send(api, b"pinned")
    with nothing_recorded(api):
        answer = record(api, replace(code(b"pinned"), facts={"files": 1, "pinned": {"source": "x"}}))
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


BODIES = {
    "/blobs/lacking": {"digests": [NOWHERE], "artifacts": []},
    "/blobs/sending": {"digests": [NOWHERE], "artifacts": [NOWHERE]},
    "/records": {"artifacts": to_json([code(b"x")]), "like": []},
}


@pytest.mark.parametrize(("path", "name"), [(path, name) for path, body in BODIES.items() for name in body])
def test_more_than_a_request_may_name_is_refused(api, path, name):
    most = MOST_DIGESTS if name == "digests" else MOST_ARTIFACTS
    answer = api.ask("POST", path, json={**BODIES[path], name: (BODIES[path][name] or [NOWHERE]) * (most + 1)})
    assert (answer.status_code, f"length <= {most}" in answer.json()["detail"]) == (422, True)


ROUTES = [("PUT", "/blobs"), ("POST", "/blobs/lacking"), ("POST", "/blobs/sending"), ("POST", "/records")]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nobody_is_answered_without_a_token(api, method, path):
    with nothing_recorded(api):
        answer = api.client.request(method, PREFIX + path, content=frames(b"of nobody"))
        assert answer.status_code == 401
    assert lacking(api, b"of nobody") == [b"of nobody"]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_who_may_not_do_it_is_refused_and_nothing_is_done(api, method, path):
    scope = "review" if path == "/blobs/sending" else "read"
    token = api.secret(api.project.ana, scopes=[scope])
    sent = {"content": frames(b"of a reader")} if method == "PUT" else {"json": BODIES[path]}
    with nothing_recorded(api, "token-scope"):
        assert api.ask(method, path, token, **sent).status_code == 403
    assert lacking(api, b"of a reader") == [b"of a reader"]


@pytest.fixture(scope="module")
def walled(api):
    """An artifact of main, one of each of two sandboxes, and a token that is bound to the first."""
    made = [api.add("main.txt", b"in main", "data/main")]
    for name in ("mine", "other"):
        api.app.refs.fork(api.project.ana, name)
        made.append(api.add(f"{name}.txt", f"in {name}".encode(), f"{name}:data/{name}"))
    return made, api.secret(api.project.ana, sandbox="mine")


def test_what_a_sandbox_does_not_see_is_not_told_to_its_token_and_not_given_out(api, walled):
    (in_main, mine, other), bound = walled
    hidden = digest_bytes(b"in other")
    with nothing_recorded(api, "sandbox-sight"):
        found = lacking(api, b"in main", b"in mine", b"in other", artifacts=[in_main, mine, other], token=bound)
        assert found == [b"in other"]
        assert record(api, code(b"in other"), like=[other], token=bound).json()["facts"]["lacking"] == [hidden]
        answers = [sending(api, [digest], [hidden], bound) for digest in (other, NOWHERE)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json()["detail"] == answers[1].json()["detail"]
    assert unpacked(sending(api, [in_main, mine], [digest_bytes(b"in mine"), hidden], bound)) == [b"in mine"]


def test_what_its_principal_sent_from_outside_is_not_had_by_the_token_of_a_sandbox(api, walled):
    send(api, b"sent from outside")
    with nothing_recorded(api):
        assert lacking(api, b"sent from outside", token=walled[1]) == [b"sent from outside"]
        assert record(api, code(b"sent from outside"), token=walled[1]).status_code == 409


def test_what_the_token_of_a_sandbox_recorded_it_may_point_a_ref_at(api, walled):
    send(api, b"by an agent", token=walled[1])
    assert record(api, code(b"by an agent"), token=walled[1]).status_code == 201
    to = {"to": code(b"by an agent").digest, "reason": "made"}
    moved = api.ask("PUT", "/refs/data/agent", walled[1], json=to, headers={"If-None-Match": "*"})
    assert moved.status_code == 200, moved.text


def test_what_the_token_of_a_sandbox_uploaded_it_may_point_a_ref_at_in_one_request(api, walled):
    content = b"uploaded by an agent"
    began = api.ask("POST", "/uploads", walled[1], json={"digest": digest_bytes(content), "size_bytes": len(content)}).json()
    span = {"Content-Range": f"bytes 0-{len(content) - 1}/{len(content)}"}
    api.ask("PUT", f"/uploads/{began['id']}", walled[1], headers=span, content=content)
    api.ask("POST", f"/uploads/{began['id']}/complete", walled[1])
    body = {"files": [{"path": "a.txt", "upload": began["id"]}], "ref": {"name": "data/uploaded"}}
    added = api.ask("POST", "/artifacts", walled[1], json=body)
    assert added.status_code == 201, added.text


def test_what_a_policy_keeps_from_the_caller_is_lacking_and_not_given_out(api):
    kept, free = (api.add(f"{name}.txt", name.encode(), f"data/{name}") for name in ("kept", "free"))
    api.app.refs.fork(api.project.ana, "draft")
    place = api.project.root / "policy.cedar"
    forbids = f'@id("kept") forbid (principal, action == Action::"artifact:read", resource == Resource::"artifact {kept}");'
    place.write_text(ALLOW_ALL + forbids)
    api.app.artifacts.add(api.project.ana, "draft:policy/main", place)
    change = api.app.changes.propose(api.project.ana, ["draft:policy/main"]).change.id
    api.app.changes.approve(api.project.bo, change)
    api.app.changes.merge(api.project.ana, change)
    with nothing_recorded(api, "policy:kept"):
        assert lacking(api, b"kept", b"free", artifacts=[kept, free]) == [b"kept"]
        assert record(api, code(b"kept"), like=[kept]).status_code == 409
        answer = sending(api, [free, kept], [digest_bytes(b"free"), digest_bytes(b"kept")])
        assert (answer.status_code, answer.json()["facts"]["rule"]) == (403, "policy:kept")
    assert unpacked(sending(api, [free], [digest_bytes(b"free"), digest_bytes(b"kept")])) == [b"free"]


def test_what_an_erasure_took_is_not_given_out_and_not_taken_in_again(api):
    place = api.project.root / "people.parquet"
    write_segment(pa.table({"id": [f"p{number}" for number in range(30)]}), place)
    table = api.app.artifacts.add(api.project.ana, "data/people", place).artifact
    contents = [api.app.blobs.get(part.blob) for part in table.parts]
    api.app.erasures.erase(api.project.ana, Demand("p25", "asked", "id"))
    send(api, *contents)
    with nothing_recorded(api):
        for answer in (record(api, table), sending(api, [table.digest], [table.parts[0].blob])):
            assert (answer.status_code, answer.json()["code"]) == (409, "artifact-erased")
        assert lacking(api, *contents, artifacts=[table.digest], token=api.bo) == contents
        assert record(api, coded(*table.parts), like=[table.digest], token=api.bo).status_code == 409
