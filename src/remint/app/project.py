"""Opening a project, and making one of a folder."""

from pathlib import Path
from typing import TYPE_CHECKING

from remint.app.facade import App
from remint.config import FILE, find_root, has_settings, has_url, here, load, root_of_client
from remint.core.ref import require_name
from remint.errors import Invalid, NotFound

if TYPE_CHECKING:
    from remint.ports.backups import Backup, Progress
    from remint.ports.usecases.context import Context


def open_project(
    start: Path | None = None,
    *,
    inline: bool = False,
    principal: str | None = None,
    workspace: str | None = None,
    url: str | None = None,
    token: str = "",
) -> App:
    """Return the app of the project at or above a folder.

    Args:
        start: the folder to look from; the current one if not given.
        inline: run steps in this process, for debugging.
        principal: who acts, instead of the setting.
        workspace: where, instead of the setting.
        url: of the server that keeps the records, instead of the setting; then no project needs to be here.
        token: for it, instead of REMINT_TOKEN or what `remint login` kept.

    Raises:
        ProjectNotFound: there is no project.
        Denied: a server keeps the records, and there is no token for it.
    """
    folder = (start or here()).resolve()
    given = {"principal": principal, "workspace": workspace, "url": url}
    settings = load(root_of_client(folder) if url or has_url() else find_root(folder), given)
    if not settings.text("url"):
        return App(settings, inline=inline)
    from remint.app.remote import RemoteApp

    if inline or principal is not None:
        raise Invalid(
            "nothing was done",
            why=f"{'--inline' if inline else 'a local principal'} means nothing where {settings.text('url')} keeps the records",
            next_step="leave it out: the token says who acts, and steps run in processes of their own",
        )
    return RemoteApp(settings, token=token)


def require_known(url: str, token: str) -> "Context":
    """Return who a server knows by a token.

    Raises:
        Invalid: the text is no URL of a server.
        Denied: it knows nobody by it.
        Unavailable: it did not answer.
    """
    from remint.app.remote import RemoteApp

    app = RemoteApp(load(root_of_client(here().resolve()), {"url": url}), token=token)
    try:
        return app.context()
    finally:
        app.close()


def put_back(
    place: Path, *, name: str | None = None, principal: str | None = None, on_progress: "Progress | None" = None
) -> "tuple[App, Backup, int]":
    """Put a backup of the project at or above the current folder back; return its app, the backup, and the bytes copied.

    Args:
        place: the folder with backups.
        name: the start of the name of one; the newest if not given.
        principal: who acts then, instead of the setting.
        on_progress: called with bytes done and to do.

    Raises:
        NotFound: there is no such backup.
        Conflict: the project has a catalog.
        Invalid: its records are kept in Postgres.
    """
    from remint.adapters.backups.folder import BackupFolder

    root = find_root(here().resolve())
    settings = load(root, {"principal": principal})
    if settings.database is not None:
        raise Invalid(
            "nothing was restored",
            why=f"a backup becomes .remint/catalog.db, and the records are kept in {settings.database.public}",
            next_step='restore with `catalog = ""`, then bring the records back: `remint migrate --to URL`',
        )
    backups = BackupFolder(place, settings.state)
    found = [one for one in backups.all() if one.name.startswith(name or "")]
    if not found:
        raise NotFound(
            "nothing was restored",
            why=f"{place.name} holds no backup" + (f" whose name begins with {name}" if name else ""),
            next_step=f"see which there are: `remint backup --list {place}`",
        )
    copied = backups.put_back(found[-1], on_progress=on_progress)
    return App(settings), found[-1], copied


def initialise(root: Path, *, owner: str) -> list[str]:
    """Make a project of a folder and return what was made; what exists stays as it is.

    Args:
        root: the folder.
        owner: name of the first principal.

    Raises:
        InvalidName: the owner's name is outside the grammar.
    """
    made: list[str] = []
    if not (root / FILE).exists() and not has_settings(root):
        (root / FILE).write_text(f'principal = "{require_name(owner, what="principal")}"\n', encoding="utf-8")
        made.append(FILE)
    settings = load(root)
    if not (settings.state if settings.database else settings.state / "catalog.db").exists():
        made.append(".remint/")
    settings.state.mkdir(exist_ok=True)
    app = App(settings)
    try:
        app.projects.start(settings.text("principal") or owner)
    finally:
        app.close()
    return made
