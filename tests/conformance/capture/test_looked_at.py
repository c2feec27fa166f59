"""What closures rest on: every file and folder that was looked at, and what was looked for in vain."""

import os
import time
from pathlib import Path

import pytest

from remint.adapters.capture.code import SourceCode
from remint.core.filestate import FileState
from tests.conformance.capture.conftest import Write

SOURCE = {
    "pipeline.py": "import helpers\ndef train(x):\n    return helpers.clean(x)",
    "helpers.py": "def clean(x):\n    return x",
}


def state(path: Path) -> FileState | None:
    return FileState.of(path.stat()) if path.exists() else None


def settled(root: Path) -> Path:
    time.sleep(0.06)
    return root


def test_everything_a_closure_rests_on_is_told_with_its_state(project: Write) -> None:
    root = settled(project(SOURCE))
    code = SourceCode(root, ("lib", "."))
    code.closure("pipeline", "train")
    files = ("pipeline.py", "helpers.py", ".", "lib")
    assert code.looked_at() == {os.path.normpath(root / name): state(root / name) for name in files}


def test_what_a_link_leads_to_is_told(project: Write) -> None:
    root = settled(project(SOURCE | {"elsewhere/data.txt": "1"}))
    (root / "data").symlink_to("elsewhere")
    (root / "extra.py").symlink_to("nothing.py")
    code = SourceCode(root)
    code.closure("pipeline", "train")
    found = code.looked_at()
    assert found is not None
    assert found[str(root / "data")] == state(root / "elsewhere")
    assert found[str(root / "extra.py")] is None


@pytest.mark.parametrize(
    "shadow",
    ["lib/helpers.py", "helpers/__init__.py"],
)
def test_a_module_that_comes_to_stand_first_is_seen(shadow: str, project: Write) -> None:
    root = settled(project(SOURCE))
    code = SourceCode(root, ("lib", "."))
    before = code.closure("pipeline", "train")
    project({shadow: "def clean(x):\n    return -x"})
    after = code.closure("pipeline", "train")
    assert shadow in after.files
    assert after.digest != before.digest


def test_a_module_behind_a_link_that_led_to_nothing_is_seen(project: Write) -> None:
    root = project({**SOURCE, "lib/other.py": ""})
    (root / "lib" / "helpers.py").symlink_to(root / "later" / "helpers.py")
    code = SourceCode(settled(root), ("lib", "."))
    before = code.closure("pipeline", "train")
    project({"later/helpers.py": "def clean(x):\n    return -x"})
    after = code.closure("pipeline", "train")
    assert "lib/helpers.py" in after.files
    assert after.digest != before.digest


def test_nothing_is_told_when_closures_rest_on_different_contents_of_a_file(project: Write) -> None:
    root = settled(project({**SOURCE, "other.py": "import helpers\ndef score(x):\n    return helpers.clean(x)"}))
    code = SourceCode(root)
    code.closure("pipeline", "train")
    project({"helpers.py": "def clean(x):\n    return -x"})
    code.closure("other", "score")
    assert code.looked_at() is None
    code.closure("pipeline", "train")
    assert code.looked_at() is not None
