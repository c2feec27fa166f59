"""Routes of models that somebody else makes or runs."""

from typing import Annotated

from msgspec import Meta, Struct

from remint.core.external import LONGEST, Service
from remint.ports.usecases.externals import Registered
from remint.server.routes import Call, NoQuery, Row, Word

Line = Annotated[str, Meta(min_length=1, max_length=LONGEST)]


class NewExternal(Struct, forbid_unknown_fields=True):
    """A model that a vendor runs: what the vendor calls it, and where it is asked, without a secret."""

    ref: Word
    vendor: Line
    model: Line
    version: Line
    url: Line


def _register(call: Call[NoQuery, NewExternal]) -> Registered:
    body = call.body
    service = Service(body.vendor, body.model, body.version, body.url)
    return call.app.externals.register(call.context, body.ref, service)


ROWS = (
    Row(
        *("POST", "/externals", "artifact:add", "Register a model that somebody else runs", _register, Registered),
        body=NewExternal,
        status=201,
    ),
)
