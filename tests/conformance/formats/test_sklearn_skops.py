"""Scikit-learn models: what is saved comes back, is named by its content, and harms nobody."""

import importlib.util
import io
import json
import re
import runpy
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("skops", reason="not installed: skops, of the extra remint[sklearn]")

from remint.adapters.formats.sklearn_skops import content_digest, differences, load, save, types_in
from remint.adapters.formats.skops_arrays import ArrayLeaf, read_array
from remint.adapters.formats.skops_tree import VOLATILE, read_model
from remint.adapters.formats.skops_trust import TRUSTED
from remint.errors import Unavailable

FAMILIES = Path(__file__).with_name("fit_families.py")
FILES = runpy.run_path(str(Path(__file__).with_name("skops_files.py")))
members_of, packed, with_schema = FILES["members_of"], FILES["packed"], FILES["with_schema"]
NAMES = re.findall(r'yield \(?\s*"([a-z-]+)"', FAMILIES.read_text())


@pytest.mark.parametrize("name", NAMES)
def test_a_model_has_one_digest_in_every_process(fitted, name):
    files = [(folder / f"{name}.skops").read_bytes() for folder in fitted]
    assert len(set(files)) == 3
    assert [differences(files[0], file) for file in files] == [None, None, None]
    assert len({content_digest(file) for file in files}) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_model_keeps_its_digest_through_loading(fitted, name):
    file = (fitted[0] / f"{name}.skops").read_bytes()
    assert content_digest(save(load(file))) == content_digest(file)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "search"])
def test_every_number_of_a_model_is_in_its_digest(fitted, name):
    file = (fitted[0] / f"{name}.skops").read_bytes()
    members = members_of(file)
    digests = {content_digest(file)}
    arrays = [member for member in members if member.endswith(".npy")]
    for member in arrays:
        changed = nudged(members[member])
        if changed is not None:
            digests.add(content_digest(packed({**members, member: changed})))
    assert len(digests) == 1 + sum(nudged(members[member]) is not None for member in arrays)


def nudged(content):
    """Return an array file with its last number moved by the least step, or None where there is no number."""
    array = read_array(content, "x").values.copy()
    part = array[array.dtype.names[-3]] if array.dtype.names else array
    if not part.size or part.dtype.kind not in "iufb":
        return None
    part.reshape(-1)[-1:] = np.nextafter(part.reshape(-1)[-1:], np.inf) if part.dtype.kind == "f" else part.reshape(-1)[-1:] ^ 1
    file = io.BytesIO()
    np.save(file, array)
    return None if file.getvalue() == content else file.getvalue()


def family():
    spec = importlib.util.spec_from_file_location("fit_families", FAMILIES)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["boosted", "boosted-categories", "forest", "columns", "text", "bag", "isolation", "search"])
def test_a_loaded_model_predicts_as_before(fitted, name):
    estimator, (x, y) = {found: (model, given) for found, model, given in family().families(1)}[name]
    expected = estimator.fit(x, y).predict(x)
    assert (load((fitted[0] / f"{name}.skops").read_bytes()).predict(x) == expected).all()


def test_a_compressed_file_has_the_digest_of_a_plain_one(boosted):
    assert content_digest(packed(members_of(boosted), zipfile.ZIP_DEFLATED)) == content_digest(boosted)


def test_memory_order_and_byte_order_are_no_part_of_a_digest():
    values = np.arange(12.0).reshape(3, 4)
    forms = [values, np.asfortranarray(values), values.astype(">f8")]
    saved = []
    for form in forms:
        file = io.BytesIO()
        np.save(file, form)
        saved.append(read_array(file.getvalue(), "x").raw)
    assert len(set(saved)) == 1


def test_padding_between_fields_is_no_part_of_a_digest():
    dtype = np.dtype([("flag", "u1"), ("value", "<f8")], align=True)
    dirty = np.frombuffer(bytes(range(32)), dtype=dtype)
    clean = np.zeros(2, dtype=dtype)
    clean["flag"], clean["value"] = dirty["flag"], dirty["value"]
    assert ArrayLeaf(dirty).raw == ArrayLeaf(clean).raw


def test_the_digest_of_a_small_file_never_changes():
    array = io.BytesIO()
    np.save(array, np.array([[1.0, -0.0]]))
    text = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "is_json": True}
    kinds = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "__id__": 3}
    kind = {"__class__": "str", "__module__": "builtins", "__loader__": "TypeNode", "__id__": 4}
    coefficients = {"__class__": "ndarray", "__module__": "numpy", "__loader__": "NdArrayNode", "type": "numpy"}
    content = {
        "coef_": {**coefficients, "file": "5.npy", "__id__": 5},
        "n_jobs": {**text, "content": "2", "__id__": 6},
        "C": {**text, "content": "0.5", "__id__": 7},
    }
    attributes = {"__class__": "dict", "__module__": "builtins", "__loader__": "DictNode", "__id__": 2, "content": content}
    attributes["key_types"] = {**kinds, "content": [kind, kind, kind]}
    root = {"__class__": "LogisticRegression", "__module__": "sklearn.linear_model._logistic", "__loader__": "ObjectNode"}
    schema = {**root, "content": attributes, "__id__": 1, "protocol": 2, "_skops_version": "0.16.0"}
    file = packed({"5.npy": array.getvalue(), "schema.json": json.dumps(schema).encode()})
    assert content_digest(file) == "b3:03ab20069d7fdeaa401d67fd0f2d9094cf5b9b59b5df1473efc840567257d5bf"


def test_a_difference_is_told_with_its_place_and_size(boosted):
    members = members_of(boosted)

    def bigger(content):
        array = read_array(content, "x").values.copy()
        array["value"] += 0.013
        file = io.BytesIO()
        np.save(file, array)
        return file.getvalue()

    nodes = [name for name, content in members.items() if name.endswith(".npy") and b"bitset_idx" in content[:600]]
    changed = packed({**members, nodes[3]: bigger(members[nodes[3]])})
    assert re.fullmatch(
        r"_predictors\[3\]\[0\]\.nodes\.value: \d+ of \d+ numbers differ, largest 0\.013", differences(boosted, changed)
    )


def test_a_changed_parameter_is_told(boosted):
    def faster(schema):
        schema["content"]["content"]["learning_rate"]["content"] = "0.2"
        schema["content"]["content"]["learning_rate"]["__id__"] = 1

    assert differences(boosted, with_schema(boosted, faster)) == "learning_rate: 0.1 against 0.2"


def test_models_of_other_kinds_are_told_apart(fitted, boosted, forest):
    assert differences(boosted, forest).startswith("the model: sklearn.ensemble._hist_gradient_boosting.")
    shorter = read_model((fitted[0] / "boosted.skops").read_bytes())
    assert shorter.digest != content_digest(boosted)


def test_every_volatile_field_has_a_reason():
    assert all(len(rule.reason) > 15 for rule in VOLATILE)


def test_a_duration_of_a_search_is_no_part_of_its_digest(fitted):
    file = (fitted[0] / "search.skops").read_bytes()

    def slower(schema):
        schema["content"]["content"]["refit_time_"]["content"] = "99.5"
        schema["content"]["content"]["refit_time_"]["__id__"] = 1

    assert content_digest(with_schema(file, slower)) == content_digest(file)


def test_the_threads_of_a_clustering_are_no_part_of_its_digest(fitted):
    file = (fitted[0] / "kmeans.skops").read_bytes()

    def wider(schema):
        schema["content"]["content"]["_n_threads"] = {
            **schema["content"]["content"]["_n_threads"],
            "content": "64",
            "__id__": 1,
        }

    assert content_digest(with_schema(file, wider)) == content_digest(file)


def test_a_parameter_of_a_search_is_part_of_its_digest(fitted):
    file = (fitted[0] / "search.skops").read_bytes()

    def other(schema):
        schema["content"]["content"]["cv"] = {**schema["content"]["content"]["cv"], "content": "4", "__id__": 1}

    assert content_digest(with_schema(file, other)) != content_digest(file)


def test_types_are_known_without_loading(boosted):
    types = types_in(boosted)
    assert "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor" in types
    assert types <= TRUSTED


def test_a_digest_needs_neither_scikit_learn_nor_skops(boosted, tmp_path):
    (tmp_path / "model.skops").write_bytes(boosted)
    code = (
        "import sys; from pathlib import Path; from remint.adapters.formats.sklearn_skops import content_digest, differences\n"
        f"file = Path({str(tmp_path / 'model.skops')!r}).read_bytes(); content_digest(file); differences(file, file)\n"
        "sys.exit(any(name in sys.modules for name in ('sklearn', 'skops', 'scipy', 'pandas')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_missing_library_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "skops.io", None)
    with pytest.raises(Unavailable, match=r"remint\[sklearn\]"):
        save(object())
