import time
from dataclasses import replace

import pytest

from remint.adapters.signing.files import FileKeys
from remint.adapters.standing.file import StandingFile
from remint.core.filestate import FileState
from remint.core.ids import PrincipalId
from remint.core.pipeline import Call, Graph, StepSpec
from remint.core.standing import Standing
from remint.errors import Invalid
from remint.ports.standing import CatalogState
from remint.services.standing import StandingService

ANA = PrincipalId("ana")
STANDING = Standing("main", ANA, (), (), ())
GRAPH = Graph("value/x", (Call(StepSpec("steps", "x", {"out": "value"}, {}), {"n": 1}, {}),), ())
CATALOG = CatalogState((FileState(1, 1, 4096, 5), None), "")


class Project:
    """A project whose standing is what it is set to, and how often its parts were asked."""

    def __init__(self, root):
        self.answer, self.looked_at, self.graphs = STANDING, {}, [GRAPH]
        self.reads = self.defined = 0
        self.keys = FileKeys(root / "keys")
        self.keys.create(ANA)
        self.key = root / "keys" / "ana.key"
        self.memory = StandingFile(root / "cache" / "status.json", lambda: CATALOG)
        time.sleep(0.07)

    def read(self, graphs):
        self.reads += 1
        graphs()
        return self.answer, self.looked_at

    def define(self):
        self.defined += 1
        return self.graphs

    def now(self, define=None, paths=()):
        service = StandingService(self.memory, self.keys, ANA, "question", paths, self.read)
        return service.now(define or self.define)


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


def test_the_second_answer_is_the_first_one_without_reading(project):
    assert project.now() == project.now() == STANDING
    assert project.reads == 1


def test_pipelines_are_defined_once_each_time_read_or_not(project):
    project.now()
    project.now()
    project.graphs = []
    project.now()
    assert (project.defined, project.reads) == (3, 2)


def test_other_pipelines_are_read_anew(project):
    project.now()
    project.graphs = [GRAPH, replace(GRAPH, name="value/y")]
    project.answer = replace(STANDING, workspace="other")
    assert project.now() == project.answer


def test_whoever_may_not_use_the_key_any_more_is_told_by_reading(project):
    project.now()
    project.key.unlink()
    project.now()
    assert project.reads == 2


def test_a_key_that_changed_is_read_anew(project):
    project.now(paths=[project.key])
    project.key.write_text(project.key.read_text())
    project.now(paths=[project.key])
    assert project.reads == 2


def test_pipelines_that_fail_now_are_told_by_reading(project):
    def failing():
        raise Invalid("it failed", why="it says so", next_step="mend it")

    project.now()
    with pytest.raises(Invalid):
        project.now(failing)
    assert project.reads == 2


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("looked_at", None),
        ("graphs", [replace(GRAPH, calls=(replace(GRAPH.calls[0], cells={"rate": 2}),))]),
    ],
)
def test_an_answer_whose_grounds_are_not_all_known_is_not_kept(project, part, value):
    setattr(project, part, value)
    project.now()
    project.now()
    assert project.reads == 2
