"""The logical digest of a table, version 1: what is hashed, in which order.

Rows are cut into blocks of 65,536. Each column of each block is hashed on its own, and the table is the hash of its schema and
of those digests. An adapter turns columns into canonical buffers; the rule here neither knows nor needs a table library.
The format is frozen: see docs/format/tables.md and the vectors in tests/vectors/tables/.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from remint.core import canonical
from remint.core.digest import Digest, digest_record
from remint.core.tabletype import MAX_DEPTH, TypeTag, depth_of
from remint.errors import Invalid

BLOCK_ROWS: Final = 65_536
DIGEST_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Field:
    """A column: its name and its type tag."""

    name: str
    type: TypeTag


@dataclass(frozen=True, slots=True)
class TableDigest:
    """The identity of a table and what an append needs to go on from it.

    Attributes:
        digest: the table's digest.
        rows: how many rows it has.
        fields: its columns, in order.
        blocks: per block the digests of its columns in column order, 32 bytes each, joined.
    """

    digest: Digest
    rows: int
    fields: tuple[Field, ...]
    blocks: tuple[bytes, ...]

    @property
    def full_blocks(self) -> tuple[bytes, ...]:
        """The blocks that an append leaves as they are."""
        return self.blocks[: self.rows // BLOCK_ROWS]

    @property
    def tail_rows(self) -> int:
        """How many last rows must be read again before rows are appended."""
        return self.rows % BLOCK_ROWS


def u64(value: int) -> bytes:
    """Return a count or length as 8 bytes, little-endian.

    Example:
        >>> u64(258).hex()
        '0201000000000000'
    """
    return value.to_bytes(8, "little")


def require_columns(fields: Sequence[Field]) -> None:
    """Refuse a set of columns that has no digest.

    Raises:
        Invalid: there is no column, two columns have the same name, or a type nests deeper than 32 levels.
    """
    if not fields:
        raise Invalid("a table without columns has no digest", why="there is nothing to hash", next_step="give it a column")
    seen: set[str] = set()
    for field in fields:
        if field.name in seen:
            raise Invalid(
                f"the table has two columns named {field.name!r}",
                why="columns are told apart by name only",
                next_step="rename or drop one of them",
                column=field.name,
            )
        seen.add(field.name)
        if depth_of(field.type) > MAX_DEPTH:
            raise Invalid(
                f"column {field.name!r} nests deeper than {MAX_DEPTH} levels",
                why="a digest is defined up to that depth",
                next_step="flatten the column or store it as text",
                column=field.name,
            )


def schema_bytes(fields: Sequence[Field]) -> bytes:
    """Return the canonical JSON of the columns: names and types in order; nullability and metadata are no part of it.

    Example:
        >>> from remint.core.tabletype import plain
        >>> schema_bytes([Field("a", plain("int8"))])
        b'[{"name":"a","type":"int8"}]'
    """
    require_columns(fields)
    return canonical.dumps([{"name": field.name, "type": str(field.type)} for field in fields])


def fields_from_schema(schema: bytes) -> list[tuple[str, str]]:
    """Return the names and tags that `schema_bytes` wrote."""
    return [(column["name"], column["type"]) for column in canonical.loads(schema)]


def column_block_digest(tag: TypeTag, rows: int, validity: bytes | memoryview, values: Iterable[bytes | memoryview]) -> Digest:
    """Return the digest of one column in one block.

    Args:
        tag: the column's type.
        rows: how many rows the block has, 1 to 65,536.
        validity: one bit a row, least significant first, set where a value is; padding bits are zero.
        values: the canonical values, as docs/format/tables.md writes them.
    """
    return digest_record("table block v1", [str(tag).encode() + b"\0", u64(rows), validity, *values])


def table_digest(fields: Sequence[Field], rows: int, blocks: Sequence[bytes]) -> Digest:
    """Return the digest of a table.

    Args:
        fields: the columns, in order.
        rows: how many rows the table has.
        blocks: per block the raw digests of its columns in column order, joined.

    Raises:
        Invalid: the columns have no digest, or the blocks do not fit the rows and columns.
    """
    schema = schema_bytes(fields)
    expected = -(-rows // BLOCK_ROWS)
    if len(blocks) != expected or any(len(block) != DIGEST_BYTES * len(fields) for block in blocks):
        raise Invalid(
            "the block digests do not fit the table",
            why=f"{rows} rows of {len(fields)} columns have {expected} blocks of {DIGEST_BYTES * len(fields)} bytes",
            next_step="take them from the digest of the same table",
        )
    return digest_record("table v1", [u64(len(schema)), schema, u64(rows), *blocks])
