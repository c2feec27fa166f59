"""How a version of a table lies in the store."""

import pytest

from remint.core.artifact import Part
from remint.core.digest import digest_bytes
from remint.core.tabledigest import BLOCK_ROWS, table_digest
from remint.core.tableversion import (
    BLOCKS,
    LARGEST_MERGED_BYTES,
    StoredSegment,
    fields_of,
    files_of,
    merged_tail,
    named,
    proven_blocks,
    segments_of,
)
from remint.errors import BlobAltered

SCHEMA = [{"name": "a", "type": "int64"}, {"name": "b", "type": "list<utf8>"}]


def part(name, *, is_edit=False, size_bytes=10):
    return named(digest_bytes(name.encode()), size_bytes, is_edit=is_edit)


def of_rows(rows, *, size_bytes=10, edits=()):
    return StoredSegment(part("s", size_bytes=size_bytes), edits, rows)


def test_parts_become_segments_with_their_edits():
    parts = [part("a"), part("a1", is_edit=True), part("a2", is_edit=True), part("b"), Part(BLOCKS, digest_bytes(b""), 0)]
    found = segments_of(parts, [7, 9])
    assert [(segment.parts, segment.rows) for segment in found] == [(tuple(parts[:3]), 7), ((parts[3],), 9)]
    assert files_of(parts) == tuple(parts[:4])


def blocks(rows):
    return tuple(digest_bytes(b"%d %d" % (rows, block)).raw * 2 for block in range(-(-rows // BLOCK_ROWS)))


@pytest.mark.parametrize("rows", [0, 1, BLOCK_ROWS, BLOCK_ROWS + 1])
def test_blocks_prove_themselves(rows):
    digest = table_digest(fields_of(SCHEMA), rows, blocks(rows))
    assert proven_blocks(digest, {"rows": rows, "schema": SCHEMA}, b"".join(blocks(rows))) == blocks(rows)


@pytest.mark.parametrize(
    ("held", "facts"),
    [
        (lambda held: held[:-1], {}),
        (lambda held: held + held[:64], {}),
        (lambda held: held[64:] + held[:64], {}),
        (lambda held: b"", {}),
        (lambda held: bytes([held[0] ^ 1]) + held[1:], {}),
        (lambda held: held, {"rows": BLOCK_ROWS + 2}),
        (lambda held: held, {"rows": 3 * BLOCK_ROWS}),
        (lambda held: held, {"schema": [SCHEMA[0], {"name": "c", "type": "list<utf8>"}]}),
        (lambda held: held, {"schema": SCHEMA[:1]}),
    ],
)
def test_blocks_rows_or_columns_that_are_not_those_of_the_table_are_found_out(held, facts):
    rows = BLOCK_ROWS + 1
    digest = table_digest(fields_of(SCHEMA), rows, blocks(rows))
    with pytest.raises(BlobAltered, match="blocks"):
        proven_blocks(digest, {"rows": rows, "schema": SCHEMA} | facts, held(b"".join(blocks(rows))))


def grown(sizes):
    """Return the most segments there ever were, those at the end, and how many rows were written for each appended one."""
    segments, most, written = [of_rows(1_000_000)], 0, 0
    for rows in sizes:
        segments.append(of_rows(rows))
        if joined := merged_tail(segments):
            segments[-joined:] = [of_rows(sum(segment.rows for segment in segments[-joined:]))]
            written += segments[-1].rows
        most = max(most, len(segments))
    return most, len(segments), written / sum(sizes)


@pytest.mark.parametrize("sizes", [[100], [1, 100], [3000, 1, 50, 7]])
def test_many_appends_leave_few_segments_and_rewrite_little(sizes):
    most, last, written = grown((sizes * 10_000)[:10_000])
    assert most <= 40
    assert last <= 40
    assert written <= 6


def test_large_segments_and_those_with_edits_are_not_written_again():
    large = LARGEST_MERGED_BYTES // 4
    assert merged_tail([of_rows(100)] * 8) == 8
    assert merged_tail([of_rows(100, size_bytes=large)] * 12) == 0
    assert merged_tail([of_rows(100)] * 4 + [of_rows(100, edits=(part("e", is_edit=True),))] + [of_rows(100)] * 7) == 0
