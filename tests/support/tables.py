"""What tests of tables in a project share."""

import numpy as np
import pyarrow as pa

from remint.core.ids import PrincipalId
from remint.ports.usecases.context import Context
from remint.sdk.codecs import read_input

ANA = Context(PrincipalId("ana"), "main")
X = "data/x"
ROWS = 70_000


def held(app, name=X):
    """Return the table of a ref, every byte and its digest verified."""
    artifact = app.refs.artifact(ANA, name)
    app.artifacts._verified.clear()
    return read_input("table", artifact.digest, list(app.artifacts.files(artifact.digest)), artifact.facts).arrow()


def edited(table, places):
    factor = np.ones(table.num_rows)
    factor[places] = -1
    return table.set_column(1, "value", pa.array(table["value"].to_numpy() * factor))


def without(table, places):
    return table.take(pa.array(np.delete(np.arange(table.num_rows), places)))
