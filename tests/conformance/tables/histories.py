"""Random histories of tables: each change is made on a plain Arrow table, and stored as a version after the one before."""

import datetime as dt
import random
import struct

import numpy as np
import pyarrow as pa

KEY = "key"
ODD_NAN = struct.unpack("<d", struct.pack("<Q", 0x7FF8DEADBEEF0001))[0]
NUMBERS = [0.0, -0.0, 1.5, float("nan"), ODD_NAN, float("inf"), -2.25, None]
TEXTS = ["", "a", "ä€", None, "same", "x" * 300, "0123456789abcdef"]
SCHEMA = pa.schema(
    {
        KEY: pa.int64(),
        "number": pa.float64(),
        "text": pa.string(),
        "flag": pa.bool_(),
        "items": pa.list_(pa.int16()),
        "at": pa.timestamp("us", "UTC"),
        "pair": pa.struct({"a": pa.int8(), "b": pa.list_(pa.string())}),
        "price": pa.decimal128(9, 2),
        "day": pa.date32(),
        "raw": pa.binary(),
        "nothing": pa.null(),
    }
)


class History:
    """A table that random changes are made to.

    Attributes:
        table: as it is now.
        draw: decides everything; the same seed makes the same history.
    """

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self._key = 0
        # Some tables have few different rows, and no two rows of others are equal.
        self._few = self.draw.random() < 0.3
        self.table = self.rows(self.draw.choice([0, 1, 3, 40, 200, 200]))

    def rows(self, count: int, keys: list[int] | None = None) -> pa.Table:
        """Return new rows, with these keys or with new ones."""
        return pa.Table.from_pylist([self._row(keys[n] if keys else None) for n in range(count)], schema=SCHEMA)

    def _row(self, key: int | None) -> dict[str, object]:
        draw = self.draw
        if key is None:
            self._key += 1
            key = draw.randrange(3) if self._few else self._key
        if self._few:
            return {KEY: key, "number": draw.choice(NUMBERS[:2]), "text": draw.choice(TEXTS[:2])}
        return {
            KEY: key,
            "number": draw.choice([*NUMBERS, draw.random()]),
            "text": draw.choice([*TEXTS, str(draw.random())]),
            "flag": draw.choice([True, False, None]),
            "items": draw.choice([None, [], [1, None, 3], [draw.randrange(99)]]),
            "at": draw.choice([None, dt.datetime(2013, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=draw.randrange(10**6))]),
            "pair": draw.choice([None, {"a": None, "b": ["x", None]}, {"a": 1, "b": None}]),
            "price": draw.choice([None, "1.25", "-0.01"]) and pa.scalar("1.25").cast(pa.decimal128(9, 2)).as_py(),
            "day": draw.choice([None, dt.date(2013, 1, 1)]),
            "raw": draw.choice([None, b"", b"\0\xff"]),
            "nothing": None,
        }

    def places(self, most: int) -> np.ndarray:
        """Return some places in the table, ascending."""
        count = min(self.draw.randint(1, most), self.table.num_rows)
        return np.array(sorted(self.draw.sample(range(self.table.num_rows), count)), np.int64)

    def change(self) -> str:
        """Make one random change of the table; return what it was."""
        made = self.draw.choice(["append", "edit", "edit", "insert", "delete", "delete range", "move", "replace all", "same"])
        getattr(self, "_" + made.replace(" ", "_"))()
        return made

    def _append(self) -> None:
        self.table = pa.concat_tables([self.table, self.rows(self.draw.choice([1, 2, 30]))])

    def _edit(self) -> None:
        places = self.places(5)
        self._take_from(self.rows(len(places)), {int(place): number for number, place in enumerate(places)})

    def _take_from(self, rows: pa.Table, partners: dict[int, int]) -> None:
        count = self.table.num_rows
        order = [count + partners[place] if place in partners else place for place in range(count)]
        self.table = pa.concat_tables([self.table, rows]).take(pa.array(order, pa.int64()))

    def _insert(self) -> None:
        rows = self.rows(self.draw.randint(1, 5))
        order = list(range(self.table.num_rows))
        for number in range(rows.num_rows):
            order.insert(self.draw.randint(0, len(order)), self.table.num_rows + number)
        self.table = pa.concat_tables([self.table, rows]).take(pa.array(order, pa.int64()))

    def _delete(self) -> None:
        self.table = self.table.take(pa.array(np.delete(np.arange(self.table.num_rows), self.places(5))))

    def _delete_range(self) -> None:
        start = self.draw.randint(0, self.table.num_rows)
        gone = range(start, min(self.table.num_rows, start + self.draw.randint(0, 60)))
        self.table = self.table.take(pa.array(np.delete(np.arange(self.table.num_rows), list(gone))))

    def _move(self) -> None:
        order = list(range(self.table.num_rows))
        for _ in range(self.draw.randint(1, 4)):
            if order:
                order.insert(self.draw.randrange(len(order)), order.pop(self.draw.randrange(len(order))))
        self.table = self.table.take(pa.array(order, pa.int64()))

    def _replace_all(self) -> None:
        self.table = self.rows(self.draw.randint(0, 30))

    def _same(self) -> None:
        pass
