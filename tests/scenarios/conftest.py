import shutil
from pathlib import Path

import pytest

from tests.support.remint_cli import Project, make_project

MODEL = """
from helpers import labels_of
from remint import Files, Metrics, Model, Table, pipeline, ref, step


@step(exact="content")
def points(file: Files, rows: int = 400) -> Table:
    scale = float(file.read().decode())
    return Table({"x": [i * scale / rows for i in range(rows)], "z": [(i * 7 % 13) / 13 for i in range(rows)],
                  "late": labels_of(rows)})


@step(seed=7, exact="content")
def train(data: Table, c: float = 1.0) -> Model:
    from sklearn.linear_model import LogisticRegression

    x, y = data.xy("late")
    return LogisticRegression(C=c).fit(x, y)


@step(exact="metrics")
def score(model: Model, data: Table, champion: Model | None = None) -> Metrics:
    from sklearn.metrics import roc_auc_score

    _, y = data.xy("late")
    auc = float(roc_auc_score(y, model.scores(data)))
    found = Metrics(auc=auc)
    if champion is not None:
        gain = auc - float(roc_auc_score(y, champion.scores(data)))
        found["gain"] = {"auc": {"difference": gain, "low": gain, "high": gain}}
    return found


@pipeline("data/points")
def make_points(rows: int = 400):
    return points(ref("data/scale"), rows)


@pipeline("model/late")
def late(c: float = 1.0, data=ref("data/points")):
    model = train(data, c)
    return model, score(model, data, ref("main:model/late", optional=True))

"""

HELPERS = """
LIMIT = 0.5


def labels_of(rows):
    return [int(((i * 7919) % 97) / 97 + i / rows / 2 > LIMIT) for i in range(rows)]
"""


@pytest.fixture(scope="session")
def project_made(tmp_path_factory) -> Project:
    made = make_project(
        tmp_path_factory.mktemp("made") / "a project",
        MODEL,
        settings='[gates."model/*"]\neval-passed = { metric = "auc", minimum = 0.6 }\nlineage-complete = {}\n',
    )
    made.write("helpers.py", HELPERS)
    made.write("scale.txt", "1.0")
    made.cli("principals", "create", "bo", "--role", "approver")
    made.cli("add", "scale.txt", "--as", "data/scale")
    return made


@pytest.fixture(scope="session")
def project_trained(project_made, tmp_path_factory) -> Project:
    made = _copied(project_made, tmp_path_factory.mktemp("trained"))
    made.cli("run", "data/points")
    made.cli("sandboxes", "create", "ana")
    made.cli("run", "model/late", "-w", "ana")
    return made


@pytest.fixture(scope="session")
def project_merged(project_trained, tmp_path_factory) -> Project:
    made = _copied(project_trained, tmp_path_factory.mktemp("merged"))
    made.cli("propose", "ana:model/late")
    made.cli("changes", "approve", "1", "--as", "bo")
    made.cli("changes", "merge", "1")
    return made


def _copied(made: Project, folder: Path) -> Project:
    shutil.copytree(made.root, folder / made.root.name)
    return Project(folder / made.root.name)


@pytest.fixture
def copied(tmp_path):
    """Returns a copy of a project, to do with it what one likes."""
    return lambda made: _copied(made, tmp_path)


@pytest.fixture
def project(project_made, tmp_path) -> Project:
    """A project with a principal `bo` who may approve, and a source in main."""
    return _copied(project_made, tmp_path)


@pytest.fixture
def trained(project_trained, tmp_path) -> Project:
    """The same, with data in main and a model in the sandbox `ana`."""
    return _copied(project_trained, tmp_path)


@pytest.fixture
def merged(project_merged, tmp_path) -> Project:
    """The same, with the model in production."""
    return _copied(project_merged, tmp_path)
