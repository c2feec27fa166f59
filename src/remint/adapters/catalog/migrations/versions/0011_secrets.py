"""Secrets."""

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the tables, insert-only like the others."""
