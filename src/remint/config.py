"""Settings: the only reader of the process's environment and of configuration files.

Order, the first that says something wins: arguments, `REMINT_…` variables, `remint.toml` (or `[tool.remint]` in
`pyproject.toml`), defaults.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from remint.core.database_url import DatabaseUrl, parse_database_url
from remint.core.digest import digest_bytes
from remint.errors import Conflict, Invalid, ProjectNotFound

FILE = "remint.toml"
STATE = ".remint"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name, what it means, its default, and whether a variable may give it."""

    name: str
    about: str
    default: Any
    variable: bool = True


SETTINGS = (
    Setting("principal", "who acts, by name; the key file of that principal must be in .remint/keys", ""),
    Setting("workspace", "the workspace that refs without one are in", "main"),
    Setting("url", "the server that keeps the records, such as https://remint.example; empty to keep them here", ""),
    Setting("catalog", "where the records are: the URL of a Postgres database; empty for .remint/catalog.db", ""),
    Setting("pipelines", "files that define pipelines", ["pipeline.py"]),
    Setting("lock", "the hash-pinned lock of the environment", "requirements.lock"),
    Setting("sources", "folders the project's modules are imported from", ["."]),
    Setting("jobs", "how many processors' worth of steps run at once; 0 for all of this machine", 0),
    Setting(
        "protected",
        "patterns of refs in main that only an approved change moves",
        ["model/*", "deployment/*", "monitor/*", "policy/*"],
    ),
    Setting("approvals", "how many approvals a change needs, by role", {"approver": 1}, variable=False),
    Setting("reviews", "what changes are judged by beside gates, by pattern of ref", {}, variable=False),
    Setting("gates", "what a change must show before it may be merged, by pattern of ref", {}, variable=False),
    Setting("materiality", "what changes are judged by besides, by materiality of their refs", {}, variable=False),
    Setting("owners_required", "patterns of refs that no change moves before somebody answers for them", []),
    Setting("keys", "public keys of signers outside the project, by name", {}, variable=False),
    Setting("monitors", "monitors of deployments, by name", {}, variable=False),
    Setting(
        "policy",
        "the ref in main of the policy in force; empty for none beyond the rules that always hold",
        "policy/main",
        variable=False,
    ),
    Setting("remote", "the remote that `push` and `pull` mean where none is named", ""),
    Setting("remotes", "places to push to and pull from, by name", {}, variable=False),
    Setting("data_sources", "databases, lakes and Iceberg catalogs that tables are added from, by name", {}, variable=False),
    Setting("profile", "the compute profile of steps that name none; empty for none", ""),
    Setting("profiles", "what runs may use and who may use so much, by name", {}, variable=False),
    Setting("prices", "what computing costs; empty where nothing is charged", {}, variable=False),
    Setting("budget", "the budget that runs are charged to whose profile names none; empty for none", ""),
    Setting("retention", "which earlier versions are kept, by pattern of ref; all if none matches", {}, variable=False),
    Setting("retention_classes", "rules of retention by name, for patterns that say `class`", {}, variable=False),
    Setting("subjects", "the column that tells whose rows a table holds, by pattern of ref", {}, variable=False),
    Setting("isolation", "the least level of isolation of every run, from 0 to 3; what does not reach it is not run", 0),
    Setting("sandbox_isolation", "the same for runs in sandboxes", 0),
    Setting("checkpoints", "files outside the project that signed checkpoints of the audit log are appended to", []),
    Setting("unused_days", "what nothing needs is kept so many days after it was made or used; then `gc` may remove it", 30),
    Setting("server_hosts", "names that `remint server` answers to, beside those of this machine and its --host", []),
    Setting("oidc", "providers that people sign in with on the pages of `remint server`", {}, variable=False),
    Setting("workload", "programs elsewhere that get short tokens for what an issuer signed about them", {}, variable=False),
    Setting("rate_per_s", "how many requests a second `remint server` answers to one token; twice as many at once", 200),
    Setting("regenerated_days", "age in days after which a model must be regenerated again to stay in control", 30),
)


OF_A_CLIENT = ("pipelines", "lock", "sources", "jobs", "workspace")
"""Settings that count where steps are carried out, whoever keeps the records."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force for one project.

    Attributes:
        root: the project's folder.
        values: every setting by name.
        origins: where each came from: `argument`, `REMINT_…`, a file, or `default`.
        held: the name of a server's project of which this is what is held here; empty for a project of its own.
        secrets: what was taken out of the values by the name of the setting, and is never shown.
    """

    root: Path
    values: Mapping[str, Any]
    origins: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    held: str = ""

    @property
    def state(self) -> Path:
        """The folder with the catalog, the store and the keys."""
        return self.root / STATE / "servers" / self.held if self.held else self.root / STATE

    def holding(self, name: str) -> "Settings":
        """Return the settings of what is held here of a server's project.

        What the server decides (who may do what, what is protected, what things cost, where records are) is as by default or
        switched off: nothing held here is a record anybody relies on.
        """
        values = {setting.name: setting.default for setting in SETTINGS}
        values |= {own: self.values[own] for own in OF_A_CLIENT} | {"protected": [], "policy": ""}
        return replace(self, values=values, secrets={}, held=name)

    @property
    def database(self) -> DatabaseUrl | None:
        """Where in Postgres the records are; None if they are in .remint/catalog.db."""
        place = self.text("catalog")
        return replace(parse_database_url(place), password=self.secrets.get("catalog", "")) if place else None

    def text(self, name: str) -> str:
        """Return a setting that is a text."""
        return str(self.values[name])

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a setting that is a list of texts."""
        return tuple(str(value) for value in self.values[name])

    def number(self, name: str) -> int:
        """Return a setting that is a whole number."""
        return int(self.values[name])

    def table(self, name: str) -> Mapping[str, Any]:
        """Return a setting that is a table."""
        return dict(self.values[name])


def find_root(start: Path) -> Path:
    """Return the project's folder: the nearest one at or above `start` with remint.toml or `[tool.remint]`.

    Raises:
        ProjectNotFound: there is none.
    """
    for folder in (start, *start.parents):
        if has_settings(folder):
            return folder
    raise ProjectNotFound(
        "this is not a Remint project",
        why=f"neither {start} nor a folder above it has {FILE} or [tool.remint] in pyproject.toml",
        next_step="go to your project, or start one here: `remint init`",
    )


def has_url() -> bool:
    """Return whether the environment names a server that keeps the records."""
    return bool(os.environ.get("REMINT_URL"))


def root_of_client(start: Path) -> Path:
    """Return the folder a client of a server works in: that of the project `start` is in, or else `start`."""
    return next((folder for folder in (start, *start.parents) if has_settings(folder)), start)


def load(root: Path, arguments: Mapping[str, Any] | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of the project at `root`.

    Args:
        root: its folder.
        arguments: values given on the command line or to `connect`; None means not given.
        environment: variables; those of the process if not given.

    Raises:
        Invalid: a file cannot be read, or names a setting that does not exist, or gives it a value of the wrong kind.
        Conflict: both remint.toml and [tool.remint] exist.
    """
    variables = os.environ if environment is None else environment
    name, written = _written(root)
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    known = {setting.name for setting in SETTINGS}
    for key in written:
        if key not in known:
            raise Invalid(f"{name} sets {key}", why="there is no such setting", next_step="see `remint config show`")
    for setting in SETTINGS:
        variable = f"REMINT_{setting.name.upper()}"
        given = (arguments or {}).get(setting.name)
        if given is not None:
            values[setting.name], origins[setting.name] = given, "argument"
        elif setting.variable and variable in variables:
            values[setting.name], origins[setting.name] = _parsed(variables[variable], setting, variable), variable
        elif setting.name in written:
            values[setting.name], origins[setting.name] = _checked(written[setting.name], setting, name), name
        else:
            values[setting.name], origins[setting.name] = setting.default, "default"
    secrets = _taken_out(values, origins)
    return Settings(root, values, origins, secrets)


def _taken_out(values: dict[str, Any], origins: Mapping[str, str]) -> dict[str, str]:
    """Take the password out of the setting `catalog`, and return it.

    Raises:
        Invalid: the setting is no URL of Postgres, or a file holds the password.
    """
    if not values["catalog"]:
        return {}
    place, origin = parse_database_url(str(values["catalog"])), origins["catalog"]
    if place.password and origin != "REMINT_CATALOG":
        raise Invalid(
            f"the catalog cannot be opened: {origin} holds its password",
            why="settings are shared, and whoever has the password can write past every check",
            next_step="take it out, and give it in PGPASSWORD, ~/.pgpass or REMINT_CATALOG",
        )
    values["catalog"] = place.public
    return {"catalog": place.password} if place.password else {}


def has_settings(root: Path) -> bool:
    """Return whether a folder is a project already."""
    return (root / FILE).is_file() or _has_table(root / "pyproject.toml")


def here() -> Path:
    """Return the folder the process is in."""
    return Path.cwd()


def child_variables() -> dict[str, str]:
    """Return the variables that a child process may inherit: where programs are, and nothing else."""
    return {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}


def provider_secret(name: str) -> str:
    """Return the secret that this server has at a provider that people sign in with; empty if none.

    Args:
        name: of the provider; REMINT_OIDC_SECRET is that of the only one, REMINT_OIDC_SECRET_NAME that of one of several.
    """
    variable = "REMINT_OIDC_SECRET"
    if name != "oidc":
        variable += "_" + "".join(letter if letter.isalnum() else "_" for letter in name.upper())
    return os.environ.get(variable, "")


class Lent:
    """Variables that a step finds in its environment.

    Args:
        values: by name; in force at once.
    """

    def __init__(self, values: Mapping[str, str]) -> None:
        self._before = {name: os.environ.get(name) for name in values}
        os.environ.update(values)

    def take_back(self) -> None:
        """Put what was there before in their place."""
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def token_for(url: str) -> str:
    """Return the token to show a server: that of REMINT_TOKEN, or what `remint login` kept; empty if there is none."""
    given = os.environ.get("REMINT_TOKEN", "")
    if given:
        return given.strip()
    place = _token_file(url)
    return place.read_text(encoding="utf-8").strip() if place.is_file() else ""


def keep_token(url: str, token: str) -> Path:
    """Keep a token for a server where only this account reads it; return the file."""
    place = _token_file(url)
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = place.with_suffix(".part")
    part.unlink(missing_ok=True)
    file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, token.encode())
    finally:
        os.close(file)
    part.replace(place)
    return place


def forget_token(url: str) -> bool:
    """Forget what was kept for a server; return whether something was."""
    place = _token_file(url)
    is_there = place.is_file()
    place.unlink(missing_ok=True)
    return is_there


def _token_file(url: str) -> Path:
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")  # noqa: PTH111, PTH118
    return Path(base) / "remint" / "tokens" / digest_bytes(url.rstrip("/").encode()).hex[:32]


def account() -> str:
    """Return the name of the operating system's account, in the grammar of names."""
    name = (os.environ.get("USER") or os.environ.get("LOGNAME") or "me").lower()
    kept = "".join(letter for letter in name if letter.isalnum() or letter in "-_.")
    return kept if kept and kept[0].isalnum() else "me"


def _has_table(path: Path) -> bool:
    return path.is_file() and "remint" in _read(path).get("tool", {})


def _written(root: Path) -> tuple[str, Mapping[str, Any]]:
    own, shared = root / FILE, root / "pyproject.toml"
    if own.is_file() and _has_table(shared):
        raise Conflict(
            "the settings are in two places",
            why=f"{FILE} and [tool.remint] in pyproject.toml both exist, and neither wins",
            next_step="keep one of them",
        )
    if own.is_file():
        return FILE, _read(own)
    return "pyproject.toml", _read(shared).get("tool", {}).get("remint", {}) if shared.is_file() else {}


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(f"{path.name} cannot be read", why=str(error), next_step="mend it") from error


def _parsed(text: str, setting: Setting, variable: str) -> Any:  # noqa: ANN401 - as the setting's default
    if isinstance(setting.default, list):
        return [word for word in text.split(",") if word]
    if isinstance(setting.default, int):
        if not text.isdecimal():
            raise Invalid(f"{variable} is {text!r}", why="it is a whole number", next_step="give digits only")
        return int(text)
    return text


def _checked(value: Any, setting: Setting, name: str) -> Any:  # noqa: ANN401 - as the setting's default
    if type(value) is not type(setting.default):
        wanted = {list: "a list", dict: "a table", int: "a whole number", str: "a text"}[type(setting.default)]
        raise Invalid(f"{name} sets {setting.name} to {value!r}", why=f"it is {wanted}", next_step="mend it")
    return value
