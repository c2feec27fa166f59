"""All routes, in one table."""

from remint.server.api import artifacts, audit, changes, control, principals, refs, runs, tokens, uploads, workspaces

ROWS = (
    *principals.ROWS,
    *tokens.ROWS,
    *refs.ROWS,
    *workspaces.ROWS,
    *artifacts.ROWS,
    *uploads.ROWS,
    *runs.ROWS,
    *changes.ROWS,
    *control.ROWS,
    *audit.ROWS,
)
