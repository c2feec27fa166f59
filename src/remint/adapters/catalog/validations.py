"""Steps of validations in SQL (see ports.validations.ValidationRecords)."""

from dataclasses import asdict, replace

from sqlalchemy import Connection, func, insert, select

from remint.adapters.catalog.inventory_tables import validation_steps
from remint.core.digest import Digest
from remint.core.ids import PrincipalId
from remint.core.validation import ValidationStep


class SqlValidations:
    """Steps; insert-only."""

    def __init__(self, connection: Connection) -> None:
        self._tx = connection

    def add(self, step: ValidationStep) -> ValidationStep:
        """Record a step."""
        number = (self._tx.execute(select(func.max(validation_steps.c.number))).scalar() or 0) + 1
        made = replace(step, number=number)
        self._tx.execute(insert(validation_steps).values(asdict(made)))
        return made

    def next(self) -> int:
        """Return the number that the next validation gets."""
        return (self._tx.execute(select(func.max(validation_steps.c.validation))).scalar() or 0) + 1

    def steps(self, *, validation: int | None = None, artifact: Digest | None = None) -> list[ValidationStep]:
        """Return steps, oldest first."""
        chosen = select(validation_steps).order_by(validation_steps.c.number)
        if validation is not None:
            chosen = chosen.where(validation_steps.c.validation == validation)
        if artifact is not None:
            chosen = chosen.where(validation_steps.c.artifact == artifact)
        rows = [dict(row) for row in self._tx.execute(chosen).mappings()]
        return [ValidationStep(**{**row, "artifact": Digest(row["artifact"]), "by": PrincipalId(row["by"])}) for row in rows]
