"""The order of shards: each sample of an epoch once, from wherever a run goes on."""

from __future__ import annotations

import itertools
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from training.data.shards.order import Order

orders = st.builds(
    Order,
    st.lists(st.integers(1, 9), min_size=1, max_size=12),
    st.integers(1, 8),
    st.integers(0, 99),
)


def read(order: Order, lane: int, count: int) -> list[tuple[int, int, int]]:
    """(epoch, shard, sample) of the first samples of a lane."""
    samples = (
        (stretch.epoch, stretch.shard, sample)
        for stretch in order.stretches(lane)
        for sample in range(stretch.size)
    )
    return list(itertools.islice(samples, count))


@settings(max_examples=25, deadline=None)
@given(orders)
def test_each_sample_of_an_epoch_is_read_once_by_some_lane(order: Order) -> None:
    size = sum(order.sizes)
    lanes = [read(order, lane, 2 * size) for lane in range(order.n_lanes)]
    first = Counter(sample for lane in lanes for sample in lane if sample[0] == 0)
    everything = {(0, shard, i) for shard, n in enumerate(order.sizes) for i in range(n)}
    assert first == dict.fromkeys(everything, 1)


@settings(max_examples=25, deadline=None)
@given(orders, st.integers(0, 60))
def test_the_number_of_examples_tells_where_each_lane_is(order: Order, n_seen: int) -> None:
    for lane, place in enumerate(order.places(n_seen)):
        n_read = len(range(lane, n_seen, order.n_lanes))
        next_one = read(order, lane, n_read + 1)[-1]
        assert next_one == (place.epoch, place.shard, place.samples)


def test_lanes_stay_within_a_shard_of_each_other() -> None:
    order = Order([5, 7, 6, 9, 8], 3, 0)
    epochs = [place.epoch for place in order.places(3 * 35 * 40)]
    assert min(epochs) >= 119 and max(epochs) <= 121
