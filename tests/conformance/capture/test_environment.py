"""The environment a lock declares, and the one that is installed and loaded."""

import importlib.metadata
import json
import platform
from pathlib import Path

import pytest

from remint.adapters.capture import environment, filedigests
from remint.adapters.capture.environment import LockedEnvironment
from remint.errors import Invalid, NotFound

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
LOCK = f"click=={importlib.metadata.version('click')} \\\n    --hash={A} \\\n    --hash={B}\n    # via remint\n"


def locked(root: Path, text: str = LOCK) -> LockedEnvironment:
    (root / "requirements.lock").write_text(text)
    return LockedEnvironment(root)


def test_the_declared_environment_holds_the_lock_and_the_interpreter(tmp_path: Path) -> None:
    declared = locked(tmp_path).declared()
    assert declared.record["distributions"] == [["click", importlib.metadata.version("click"), "", [A, B]]]
    assert declared.facts["python"] == platform.python_version()
    assert declared.facts["distributions"] == 1


def test_how_a_lock_is_written_is_no_part_of_the_environment(tmp_path: Path) -> None:
    first = locked(tmp_path).declared()
    second = locked(tmp_path, "# again\n" + LOCK.replace("click", "Click").replace("    # via remint\n", "")).declared()
    assert first.digest == second.digest


@pytest.mark.parametrize(
    "edited",
    [
        LOCK.replace("==", "==1"),
        LOCK.replace(f" \\\n    --hash={B}", ""),
        LOCK.replace(" \\\n", " ; os_name == 'posix' \\\n", 1),
        LOCK + f"numpy==2.0 --hash={A}\n",
    ],
)
def test_a_bumped_lock_is_another_environment(edited: str, tmp_path: Path) -> None:
    assert locked(tmp_path).declared().digest != locked(tmp_path, edited).declared().digest


def test_another_interpreter_is_another_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = locked(tmp_path).declared().digest
    monkeypatch.setattr(environment.platform, "python_version", lambda: "3.99.0")
    assert locked(tmp_path).declared().digest != first


def test_a_missing_lock_is_not_found_and_a_wrong_one_invalid(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"there is no requirements\.lock"):
        LockedEnvironment(tmp_path).declared()
    with pytest.raises(Invalid, match=r"requirements\.lock:1 cannot be used"):
        locked(tmp_path, "click>=8").declared()


def test_differences_are_said_in_words(tmp_path: Path) -> None:
    text = f"click==0.1 --hash={A}\nno-such-thing==1.0 --hash={A}\nnor-this==1 ; sys_platform == 'amiga' --hash={A}\n"
    installed = importlib.metadata.version("click")
    assert locked(tmp_path, text).differences() == [
        f"click is {installed}, the lock says 0.1",
        "no-such-thing 1.0 is not installed",
    ]
    assert locked(tmp_path).differences() == []
    assert locked(tmp_path, LOCK.replace(installed, installed + ".0")).differences() == []


def test_what_is_observed_names_no_folder_of_this_machine(tmp_path: Path) -> None:
    library = tmp_path / "lib" / "libown.so.1"
    library.parent.mkdir()
    library.write_bytes(b"code")
    packaged = tmp_path / "site-packages" / "own" / "core.so"
    packaged.parent.mkdir(parents=True)
    packaged.write_bytes(b"more code")
    paths = (str(library), str(packaged), "[vdso]", "/gone/libgone.so (deleted)")
    seen = LockedEnvironment(tmp_path).observed(paths)
    assert set(seen["libraries"]) == {"libown.so.1", "own/core.so", "libgone.so"}
    assert seen["libraries"]["libgone.so"] == "gone"
    assert set(seen) == {"python", "platform", "cpu", "libc", "distributions", "libraries"}
    assert seen["distributions"]["click"]["version"] == importlib.metadata.version("click")
    assert str(tmp_path) not in json.dumps(seen)
    assert str(Path(json.__file__).parents[1]) not in json.dumps(seen)


def test_two_libraries_of_one_name_are_both_kept(tmp_path: Path) -> None:
    paths = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "libx.so").write_text(folder)
        paths.append(str(tmp_path / folder / "libx.so"))
    forward = LockedEnvironment(tmp_path).observed(tuple(paths))["libraries"]
    backward = LockedEnvironment(tmp_path).observed(tuple(reversed(paths)))["libraries"]
    assert forward == backward
    assert list(forward) == ["libx.so", "libx.so (2)"]


def installed(folder: Path, script: str, module: str) -> LockedEnvironment:
    info = folder / "own-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "RECORD").write_text(f"../bin/own,sha256={script},10\nown.py,sha256={module},5\nown-1.0.dist-info/RECORD,,\n")
    return LockedEnvironment(folder)


def test_a_distribution_is_the_same_wherever_it_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {}
    for name, script, module in (("a", "s1", "m1"), ("b", "s2", "m1"), ("c", "s1", "m2")):
        monkeypatch.setattr(environment.sys, "path", [str(tmp_path / name)])
        seen[name] = installed(tmp_path / name, script, module).observed(())["distributions"]["own"]
    assert seen["a"] == seen["b"] != seen["c"]


def test_digests_of_files_are_kept_in_a_file_between_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filedigests, "_SETTLED_NS", 0)
    library = tmp_path / "libx.so"
    library.write_bytes(b"code")
    cache = tmp_path / "cache" / "digests.json"
    first = LockedEnvironment(tmp_path, cache=cache).observed((str(library),))
    assert str(library) in json.loads(cache.read_text())
    monkeypatch.setattr(filedigests, "digest_file", lambda path: pytest.fail(f"{path} was read again"))
    assert LockedEnvironment(tmp_path, cache=cache).observed((str(library),)) == first


def test_a_changed_library_is_read_again_and_a_damaged_cache_is_an_empty_one(tmp_path: Path) -> None:
    library = tmp_path / "libx.so"
    library.write_bytes(b"code")
    cache = tmp_path / "digests.json"
    cache.write_text('{"x": [1]}')
    seen = LockedEnvironment(tmp_path, cache=cache)
    first = seen.observed((str(library),))["libraries"]
    library.write_bytes(b"edit")
    assert seen.observed((str(library),))["libraries"] != first
