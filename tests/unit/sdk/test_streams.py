"""Streams of samples: one order for each epoch, divided without loss, and resumed exactly."""

import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remint.errors import Invalid
from remint.sdk.samples import PlacedFiles, Samples
from remint.sdk.streams import RUN_SAMPLES, Order
from remint.sdk.values import Files


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    places = {}
    for number in range(700):
        place = folder / f"{number:04}"
        place.write_bytes(bytes([number % 251]) * (number % 13))
        places[place.name] = place
    return Samples(PlacedFiles(places))


def numbers(stream):
    return [int(sample.path) for sample in stream]


def order_of(sizes, seed, buffer, epoch, start=0, stop=None):
    pieces = Order(sizes, seed, buffer).pieces(epoch, start, len(sizes) if stop is None else stop)
    return [number for piece in pieces for number in piece]


sizes = st.lists(st.integers(0, 3 << 20), max_size=400)


@given(sizes, st.integers(), st.integers(1, 300), st.integers(0, 9))
def test_an_epoch_has_every_sample_once(sizes, seed, buffer, epoch):
    assert sorted(order_of(sizes, seed, buffer, epoch)) == list(range(len(sizes)))


@given(sizes, st.integers(), st.integers(1, 300), st.data())
def test_a_part_of_an_epoch_is_the_same_whoever_reads_the_rest(sizes, seed, buffer, data):
    start = data.draw(st.integers(0, len(sizes)))
    stop = data.draw(st.integers(start, len(sizes)))
    assert order_of(sizes, seed, buffer, 2, start, stop) == order_of(sizes, seed, buffer, 2)[start:stop]


def test_the_order_of_a_seed_never_changes():
    """Frozen: a model trained with a seed is made again with the same order years later."""
    assert order_of([1] * 12, 7, 5, 0) == [3, 1, 2, 4, 0, 5, 7, 8, 9, 6, 11, 10]
    assert order_of([600_000] * 12, 7, 5, 3) == [6, 9, 7, 4, 3, 1, 2, 8, 0, 5, 10, 11]


def test_a_buffer_holds_whole_runs_of_neighbours():
    count = 4 * RUN_SAMPLES
    first = set(order_of([10] * count, 1, RUN_SAMPLES, 0)[:RUN_SAMPLES])
    assert max(first) - min(first) == RUN_SAMPLES - 1


def test_a_seed_and_an_epoch_decide_the_order(samples):
    stream = samples.stream(seed=5, buffer=64)
    first = numbers(stream)
    assert first == numbers(samples.stream(seed=5, buffer=64))
    assert first != numbers(samples.stream(seed=6, buffer=64))
    stream.set_epoch(1)
    assert first != numbers(stream)
    stream.set_epoch(0)
    assert first == numbers(stream)


def test_without_a_seed_the_order_is_that_of_the_set(samples):
    assert numbers(samples.stream()) == list(range(700))


@pytest.mark.parametrize("count", [1, 3, 7, 701])
def test_shards_are_the_whole_in_order(samples, count):
    stream = samples.stream(seed=5, buffer=64)
    parts = [numbers(stream.shard(count, index)) for index in range(count)]
    assert [number for part in parts for number in part] == numbers(stream)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert [len(stream.shard(count, index)) for index in range(count)] == [len(part) for part in parts]


def test_a_shard_of_a_shard_is_a_part_of_it(samples):
    stream = samples.stream(seed=5, buffer=64).shard(3, 1)
    assert numbers(stream.shard(2, 0)) + numbers(stream.shard(2, 1)) == numbers(stream)


def test_take_and_skip_count_from_the_first(samples):
    stream = samples.stream(seed=5, buffer=64)
    whole = numbers(stream)
    assert numbers(stream.take(100)) == whole[:100]
    assert numbers(stream.skip(100)) == whole[100:]
    assert numbers(stream.skip(100).take(7)) == whole[100:107]
    assert numbers(stream.take(5).skip(9)) == []


def test_map_filter_and_batch_work_in_the_order_they_are_called(samples):
    stream = samples.stream(seed=5, buffer=64).map(lambda sample: int(sample.path)).filter(lambda number: number % 2)
    whole = [number for number in numbers(samples.stream(seed=5, buffer=64)) if number % 2]
    assert list(stream.batch(100)) == [whole[start : start + 100] for start in range(0, 350, 100)]
    assert [len(batch) for batch in stream.batch(100, drop_last=True)] == [100, 100, 100]
    assert list(stream.take(3).batch(2)) == [whole[:2], whole[2:3]]
    assert list(stream.skip(348)) == whole[348:]
    assert list(stream.batch(100).batch(3)) == [
        [whole[:100], whole[100:200], whole[200:300]],
        [whole[300:]],
    ]


STEPS = {
    "plain": lambda stream: stream,
    "batches": lambda stream: stream.map(lambda sample: sample.path).batch(3),
    "filtered": lambda stream: stream.filter(lambda sample: int(sample.path) % 3).skip(4).batch(2),
    "first of filtered": lambda stream: stream.filter(lambda sample: int(sample.path) % 3).take(30),
    "a shard": lambda stream: stream.shard(3, 1).batch(4),
}


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("seen", [0, 1, 13, 29])
def test_a_stream_goes_on_exactly_where_it_was(samples, name, seen):
    def made():
        return STEPS[name](samples.stream(seed=5, buffer=64))

    stream = made()
    stream.set_epoch(4)
    whole = list(stream)
    reading = iter(stream)
    first = [next(reading) for _ in range(seen)]
    state = json.loads(json.dumps(stream.state_dict())) if seen else None
    other = made()
    other.set_epoch(4)
    if state is not None:
        other.load_state_dict(state)
    assert first + list(other) == whole
    assert list(other) == whole


def test_a_state_that_was_loaded_is_the_state(samples):
    stream = samples.stream(seed=5)
    reading = iter(stream)
    next(reading)
    state = stream.state_dict()
    other = samples.stream(seed=5)
    other.load_state_dict(state)
    assert other.state_dict() == state


def test_a_state_at_the_end_has_nothing_left(samples):
    stream = samples.stream(seed=5)
    assert len(list(stream)) == 700
    other = samples.stream(seed=5)
    other.load_state_dict(stream.state_dict())
    assert list(other) == []


@pytest.mark.parametrize(
    "other",
    [
        lambda samples: samples.stream(seed=6),
        lambda samples: samples.stream(seed=5, buffer=9),
        lambda samples: samples.stream(seed=5).take(9),
        lambda samples: samples.select("00*").stream(seed=5),
    ],
)
def test_the_state_of_another_stream_is_refused(samples, other):
    state = samples.stream(seed=5).state_dict()
    with pytest.raises(Invalid, match="cannot go on"):
        other(samples).load_state_dict(state)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda stream: stream.take(5).shuffle(1),
        lambda stream: stream.shard(2, 0).shuffle(1),
        lambda stream: stream.filter(bool).take(3).shard(2, 0),
        lambda stream: stream.shard(2, 2),
        lambda stream: stream.shard(0, 0),
        lambda stream: stream.shuffle(1, buffer_size=0),
        lambda stream: stream.batch(0),
        lambda stream: stream.take(-1),
        lambda stream: stream.set_epoch(-1),
    ],
)
def test_what_has_no_meaning_is_refused(samples, wrong):
    with pytest.raises(Invalid):
        wrong(samples.stream())


def test_samples_are_a_sequence(samples):
    assert len(samples) == 700
    assert samples[3] == ("0003", bytes([3]) * 3)
    assert samples[-1].path == "0699"
    assert [sample.path for sample in samples.__getitems__([9, 2, 9])] == ["0009", "0002", "0009"]
    assert [sample.path for sample in samples[10:40:10]] == ["0010", "0020", "0030"]
    assert [sample.path for sample in samples] == samples.paths
    with pytest.raises(IndexError):
        samples[700]
    with pytest.raises(IndexError):
        samples.__getitems__([0, -701])


def test_samples_are_selected_by_pattern_or_number(samples):
    assert samples.select("002?").paths == [f"002{digit}" for digit in range(10)]
    assert samples.select([5, -1, 5]).paths == ["0005", "0699", "0005"]
    assert samples.select("00*").select([1])[0].path == "0001"
    assert samples.select("00*").sizes == [number % 13 for number in range(100)]
    with pytest.raises(Invalid, match="no sample was selected"):
        samples.select("nothing*")


def path_of(sample):
    return sample.path


def test_samples_and_streams_can_be_pickled(samples):
    mapped = samples.select("00*").map(path_of)
    assert list(pickle.loads(pickle.dumps(mapped))) == list(mapped)
    stream = mapped.stream(seed=3, buffer=10).shard(2, 1).batch(7)
    assert list(pickle.loads(pickle.dumps(stream))) == list(stream)


def test_the_files_of_a_step_are_samples(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.txt").write_bytes(b"x")
    (tmp_path / "y.txt").write_bytes(b"why")
    found = Files.below(tmp_path).samples()
    assert list(found) == [("a/x.txt", b"x"), ("y.txt", b"why")]
    assert found.sizes == [1, 3]
