"""Two models of the same features: boosted trees, and the logistic regression they have to beat."""

from flights.features import FEATURES
from flights.ingest import combine
from remint import Model, Table, step

SEED = 7


@step(seed=SEED, exact="content")
def train(months: list[Table], iterations: int = 80, learning_rate: float = 0.1) -> Model:
    """Return boosted trees, trained on the flights of these months that arrived.

    Nothing is held back for stopping early: how many trees to grow was settled by training on months up to April and May
    and looking at the month that followed.

    Args:
        months: features of each month, from `month_features`.
        iterations: how many trees.
        learning_rate: how much each tree adds.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    x, late = combine(months).xy("late", features=FEATURES)
    trees = HistGradientBoostingClassifier(
        max_iter=iterations,
        learning_rate=learning_rate,
        min_samples_leaf=200,
        l2_regularization=10.0,
        early_stopping=False,
        random_state=SEED,
    )
    return Model(trees.fit(x, late), features=FEATURES, probe=x)


@step(seed=SEED, exact="predictions")
def train_baseline(months: list[Table]) -> Model:
    """Return a logistic regression on the same features, unknown values replaced by their median.

    Args:
        months: features of each month, from `month_features`.
    """
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, late = combine(months).xy("late", features=FEATURES)
    line = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression(max_iter=200))
    return Model(line.fit(x, late), features=FEATURES, probe=x)
