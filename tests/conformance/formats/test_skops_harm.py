"""Hostile skops files: whatever is in them, nothing of theirs runs and nothing but our errors comes out."""

import io
import json
import re
import runpy
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("skops", reason="not installed: skops, of the extra remint[sklearn]")

from remint.adapters.formats import skops_archive
from remint.adapters.formats.sklearn_skops import content_digest, load, save
from remint.adapters.formats.skops_arrays import read_array
from remint.adapters.formats.skops_trust import TRUSTED, refusal
from remint.errors import Corrupt, Denied, Invalid, LimitReached

FILES = runpy.run_path(str(Path(__file__).with_name("skops_files.py")))
members_of, packed, with_schema = FILES["members_of"], FILES["packed"], FILES["with_schema"]


def test_a_type_that_is_not_on_the_list_is_named():
    from sklearn.neighbors import KNeighborsClassifier

    model = KNeighborsClassifier(2, algorithm="kd_tree").fit([[0.0], [1.0], [2.0]], [0, 1, 1])
    with pytest.raises(Denied, match=r"sklearn\.neighbors"):
        save(model)


def test_a_refusal_says_why():
    from sklearn.svm import SVC

    with pytest.raises(Denied, match=r"sklearn\.svm\._classes\.SVC") as caught:
        save(SVC().fit([[0.0], [1.0]], [0, 1]))
    assert "libsvm" in caught.value.why


@pytest.mark.parametrize(
    ("module", "name", "loader"),
    [
        ("os", "system", "FunctionNode"),
        ("builtins", "eval", "TypeNode"),
        ("sklearn.utils", "all_estimators", "FunctionNode"),
        ("operator", "methodcaller", "OperatorFuncNode"),
        ("sklearn.ensemble._gb", "GradientBoostingClassifier", "ObjectNode"),
    ],
)
def test_a_file_cannot_bring_a_type_of_its_own(boosted, module, name, loader):
    def smuggle(schema):
        schema["content"]["content"]["scoring"] = {"__class__": name, "__module__": module, "__loader__": loader, "attrs": None}

    with pytest.raises(Denied, match=name) as caught:
        load(with_schema(boosted, smuggle))
    assert caught.value.facts["types"] == [f"{module}.{name}"]


def test_a_call_with_bound_arguments_is_loaded_only_for_what_the_library_itself_binds(boosted):
    def smuggle(schema):
        text = json.dumps(schema).replace('"check_array"', '"eval"').replace("sklearn.utils.validation", "builtins")
        schema.update(json.loads(text))

    with pytest.raises(Denied) as caught:
        load(with_schema(boosted, smuggle))
    assert caught.value.facts["types"] == ["functools.partial(builtins.eval)", "builtins.eval"]


def test_a_method_is_never_loaded(boosted):
    def smuggle(schema):
        owner = {"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode", "content": '"x"'}
        method = {"__class__": "str", "__module__": "builtins", "__loader__": "MethodNode"}
        schema["content"]["content"]["scoring"] = {**method, "content": {"func": "format", "obj": owner}}

    with pytest.raises(Denied, match=r"builtins\.str\.format"):
        load(with_schema(boosted, smuggle))


def test_a_function_of_ones_own_cannot_be_saved():
    from sklearn.preprocessing import FunctionTransformer

    with pytest.raises((Denied, Invalid)):
        save(FunctionTransformer(lambda rows: rows))


def test_the_list_covers_what_the_library_trusts_or_says_why_not():
    from sklearn.utils import all_estimators

    unlisted = {f"{kind.__module__}.{name}" for name, kind in all_estimators()} - TRUSTED
    silent = {name for name in unlisted if refusal(name).startswith("it is not on the list")}
    assert silent == {
        "sklearn.decomposition._dict_learning.DictionaryLearning",
        "sklearn.decomposition._dict_learning.MiniBatchDictionaryLearning",
        "sklearn.decomposition._dict_learning.SparseCoder",
        "sklearn.ensemble._forest.RandomTreesEmbedding",
        "sklearn.feature_extraction.image.PatchExtractor",
        "sklearn.impute._knn.KNNImputer",
        "sklearn.manifold._classical_mds.ClassicalMDS",
        "sklearn.manifold._isomap.Isomap",
        "sklearn.manifold._locally_linear.LocallyLinearEmbedding",
        "sklearn.manifold._mds.MDS",
        "sklearn.manifold._spectral_embedding.SpectralEmbedding",
        "sklearn.manifold._t_sne.TSNE",
        "sklearn.semi_supervised._label_propagation.LabelPropagation",
        "sklearn.semi_supervised._label_propagation.LabelSpreading",
    }


def altered_nodes(file, field, value, marker):
    """Return a file where the first node of the first tree has another number."""
    members = members_of(file)
    name = next(name for name, content in members.items() if name.endswith(".npy") and marker in content[:800])
    array = read_array(members[name], name).values.copy()
    array[field][0] = value
    content = io.BytesIO()
    np.save(content, array)
    return packed({**members, name: content.getvalue()})


@pytest.mark.parametrize(
    ("field", "value"),
    [("left", 10**6), ("left", 0), ("right", 0), ("feature_idx", 4), ("feature_idx", -1), ("bitset_idx", 10**6)],
)
def test_a_boosted_tree_that_reads_foreign_memory_is_refused(boosted, field, value):
    file = altered_nodes(boosted, field, value, b"bitset_idx")
    if field == "bitset_idx":
        file = altered_nodes(altered_nodes(file, "is_categorical", 1, b"bitset_idx"), "feature_idx", 0, b"bitset_idx")
    with pytest.raises(Corrupt, match="a node of a tree"):
        load(file)


def test_a_number_taken_for_a_category_is_refused(boosted):
    file = altered_nodes(altered_nodes(boosted, "is_categorical", 1, b"bitset_idx"), "feature_idx", 3, b"bitset_idx")
    with pytest.raises(Corrupt, match="takes a number for a category"):
        load(file)


@pytest.mark.parametrize(
    ("field", "value"), [("left_child", 10**9), ("left_child", 0), ("right_child", -5), ("feature", 6), ("feature", -3)]
)
def test_a_tree_of_a_forest_that_reads_foreign_memory_is_refused(forest, field, value):
    with pytest.raises(Corrupt):
        load(altered_nodes(forest, field, value, b"left_child"))


def tree_states(part):
    if isinstance(part, dict):
        if part.get("__loader__") == "TreeNode":
            yield part
        for child in part.values():
            yield from tree_states(child)
    if isinstance(part, list):
        for child in part:
            yield from tree_states(child)


def test_a_tree_outside_of_a_model_is_refused(boosted, forest):
    members = members_of(forest)
    tree = next(tree_states(json.loads(members["schema.json"])))
    used = {name: content for name, content in members.items() if name in json.dumps(tree)}
    tree = json.loads(re.sub(r'("__id__": |"file": ")(\d)', r"\g<1>9\g<2>", json.dumps(tree)))

    def plant(schema):
        schema["content"]["content"]["scoring"] = tree

    with pytest.raises(Corrupt, match="outside of a model"):
        load(packed({**members_of(with_schema(boosted, plant)), **{f"9{name}": held for name, held in used.items()}}))


def test_a_sparse_matrix_with_foreign_columns_is_refused(fitted):
    file = (fitted[0] / "projection.skops").read_bytes()
    members = members_of(file)
    name = next(name for name in members if name.endswith(".npz"))
    inner = members_of(members[name])
    indices = read_array(inner["indices.npy"], "x").values.copy()
    indices[0] = 10**6
    content = io.BytesIO()
    np.save(content, indices)
    with pytest.raises(Corrupt):
        load(packed({**members, name: packed({**inner, "indices.npy": content.getvalue()})}))


def test_centers_of_other_width_are_refused(fitted):
    members = members_of((fitted[0] / "kmeans.skops").read_bytes())
    for name, content in members.items():
        if name.endswith(".npy") and read_array(content, name).values.shape == (5, 6):
            narrow = io.BytesIO()
            np.save(narrow, read_array(content, name).values[:, :2].copy())
            members[name] = narrow.getvalue()
    with pytest.raises(Corrupt, match="centers of clusters"):
        load(packed(members))


def test_one_id_for_two_things_is_refused(boosted):
    def alias(schema):
        content = schema["content"]["content"]
        content["max_iter"]["__id__"] = content["learning_rate"]["__id__"]

    with pytest.raises(Corrupt, match="two different things"):
        content_digest(with_schema(boosted, alias))


def test_an_unknown_protocol_is_refused(boosted):
    with pytest.raises(Corrupt, match="its protocol is 0"):
        content_digest(with_schema(boosted, lambda schema: schema.update(protocol=0)))


def test_a_member_that_nothing_names_is_refused(boosted):
    with pytest.raises(Corrupt, match="nothing in its schema names"):
        content_digest(packed({**members_of(boosted), "1.npy": b""}))


def test_a_member_of_a_strange_name_is_refused(boosted):
    with pytest.raises(Corrupt, match="which skops does not write"):
        content_digest(packed({**members_of(boosted), "../x.npy": b""}))


def test_a_member_given_twice_is_refused(boosted):
    file = io.BytesIO(boosted)
    with zipfile.ZipFile(file, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("schema.json", "{}")
    with pytest.raises(Corrupt, match="two members of one name"):
        content_digest(file.getvalue())


def test_a_file_that_would_fill_the_machine_is_not_opened(boosted):
    bomb = packed({**members_of(boosted), "1.npy": bytes(1 << 20)}, zipfile.ZIP_DEFLATED)
    with pytest.raises(LimitReached, match="not opened"):
        skops_archive.Archive(bomb, max_bytes=1 << 20)


def test_pickled_objects_in_an_array_are_refused():
    file = io.BytesIO()
    np.save(file, np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(Corrupt, match="pickled objects"):
        read_array(file.getvalue(), "x")


@pytest.mark.skipif(np.dtype(np.longdouble).itemsize == 8, reason="never: this machine has no extended precision")
def test_extended_precision_has_no_digest():
    file = io.BytesIO()
    np.save(file, np.zeros(2, dtype=np.longdouble))
    with pytest.raises(Invalid, match="extended precision"):
        read_array(file.getvalue(), "x")


def test_an_array_of_a_wrong_length_is_refused():
    file = io.BytesIO()
    np.save(file, np.zeros(8))
    with pytest.raises(Corrupt, match="bytes for the shape"):
        read_array(file.getvalue()[:-1], "x")


def test_deep_nesting_is_refused(boosted):
    def bury(schema):
        kind = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode"}
        inner = {**kind, "content": []}
        for _ in range(400):
            inner = {**kind, "content": [inner]}
        schema["content"]["content"]["scoring"] = inner

    with pytest.raises(Corrupt, match="nests deeper"):
        content_digest(with_schema(boosted, bury))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(length=st.integers(0, 1 << 17))
def test_a_cut_file_is_corrupt(boosted, length):
    with pytest.raises(Corrupt):
        load(boosted[: min(length, len(boosted) - 1)])


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_garbled_file_is_refused_or_harmless(boosted, data):
    garbled = bytearray(boosted)
    for _ in range(data.draw(st.integers(1, 4))):
        garbled[data.draw(st.integers(0, len(garbled) - 1))] = data.draw(st.integers(0, 255))
    accepted(bytes(garbled))


def accepted(file):
    """Load a file; only errors of the platform may come out, and the library's warnings about versions."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            load(file)
    except (Corrupt, Denied, Invalid, LimitReached):
        return False
    return True


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 10**6),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
    st.just("numpy"),
    st.just("null"),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data(), name=st.sampled_from(["boosted-categories", "columns", "text", "kmeans", "set"]))
def test_a_schema_with_odd_values_is_refused_or_harmless(fitted, data, name):
    file = (fitted[0] / f"{name}.skops").read_bytes()

    def spoil(schema):
        part = schema
        for _ in range(data.draw(st.integers(1, 12))):
            keys = sorted(part) if isinstance(part, dict) else list(range(len(part)))
            if not keys:
                return
            key = data.draw(st.sampled_from(keys))
            if not isinstance(part[key], dict | list) or data.draw(st.integers(0, 5)) == 0:
                part[key] = data.draw(ODD)
                return
            part = part[key]

    accepted(with_schema(file, spoil))
