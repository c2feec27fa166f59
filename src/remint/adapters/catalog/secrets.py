"""What was done with secrets, in SQL (see ports.secrets.SecretRecords)."""

from sqlalchemy import Connection, func, insert, select

from remint.adapters.catalog.secret_tables import secret_steps
from remint.core.ids import PrincipalId
from remint.core.secret import SecretStep

_FIELDS = [name for name in SecretStep.__slots__ if name in secret_steps.c]


class SqlSecrets:
    """Steps of secrets; insert-only."""

    def __init__(self, connection: Connection) -> None:
        self._tx = connection

    def add(self, step: SecretStep) -> None:
        """Record a step."""
        number = (self._tx.execute(select(func.max(secret_steps.c.number))).scalar() or 0) + 1
        values = {name: getattr(step, name) for name in _FIELDS}
        self._tx.execute(insert(secret_steps).values(number=number, **values))

    def steps(self, *, secret: str | None = None) -> list[SecretStep]:
        """Return steps, oldest first."""
        chosen = select(*(secret_steps.c[name] for name in _FIELDS)).order_by(secret_steps.c.number)
        if secret is not None:
            chosen = chosen.where(secret_steps.c.secret == secret)
        rows = [dict(row) for row in self._tx.execute(chosen).mappings()]
        return [
            SecretStep(**{**row, "by": PrincipalId(row["by"]), "whom": row["whom"] and PrincipalId(row["whom"])})
            for row in rows
        ]
