"""Recipes in SQL (see ports.catalog.Recipes)."""

from sqlalchemy import Connection, bindparam, select

from remint.adapters.catalog.statements import insert_new
from remint.adapters.catalog.tables import recipes
from remint.core import canonical
from remint.core.digest import Digest
from remint.core.recipe import Recipe, decoded, key_of
from remint.errors import NotFound

_ADD = insert_new(recipes)
_BODY = select(recipes.c.body).where(recipes.c.key == bindparam("wanted"))


class SqlRecipes:
    """Recipes by plan key; insert-only."""

    def __init__(self, connection: Connection) -> None:
        self._tx = connection

    def add(self, recipe: Recipe) -> Digest:
        """Record a recipe and return its plan key."""
        body = canonical.dumps(recipe.encoded())
        key = key_of(body)
        self._tx.execute(_ADD, {"key": key, "step": recipe.step, "body": body.decode()})
        return key

    def get(self, key: Digest) -> Recipe:
        """Return the recipe with this plan key."""
        body = self._tx.execute(_BODY, {"wanted": key}).scalar()
        if body is None:
            raise NotFound(
                f"recipe {key.short} was not found",
                why="no recipe of that key is recorded here",
                next_step="see `remint runs list`",
            )
        return decoded(canonical.loads(body))
