"""Stories of what is signed about a model, by people, from outside, by a scan, and of its card; and the gates over them."""

import base64
import json
import sqlite3
import zipfile

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from remint.core.evidence import PAYLOAD_TYPE, PREDICATES, STATEMENT_TYPE, pre_authentication

VENDOR = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
CARD = "# Intended use\nWarns of delays.\n# Limits\nOne airport.\n"


def gated(project, *gates):
    """Add gates, and the key of the vendor, to the settings."""
    text = (project.root / "remint.toml").read_text()
    key = f'\n[keys]\nvendor = "{VENDOR.public_key().public_bytes_raw().hex()}"\n'
    project.write("remint.toml", text + "".join(f"{line}\n" for line in gates) + key)
    return project


def digest_of(project, ref="ana:model/late"):
    return project.cli("log", ref, "--json").json["moves"][0]["new"]


def envelope(digest, *, key=VENDOR, predicate="https://vendor.example/reviewed/v1", facts=None, **changed):
    inner = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": "late", "digest": {"blake3": digest.removeprefix("b3:")}}],
        "predicateType": predicate,
        "predicate": facts or {},
    }
    payload = json.dumps({**inner, **changed}).encode()
    signature = key.sign(pre_authentication(payload))
    return {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"keyid": "", "sig": base64.b64encode(signature).decode()}],
    }


def present(project, made, *, expect=0):
    project.write("statement.json", json.dumps(made))
    return project.cli("evidence", "add", "ana:model/late", "statement.json", expect=expect)


def gate(project, name, change="1"):
    review = project.cli("changes", "show", change, "--json").json
    return next((found["passed"], found["reason"]) for found in review["gates"] if found["name"] == name)


def proposed(project):
    project.cli("propose", "ana:model/late")
    project.cli("changes", "approve", "1", "--as", "bo")
    return project


# ---- signed


def test_a_change_waits_for_the_signature_that_the_gate_names(trained):
    proposed(gated(trained, 'signed = { by = "bo", predicate = "code-review", max_days = 30 }'))
    trained.cli("evidence", "sign", "ana:model/late", "--predicate", "code-review")
    assert gate(trained, "signed") == (False, "bo did not sign a statement code-review")
    trained.cli("evidence", "sign", "ana:model/late", "--predicate", "fairness", "--as", "bo")
    assert "gate signed" in trained.cli("changes", "merge", "1", expect=3).err
    trained.cli("evidence", "sign", "ana:model/late", "--predicate", "code-review", "--note", "read it all", "--as", "bo")
    assert gate(trained, "signed") == (True, "bo signed code-review")
    assert "read it all" in trained.cli("evidence", "list", "ana:model/late").out
    trained.cli("changes", "merge", "1")
    trained.cli("audit", "verify")


def test_what_a_vendor_signed_counts_while_its_key_is_trusted(trained):
    proposed(gated(trained, 'signed = { by = "key:vendor" }'))
    present(trained, envelope(digest_of(trained), facts={"note": "looked at"}))
    assert gate(trained, "signed") == (True, "key:vendor signed https://vendor.example/reviewed/v1")
    assert '"action":"evidence:add"' in trained.cli("audit", "export").out
    trained.edit("remint.toml", VENDOR.public_key().public_bytes_raw().hex(), OTHER.public_key().public_bytes_raw().hex())
    assert gate(trained, "signed") == (False, "key:vendor did not sign it")


def forged():
    return {
        "another key": lambda digest: envelope(digest, key=OTHER),
        "another payload": lambda digest: {**envelope(digest), "payload": envelope(digest, facts={"note": "x"})["payload"]},
        "no signature": lambda digest: {**envelope(digest), "signatures": []},
        "another model": lambda digest: envelope("b3:" + "0" * 64),
        "another type": lambda digest: {**envelope(digest), "payloadType": "text/plain"},
        "no statement": lambda digest: envelope(digest, _type="something else"),
        "no subject": lambda digest: envelope(digest, subject=[]),
        "a strange digest": lambda digest: envelope("b3:none"),
        "a strange subject": lambda digest: envelope(digest, subject=7),
        "no base64": lambda digest: {**envelope(digest), "payload": "…"},
        "a list": lambda digest: [],
    }


@pytest.mark.parametrize("how", sorted(forged()))
def test_an_attestation_that_does_not_hold_is_refused(trained, how):
    gated(trained)
    answer = present(trained, forged()[how](digest_of(trained)), expect=None)
    refused = {"another key": 3, "another payload": 3, "no signature": 3}
    assert answer.code == refused.get(how, 2), answer.err
    assert trained.cli("evidence", "list", "ana:model/late", "--json").json["attested"] == []


def test_a_refused_signature_is_an_entry(trained):
    present(gated(trained), envelope(digest_of(trained), key=OTHER), expect=3)
    assert '"rule":"trusted-key"' in trained.cli("audit", "export").out


@pytest.mark.parametrize(
    "edit",
    ["payload = cast(replace(cast(payload as text), 'fairness', 'security') as blob)", "by = 'bo'", "signature = zeroblob(64)"],
)
def test_evidence_that_was_edited_in_the_records_does_not_count(trained, edit):
    trained.cli("evidence", "sign", "ana:model/late", "--predicate", "fairness")
    database = sqlite3.connect(trained.root / ".remint/catalog.db")
    database.execute("drop trigger evidence_no_update")
    database.execute(f"update evidence set {edit} where predicate = 'attested'")
    database.commit()
    database.close()
    assert trained.cli("evidence", "list", "ana:model/late", "--json").json["attested"] == []


def test_nobody_signs_in_the_name_of_the_platform(trained):
    trained.cli("evidence", "sign", "ana:model/late", "--predicate", "reproduced")
    proposed(gated(trained, 'reproduced = { level = "content" }', "scanned = {}"))
    trained.cli("evidence", "sign", "ana:model/late", "--predicate", "scanned")
    assert gate(trained, "reproduced") == (False, "it was never regenerated")
    assert gate(trained, "scanned") == (False, "it was never scanned by remint")


def test_evidence_that_is_put_under_another_model_does_not_count(trained):
    trained.cli("evidence", "sign", "ana:model/late", "--predicate", "fairness")
    other = digest_of(trained, "data/points")
    database = sqlite3.connect(trained.root / ".remint/catalog.db")
    database.execute("drop trigger evidence_no_update")
    database.execute(f"update evidence set subject = '{other}' where predicate = 'attested'")
    database.commit()
    database.close()
    assert trained.cli("evidence", "list", "data/points", "--json").json["attested"] == []


# ---- scanned


def test_a_model_that_was_scanned_passes_and_one_that_was_not_does_not(trained):
    proposed(gated(trained, 'scanned = { severity = "low", max_days = 30 }'))
    assert "never scanned" in trained.cli("changes", "merge", "1", expect=3).err
    assert "nothing was found" in trained.cli("scan", "ana:model/late").out
    assert gate(trained, "scanned") == (True, "the scan by remint found nothing above low")
    trained.cli("changes", "merge", "1")


def test_a_pickle_is_found_and_named(trained):
    trained.write("bad/model.pkl", "cos\nsystem\n(S'true'\ntR.")
    with zipfile.ZipFile(trained.root / "bad/model.zip", "w") as archive:
        archive.writestr("inner.bin", b"\x80\x04N.")
    trained.cli("add", "bad", "--as", "data/bad")
    found = trained.cli("scan", "data/bad", "--json").json["findings"]
    assert [(one["path"], one["severity"]) for one in found] == [("model.pkl", "critical"), ("model.zip!inner.bin", "high")]
    assert "os.system" in found[0]["what"]
    assert "2 findings" in trained.cli("evidence", "list", "data/bad").out


def test_a_scan_from_outside_counts_where_the_gate_names_who_made_it(trained):
    proposed(gated(trained, 'scanned = { by = "key:vendor" }'))
    found = [{"severity": "high", "what": "a bad wheel"}]
    scan = PREDICATES + "scanned/v1"
    present(trained, envelope(digest_of(trained), predicate=scan, facts={"findings": found}))
    assert gate(trained, "scanned") == (False, "the scan by key:vendor found something high: a bad wheel (1 in all)")
    present(trained, envelope(digest_of(trained), predicate=scan, facts={"findings": "none"}))
    assert gate(trained, "scanned") == (False, "the newest scan by key:vendor cannot be read")
    present(trained, envelope(digest_of(trained), predicate=scan, facts={"findings": []}))
    assert gate(trained, "scanned")[0]


# ---- card-complete


def test_a_card_must_have_words_under_every_heading(trained):
    proposed(gated(trained, 'card-complete = { headings = ["Intended use", "Limits", "Contact"] }'))
    assert gate(trained, "card-complete") == (False, "it has no card")
    trained.write("card.md", CARD + "# Contact\n")
    assert "nothing under contact" in trained.cli("card", "set", "ana:model/late", "card.md").out
    assert gate(trained, "card-complete") == (False, "its card has nothing under Contact")
    trained.write("card.md", CARD + "# Contact\nana\n")
    trained.cli("card", "set", "ana:model/late", "card.md", "--as", "bo")
    assert gate(trained, "card-complete") == (True, "its card, by bo, has all headings")
    trained.cli("changes", "merge", "1")


def test_a_card_shows_what_is_recorded_and_lists_what_is_not(merged):
    shown = merged.cli("card", "show", "model/late", "--json").json
    assert (shown["recorded"]["estimator"], shown["recorded"]["makers"], shown["text"]) == ("LogisticRegression", "ana", "")
    assert "owner" in shown["missing"]
    merged.cli("inventory", "set", "model/late", "--owner", "ana", "--purpose", "warns")
    merged.write("card.md", CARD)
    merged.cli("card", "set", "model/late", "card.md")
    shown = merged.cli("card", "show", "model/late").out
    assert all(
        words in shown for words in ("owner        ana", "auc 0.", "not recorded team", "card         by ana", "One airport.")
    )


@pytest.mark.parametrize("text", ["no heading", "# x\n" + "y" * 200_001, b"\xff# x"])
def test_what_is_no_card_is_refused(trained, text):
    (trained.root / "card.md").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert "this is no card" in trained.cli("card", "set", "ana:model/late", "card.md", expect=2).err


@pytest.mark.parametrize(
    "line",
    [
        "signed = {}",
        "signed = { by = 7 }",
        'signed = { by = "bo", max_days = "soon" }',
        'scanned = { severity = "mild" }',
        "card-complete = {}",
        "card-complete = { headings = [] }",
        'card-complete = { headings = "Use" }',
    ],
)
def test_a_gate_that_cannot_be_judged_is_refused(trained, line):
    assert "cannot be judged" in gated(trained, line).cli("propose", "ana:model/late", expect=2).err


def test_a_key_that_is_none_is_refused(trained):
    trained.write("remint.toml", (trained.root / "remint.toml").read_text() + '[keys]\nvendor = "abc"\n')
    assert "keys.vendor is not understood" in trained.cli("propose", "ana:model/late", expect=2).err
