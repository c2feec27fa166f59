"""Fits one model of every family and writes them to a folder: started in processes of other hash seeds and thread counts.

Usage: fit_families.py FOLDER WORKERS
"""

import sys
from pathlib import Path

import numpy as np
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    BaggingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.random_projection import SparseRandomProjection
from threadpoolctl import threadpool_limits

from remint.adapters.formats.sklearn_skops import save

WORDS = np.array(["delay", "on time", "fog", "snow", "crew", "gate", "fuel", "turn"])


def numbers():
    draw = np.random.default_rng(7)
    x = draw.normal(size=(600, 6))
    x[draw.random(x.shape) < 0.05] = np.nan
    return x, (np.nan_to_num(x[:, 0]) + draw.normal(size=600) > 0).astype(np.int64)


def mixed():
    x, y = numbers()
    draw = np.random.default_rng(8)
    carriers = np.array(["AA", "UA", "DL", "B6", "WN"], dtype=object)[draw.integers(0, 5, 600)]
    return np.column_stack([np.nan_to_num(x[:, :2]).astype(object), carriers, carriers[::-1]]), y


def encoded():
    return ColumnTransformer(
        [
            ("number", StandardScaler(), [0, 1]),
            ("one", OneHotEncoder(handle_unknown="ignore"), [2]),
            ("order", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), [3]),
        ]
    )


def coded():
    columns, y = mixed()
    return np.column_stack([columns[:, :2].astype(float), OrdinalEncoder().fit_transform(columns[:, 2:])]), y


def texts():
    draw = np.random.default_rng(9)
    return [" ".join(WORDS[draw.integers(0, 8, 12)]) for _ in range(300)], draw.integers(0, 2, 300)


def families(workers):
    """Yield name, estimator and data."""
    full, y = numbers()
    x = np.nan_to_num(full)
    yield "boosted", HistGradientBoostingClassifier(max_iter=12, random_state=1), (full, y)
    yield "boosted-categories", HistGradientBoostingClassifier(max_iter=8, random_state=1, categorical_features=[2, 3]), coded()
    yield "boosted-regression", HistGradientBoostingRegressor(max_iter=8, random_state=1, loss="poisson"), (full, y)
    yield "logistic", LogisticRegression(), (x, y)
    yield "pipeline", Pipeline([("scale", StandardScaler()), ("model", LogisticRegression())]), (x, y)
    yield "forest", RandomForestClassifier(20, random_state=1, n_jobs=workers), (full, y)
    yield "kmeans", KMeans(5, random_state=1, n_init=2), (x, None)
    yield "pca", PCA(3), (x, None)
    yield "text", Pipeline([("words", TfidfVectorizer(stop_words=["the"])), ("model", SGDClassifier(random_state=1))]), texts()
    yield "columns", Pipeline([("columns", encoded()), ("model", LogisticRegression(max_iter=500))]), mixed()
    yield "one-hot", OneHotEncoder(), (mixed()[0][:, 2:], None)
    yield "ordinal", OrdinalEncoder(), (mixed()[0][:, 2:], None)
    yield "bag", BaggingClassifier(n_estimators=5, max_features=3, random_state=1, n_jobs=workers), (full, y)
    yield "isolation", IsolationForest(n_estimators=10, max_features=3, random_state=1, n_jobs=workers), (x, None)
    yield "network", MLPClassifier((8,), max_iter=30, random_state=1, early_stopping=True), (x, y)
    yield "isotonic", IsotonicRegression(), (x[:, 0], y)
    yield "projection", SparseRandomProjection(3, random_state=1), (x, None)
    yield (
        "search",
        GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=3, n_jobs=workers if workers == 1 else None),
        (x, y),
    )
    words = {str(word) for word in WORDS}
    arguments = {"allowed": words, "order": {word: len(word) for word in words}}
    yield "set", FunctionTransformer(np.sqrt, kw_args=arguments), (np.abs(x), None)


def main(folder, workers):
    with threadpool_limits(workers):
        for name, estimator, (x, y) in families(workers):
            if name in ("kmeans", "pca"):
                with threadpool_limits(1):
                    estimator.fit(x, y)
            elif name != "set":
                estimator.fit(x, y)
            (folder / f"{name}.skops").write_bytes(save(estimator))


if __name__ == "__main__":
    import warnings

    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]), int(sys.argv[2]))
