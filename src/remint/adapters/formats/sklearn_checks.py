"""Proofs that a loaded model reads only its own memory: scikit-learn follows the node numbers of trees without looking.

A file can hold any numbers. Before a model is handed out, every child of a node lies behind it and within the tree, every
feature a node asks for is one that the model is given, and the shapes that compiled code takes on trust fit each other.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from remint.adapters.formats.skops_archive import refuse

_LEAF_BITS = 256


def require_sound(model: object) -> None:
    """Refuse a loaded model whose trees would read foreign memory or never end.

    Raises:
        Corrupt: a tree is not one, or does not fit the model around it.
    """
    from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor
    from sklearn.tree._tree import Tree

    proven: set[int] = set()
    trees: list[object] = []
    for part in _parts(model):
        if isinstance(part, Tree | TreePredictor):
            trees.append(part)
        else:
            proven |= _proven_trees(part)
    if any(id(tree) not in proven for tree in trees):
        refuse("it holds a tree outside of a model of trees")


def _proven_trees(part: Any) -> set[int]:  # noqa: ANN401 - any part of a model
    """Check one part of a model and return the ids of the trees that this proved."""
    from sklearn.cluster._kmeans import _BaseKMeans
    from sklearn.ensemble._bagging import BaseBagging
    from sklearn.ensemble._forest import BaseForest
    from sklearn.ensemble._hist_gradient_boosting.gradient_boosting import BaseHistGradientBoosting
    from sklearn.feature_extraction._hash import FeatureHasher
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.tree._classes import BaseDecisionTree

    if isinstance(part, BaseHistGradientBoosting) and hasattr(part, "_predictors"):
        return _require_boosted(part)
    if isinstance(part, BaseDecisionTree) and hasattr(part, "tree_"):
        _require_tree(part.tree_, int(part.n_features_in_))
        return {id(part.tree_)}
    if isinstance(part, BaseForest) and hasattr(part, "estimators_"):
        _require_members(part)
    elif isinstance(part, BaseBagging) and hasattr(part, "estimators_"):
        _require_bagged(part)
    elif isinstance(part, _BaseKMeans) and hasattr(part, "cluster_centers_"):
        _require_centers(part)
    elif isinstance(part, FeatureHasher | HashingVectorizer):
        _require(type(part.n_features) is int and 0 < part.n_features < 1 << 31, "a hasher has no number of features")
    elif hasattr(part, "check_format"):
        part.check_format(full_check=True)
    return set()


def _parts(model: object) -> Iterator[Any]:
    """Yield an object and all it is made of, each once."""
    waiting: list[Any] = [model]
    seen: set[int] = set()
    held: list[Any] = []
    while waiting:
        part = waiting.pop()
        if id(part) in seen or isinstance(part, str | int | float | bytes | type(None)):
            continue
        seen.add(id(part))
        held.append(part)
        if isinstance(part, dict):
            waiting += list(part.values())
        elif isinstance(part, list | tuple | set | frozenset):
            waiting += list(part)
        elif isinstance(part, np.ndarray):
            waiting += part.ravel().tolist() if part.dtype == object else []
        else:
            yield part
            waiting += list(getattr(part, "__dict__", {}).values())


def _require(holds: object, what: str) -> None:
    if not holds:
        refuse(what)


def _require_tree(tree: Any, features: int) -> None:  # noqa: ANN401 - a compiled class without type information
    from sklearn.tree._tree import Tree

    _require(isinstance(tree, Tree), "the tree of a decision tree is something else")
    _require(tree.n_features == features, f"a tree asks for {tree.n_features} features of {features}")
    _require(0 < tree.node_count <= tree.capacity, "a tree counts more nodes than it has, or none")
    left, right = tree.children_left, tree.children_right
    inner = left != -1
    _require_children(left, right, inner)
    asked = tree.feature[inner]
    _require(((asked >= 0) & (asked < features)).all(), "a node of a tree asks for a feature that the model is not given")


def _require_children(left: NDArray[Any], right: NDArray[Any], inner: NDArray[np.bool_]) -> None:
    place = np.arange(len(left), dtype=np.int64)[inner]
    for children in (left[inner].astype(np.int64), right[inner].astype(np.int64)):
        _require(((children > place) & (children < len(left))).all(), "a node of a tree has a child outside of the tree")


def _require_centers(model: Any) -> None:  # noqa: ANN401 - one of two estimators
    centers = model.cluster_centers_
    whole = isinstance(centers, np.ndarray) and centers.dtype.kind == "f" and centers.ndim == 2 and len(centers)
    _require(whole and centers.shape[1] == model.n_features_in_, "the centers of clusters have other features than the model")


def _require_members(model: Any) -> None:  # noqa: ANN401 - one of several estimators
    from sklearn.tree._classes import BaseDecisionTree

    for member in np.ravel(np.asarray(model.estimators_, dtype=object)):
        _require(isinstance(member, BaseDecisionTree), "a member of a forest is no decision tree")
        _require(member.n_features_in_ == model.n_features_in_, "a tree of a forest has other features than the forest")


def _require_bagged(model: Any) -> None:  # noqa: ANN401 - one of several estimators
    _require(len(model.estimators_) == len(model.estimators_features_), "a bag has members without features")
    for member, features in zip(model.estimators_, model.estimators_features_, strict=True):
        given = getattr(member, "n_features_in_", len(features))
        fits = given == len(features) and given <= model.n_features_in_
        _require(fits, "a member of a bag has other features than it is given")


def _require_boosted(model: Any) -> set[int]:  # noqa: ANN401 - one of two estimators
    """Check the trees of a histogram gradient boosting model and return their ids."""
    from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor

    features = int(model.n_features_in_)
    categorical = np.asarray(model._bin_mapper.is_categorical_)  # noqa: SLF001 - kept there only
    _require(categorical.shape == (features,), "a bin mapper has other features than its model")
    proven = set()
    for round_of_trees in model._predictors:  # noqa: SLF001 - kept there only
        for predictor in round_of_trees:
            _require(isinstance(predictor, TreePredictor), "a tree of a boosted model is something else")
            _require_predictor(predictor, categorical.astype(bool))
            proven.add(id(predictor))
    return proven


def _require_predictor(predictor: Any, categorical: NDArray[np.bool_]) -> None:  # noqa: ANN401 - no type information
    from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE

    nodes = predictor.nodes
    _require(isinstance(nodes, np.ndarray) and nodes.dtype == PREDICTOR_RECORD_DTYPE, "the nodes of a tree are something else")
    _require(nodes.ndim == 1 and len(nodes), "a tree has no node")
    inner = nodes["is_leaf"] == 0
    _require_children(nodes["left"], nodes["right"], inner)
    asked = nodes["feature_idx"][inner].astype(np.int64)
    _require(
        ((asked >= 0) & (asked < len(categorical))).all(), "a node of a tree asks for a feature that the model is not given"
    )
    by_set = nodes["is_categorical"][inner] != 0
    _require(categorical[asked[by_set]].all(), "a node of a tree takes a number for a category")
    sets = nodes["bitset_idx"][inner][by_set].astype(np.int64)
    for bits in (predictor.raw_left_cat_bitsets, predictor.binned_left_cat_bitsets):
        whole = isinstance(bits, np.ndarray) and bits.dtype == np.uint32 and bits.ndim == 2 and bits.shape[1] * 32 == _LEAF_BITS
        _require(whole and (sets < len(bits)).all(), "a node of a tree asks for a set of categories that is not there")
