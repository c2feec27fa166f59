"""What every usage log promises (ports.usage)."""

import threading

import pyarrow.parquet as pq

from remint.core.prediction import Status
from tests.support.batches import MODEL, batch, refused


def ids_in(logs, deployment="x"):
    return [one for piece in logs.pieces(deployment) for held in piece.batches for one in held.ids]


def test_what_was_appended_is_read_back_bit_for_bit(logs):
    given = batch(1, key="AA1")
    logs.writer("x").append(given)
    [found] = logs.pieces("x")[0].batches
    assert (found.model, found.features, list(found.ids), list(found.keys)) == (
        given.model,
        given.features,
        list(given.ids),
        list(given.keys),
    )
    assert found.rows.tobytes() == given.rows.tobytes()
    assert found.scores.tobytes() == given.scores.tobytes()
    assert (list(found.at_us), list(found.latencies_us), list(found.statuses)) == (
        list(given.at_us),
        list(given.latencies_us),
        list(given.statuses),
    )


def test_a_log_is_read_while_it_is_written(logs):
    writer = logs.writer("x")
    writer.append(batch(1))
    assert len(ids_in(logs)) == 3
    writer.append(batch(2))
    assert len(ids_in(logs)) == 6


def test_a_piece_is_complete_only_after_its_writer_went_on(logs):
    writer = logs.writer("x")
    writer.append(batch(1))
    assert [piece.complete for piece in logs.pieces("x")] == [False]
    writer.rotate()
    writer.append(batch(2))
    assert [piece.complete for piece in logs.pieces("x")] == [True, False]


def test_rotating_an_unused_log_makes_no_piece(logs):
    writer = logs.writer("x")
    writer.rotate()
    writer.close()
    assert (logs.pieces("x"), logs.deployments()) == ([], [])


def test_only_dropped_pieces_are_forgotten(logs):
    writer = logs.writer("x")
    for number in (1, 2):
        writer.append(batch(number))
        writer.rotate()
    first, second = logs.pieces("x")
    logs.drop("x", [first.name])
    logs.drop("x", [first.name])
    assert [piece.name for piece in logs.pieces("x")] == [second.name]


def test_deployments_with_similar_names_stay_apart(logs):
    for name in ("x", "x/y", "x.log", "x-y"):
        logs.writer(name).append(batch(1))
    assert logs.deployments() == ["x", "x-y", "x.log", "x/y"]
    assert [len(ids_in(logs, name)) for name in logs.deployments()] == [3, 3, 3, 3]


def test_models_with_other_features_share_a_log(logs):
    writer = logs.writer("x")
    writer.append(batch(1))
    writer.append(batch(2, features=("hour",)))
    writer.append(batch(3))
    found = [held for piece in logs.pieces("x") for held in piece.batches]
    assert [held.features for held in found] == [("distance", "wind"), ("hour",), ("distance", "wind")]
    assert [held.rows.shape for held in found] == [(3, 2), (3, 1), (3, 2)]


def test_two_writers_lose_nothing_of_each_other(logs):
    writers = [logs.writer("x"), logs.writer("x")]
    threads = [
        threading.Thread(target=lambda part=part: [writers[part].append(batch(2 * number + part)) for number in range(50)])
        for part in (0, 1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ids_in(logs)) == sorted(one for number in range(100) for one in batch(number).ids)


def test_a_prediction_is_found_by_its_id(logs):
    writer = logs.writer("x")
    for number in range(5):
        writer.append(batch(number, key=f"flight {number}"))
    found = logs.find(batch(3).ids[0])
    assert (found.deployment, found.model, found.key, found.score) == ("x", MODEL, "flight 3", 0.0)
    assert found.features == {"distance": None, "wind": 3001.0}


def test_an_id_nobody_gave_is_not_found(logs):
    logs.writer("x").append(batch(1))
    assert logs.find(batch(2).ids[0]) is None


def test_a_refused_prediction_has_no_score(logs):
    logs.writer("x").append(refused(1))
    found = logs.find(refused(1).ids[0])
    assert (found.status, found.score) == (Status.REFUSED, None)


def test_a_segment_has_a_column_for_everything_in_the_order_of_ids(logs):
    logs.writer("x").append(batch(1))
    [made] = logs.to_segments("x", [batch(2, key="k"), batch(1)], without=())
    table = pq.read_table(made.path)
    expected = [*batch(1).ids, *batch(2).ids]
    assert table.column_names == [
        "prediction_id",
        "at_us",
        "model",
        "key",
        "status",
        "score",
        "latency_us",
        "distance",
        "wind",
    ]
    assert table["prediction_id"].to_pylist() == expected
    assert (made.first_id, made.last_id, made.rows) == (expected[0], expected[-1], 6)
    assert table["distance"].to_pylist() == [None, 1002.0, 1004.0, None, 2002.0, 2004.0]


def test_a_segment_leaves_out_what_is_sealed_already(logs):
    logs.writer("x").append(batch(1))
    assert logs.to_segments("x", [batch(1)], without=set(batch(1).ids)) == []
    [made] = logs.to_segments("x", [batch(1), batch(2)], without=set(batch(1).ids))
    assert pq.read_table(made.path)["prediction_id"].to_pylist() == list(batch(2).ids)


def test_a_sealed_prediction_equals_the_live_one(logs):
    logs.writer("x").append(batch(1, key="k"))
    wanted = batch(1).ids[1]
    live = logs.find(wanted)
    [made] = logs.to_segments("x", [batch(1, key="k")], without=())
    assert logs.row("x", [made.path], wanted) == live
    assert logs.row("x", [made.path], batch(2).ids[0]) is None


def test_only_one_seals_at_a_time(logs):
    logs.writer("x").append(batch(1))
    order = []

    def seal():
        with logs.sealing("x"):
            order.append("second")

    with logs.sealing("x"):
        other = threading.Thread(target=seal)
        other.start()
        other.join(0.2)
        order.append("first")
    other.join()
    assert order == ["first", "second"]


def test_syncing_what_was_never_written_is_nothing(logs):
    writer = logs.writer("x")
    writer.sync()
    writer.append(batch(1))
    writer.sync()
    writer.sync()
    assert len(ids_in(logs)) == 3


def test_many_predictions_go_into_several_segments(logs):
    logs.writer("x").append(batch(1))
    made = logs.to_segments("x", [batch(number, rows=9000) for number in (1, 2)], without=())
    assert [one.rows for one in made] == [16_384, 1616]
    assert (made[0].first_id, made[1].last_id) == (batch(1).ids[0], batch(2, rows=9000).ids[-1])
    assert made[0].last_id < made[1].first_id
    assert [logs.row("x", [made[1].path], one) is None for one in (made[0].last_id, made[1].first_id)] == [True, False]
