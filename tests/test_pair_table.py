from collections import Counter

import numpy as np
import pytest

from playground import pair_table


@pytest.mark.parametrize(
    ("d_vocab", "dtype"),
    [(65, np.uint16), (1024, np.uint16), (1025, np.uint16), (60_000, np.uint16), (152_000, np.uint32)],
)
@pytest.mark.parametrize("n_tokens", [2, 3, 50_000])
def test_counts_are_those_of_a_dictionary(d_vocab, dtype, n_tokens):
    rng = np.random.default_rng(0)
    tokens = np.minimum(rng.zipf(1.2, n_tokens) - 1, d_vocab - 1).astype(dtype)
    expected = Counter(zip(tokens.tolist(), tokens[1:].tolist(), strict=False))
    assert sorted(pair_table.pair_counts(tokens, d_vocab).tolist()) == sorted(expected.values())


def test_a_table_grows_and_keeps_every_pair_with_its_count(monkeypatch):
    monkeypatch.setattr(pair_table, "MAX_FIRST_BITS", 8)
    tokens = np.random.default_rng(1).integers(0, 152_000, 20_000).astype(np.uint32)
    table = pair_table.PairTable.empty(8, 152_000)
    table.count(tokens, 0, 9_000, 152_000)
    other = pair_table.PairTable.empty(8, 152_000)
    other.count(tokens, 9_000, len(tokens) - 1, 152_000)
    table.add(other)
    keys = table.keys[table.keys > 0] - 1
    found = dict(zip(zip(*divmod(keys, 152_000), strict=True), table.counts[table.keys > 0], strict=True))
    assert found == Counter(zip(tokens.tolist(), tokens[1:].tolist(), strict=False))
    assert table.used == len(found)


def test_memory_follows_the_pairs_that_occur_not_the_vocabulary():
    tokens = np.tile(np.array([151_999, 0, 7], dtype=np.uint32), 100_000)
    table = pair_table.PairTable.empty(12, 152_000)
    table.count(tokens, 0, len(tokens) - 1, 152_000)
    assert len(table.keys) == 4096
    assert sorted(pair_table.pair_counts(tokens, 152_000).tolist()) == [99_999, 100_000, 100_000]
