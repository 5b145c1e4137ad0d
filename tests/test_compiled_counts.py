from collections import Counter

import numpy as np
import pytest

from playground import compiled_counts
from playground.token_files import read_tokens


def expected(tokens):
    return sorted(Counter(zip(tokens.tolist(), tokens[1:].tolist(), strict=False)).values())


def zipf(n_tokens, d_vocab, dtype=np.uint32):
    draws = np.random.default_rng(0).zipf(1.2, n_tokens) - 1
    return np.minimum(draws, d_vocab - 1).astype(dtype)


def compare(tokens, d_vocab):
    """Hold the compiled counts against a dictionary's."""
    pairs = compiled_counts.pair_counts(tokens, d_vocab)
    assert sorted(np.repeat(pairs.counts, pairs.times).tolist()) == expected(tokens)
    np.testing.assert_array_equal(pairs.firsts, np.bincount(tokens[:-1], minlength=d_vocab))


@pytest.mark.parametrize(
    ("d_vocab", "dtype"),
    [(65, np.uint16), (1024, np.int64), (1025, np.uint16), (65_537, np.int32), (152_000, np.uint32)],
)
@pytest.mark.parametrize("n_tokens", [2, 3, 50_000])
def test_counts_are_those_of_a_dictionary(d_vocab, dtype, n_tokens):
    compare(zipf(n_tokens, d_vocab, dtype), d_vocab)


@pytest.mark.parametrize("d_vocab", [60, 5000, 152_000])
@pytest.mark.parametrize("cores", [1, 3])
def test_blocks_cores_rounds_and_large_counts_lose_no_pair(monkeypatch, d_vocab, cores):
    monkeypatch.setattr(compiled_counts, "BLOCK_TOKENS", 101)
    monkeypatch.setattr(compiled_counts, "MAX_BYTES_AT_ONCE", 1000)
    monkeypatch.setattr(compiled_counts, "TALLIED", 4)
    monkeypatch.setattr(compiled_counts.os, "cpu_count", lambda: cores)
    compare(zipf(7000, d_vocab), d_vocab)


def test_one_pair_over_and_over_is_one_round():
    compare(np.zeros(100_000, np.uint32), 152_000)


def test_a_mapped_file_is_counted_as_it_lies(tmp_path):
    np.save(tmp_path / "t.npy", zipf(30_000, 5000, np.uint16))
    compare(read_tokens(tmp_path / "t.npy"), 5000)
