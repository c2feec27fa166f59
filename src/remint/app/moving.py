"""Bringing the records of a project to another database."""

from typing import TYPE_CHECKING

from remint.errors import Invalid

if TYPE_CHECKING:
    from remint.app.facade import App
    from remint.ports.catalog import Catalog
    from remint.ports.migrations import CatalogCopy
    from remint.ports.usecases.audit import Audit
    from remint.ports.usecases.migrations import Migrations

SQLITE = "sqlite"
"""Stands for .remint/catalog.db where a place is asked for."""


def copy_of(app: "App", to: str) -> "CatalogCopy":
    """Return the copy of a project's records at another place, which is not made yet.

    Args:
        app: of the project.
        to: the URL of a Postgres database, or SQLITE.

    Raises:
        Invalid: the text is neither, or names the place where the records are.
    """
    from remint.adapters.catalog.moving import SqlCatalogCopy
    from remint.core.database_url import parse_database_url

    place = app.settings.state / "catalog.db" if to == SQLITE else parse_database_url(to)
    copy = SqlCatalogCopy(app.catalog, place, app.settings.state)
    if copy.setting == app.settings.text("catalog"):
        raise Invalid("nothing was copied", why="the records are there already", next_step="name another place")
    return copy


def migrations(app: "App") -> "Migrations":
    """Return what copies a project's records."""
    from remint.services.migrations import MigrationService

    def audit_of(catalog: "Catalog") -> "Audit":
        from remint.adapters.checkpoints.files import CheckpointFiles
        from remint.services.audit import AuditService

        files = CheckpointFiles(app.settings.root, app.settings.texts("checkpoints"))
        return AuditService(catalog, files, app.keys, app.clock)

    return MigrationService(app.catalog, app.access, app.clock, audit_of)
