"""Samples as a person uses them: in a step, in a script, through the client."""

import remint
from tests.support.remint_cli import make_project

PIPELINE = """
from remint import Files, Metrics, pipeline, ref, step


@step
def look(images: Files) -> Metrics:
    samples = images.samples()
    seen = [sample.path for sample in samples.stream(seed=3, buffer=4)]
    return Metrics(files=len(samples), size=sum(len(sample.content) for sample in samples), order=",".join(seen))


@pipeline("evaluation/look")
def looks():
    return look(ref("data/images"))
"""


def project_of(folder):
    made = make_project(folder, PIPELINE)
    for number in range(9):
        made.write(f"images/{number}.txt", str(number) * number)
    made.cli("add", "images", "--as", "data/images")
    return made


def test_a_step_reads_its_files_as_samples_in_the_order_of_a_script(tmp_path):
    project = project_of(tmp_path / "project")
    project.cli("run", "evaluation/look")
    found = project.cli("show", "evaluation/look", "--json").json["value"]
    script = [sample.path for sample in remint.samples("data/images", project.root).stream(seed=3, buffer=4)]
    assert (found["files"], found["size"], found["order"].split(",")) == (9, 36, script)


def test_a_version_stays_what_it_was(tmp_path):
    project = project_of(tmp_path / "project")
    first = remint.samples("data/images@1", project.root)
    project.write("images/0.txt", "changed")
    project.cli("add", "images", "--as", "data/images")
    assert first[0].content == b""
    assert remint.samples("data/images", project.root)[0].content == b"changed"


def test_the_client_gives_samples(tmp_path):
    project = project_of(tmp_path / "project")
    with remint.connect(project.root) as client:
        assert client.samples("data/images").select("[34].txt").paths == ["3.txt", "4.txt"]
