"""Tokens in SQL (see ports.tokens.Tokens)."""

import json
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select

from remint.adapters.catalog.statements import insert_new
from remint.adapters.catalog.tables import token_ends, tokens
from remint.core.digest import Digest
from remint.core.ids import PrincipalId
from remint.core.token import Token
from remint.ports.tokens import PAGE

_ALL = select(tokens, token_ends.c.at_us.label("revoked_us")).outerjoin(token_ends, token_ends.c.token == tokens.c.number)
_SHOWN = _ALL.where(tokens.c.secret == bindparam("secret"))


class SqlTokens:
    """Tokens and their ends; insert-only."""

    def __init__(self, connection: Connection) -> None:
        self._tx = connection

    def add(self, token: Token, secret: Digest) -> int:
        """Record a token and return its number."""
        number = (self._tx.execute(select(func.max(tokens.c.number))).scalar() or 0) + 1
        values = {
            "number": number,
            "secret": secret,
            "owner": token.owner,
            "about": token.about,
            "scopes": json.dumps(sorted(token.scopes)),
            "sandbox": token.sandbox,
            "at_us": token.at_us,
            "ends_us": token.ends_us,
        }
        self._tx.execute(insert(tokens).values(values))
        return number

    def shown(self, secret: Digest) -> Token | None:
        """Return the token of a secret, or None."""
        row = self._tx.execute(_SHOWN, {"secret": secret}).one_or_none()
        return None if row is None else _token(row)

    def get(self, number: int) -> Token | None:
        """Return one token, or None."""
        row = self._tx.execute(_ALL.where(tokens.c.number == number)).one_or_none()
        return None if row is None else _token(row)

    def newest(self, *, owner: PrincipalId | None = None, limit: int = PAGE) -> list[Token]:
        """Return tokens, newest first."""
        chosen = _ALL if owner is None else _ALL.where(tokens.c.owner == owner)
        return [_token(row) for row in self._tx.execute(chosen.order_by(tokens.c.number.desc()).limit(limit))]

    def revoke(self, number: int, *, by: PrincipalId, at_us: int) -> bool:
        """Record that a token was revoked, unless it was already."""
        values = {"token": number, "by": by, "at_us": at_us}
        return self._tx.execute(insert_new(token_ends).values(values)).rowcount == 1


def _token(row: Row[Any]) -> Token:
    return Token(
        row.number,
        PrincipalId(row.owner),
        row.about,
        frozenset(json.loads(row.scopes)),
        row.sandbox,
        row.at_us,
        row.ends_us,
        row.revoked_us,
    )
