from collections import Counter

import numpy as np
import pytest

from playground.pair_table import PairTable


@pytest.mark.parametrize("dtype", [np.uint32, np.uint64])
@pytest.mark.parametrize("skipped", [0, 9])
def test_counts_are_those_of_a_dictionary_while_the_table_grows(dtype, skipped):
    pairs = np.random.default_rng(1).zipf(1.1, 20_000).astype(dtype)
    table = PairTable(4, skipped)
    assert sorted(table.count(pairs).tolist()) == sorted(Counter(pairs.tolist()).values())
    assert len(table.keys) >= len(set(pairs.tolist()))


def test_a_table_is_empty_after_each_lot():
    table = PairTable(6)
    assert sorted(table.count(np.array([0, 5, 5], np.uint64)).tolist()) == [1, 2]
    assert table.count(np.array([5], np.uint64)).tolist() == [1]
    assert table.count(np.array([], np.uint64)).tolist() == []


def test_memory_follows_the_pairs_that_occur():
    table = PairTable(12)
    pairs = np.tile(np.array([151_999 * 152_000, 0, 7], np.uint64), 100_000)
    assert sorted(table.count(pairs).tolist()) == [100_000] * 3
    assert len(table.keys) == 4096


def test_pairs_of_one_hash_and_the_largest_pair_are_kept_apart():
    largest = np.uint64(2**64 - 2)  # stored plus one, so this is the last that fits
    pairs = np.array([largest, 0, largest, 1], np.uint64)
    assert sorted(PairTable(2, 60).count(pairs).tolist()) == [1, 1, 2]
