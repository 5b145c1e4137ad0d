from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground import compiled_counts, counting
from playground.counting import grams_by_order, pair_counts, token_counts


def counted(tokens, order):
    return Counter(tuple(tokens[i : i + order]) for i in range(len(tokens) - order + 1))


@given(st.lists(st.integers(0, 151_999), min_size=1, max_size=80), st.integers(1, 4))
def test_runs_are_those_that_a_dictionary_counts(tokens, alphabet):
    tokens = [token % (10**alphabet) for token in tokens]
    array = np.array(tokens, dtype=np.uint32)
    for order, grams in enumerate(grams_by_order(array, 152_000, 5), start=1):
        at = {int(number): tuple(tokens[i : i + order]) for i, number in enumerate(grams.at)}
        assert {at[i]: int(count) for i, count in enumerate(grams.counts)} == counted(tokens, order)
        assert all(
            at[i] == tuple(tokens[int(place) : int(place) + order]) for i, place in enumerate(grams.somewhere)
        )
        assert np.all(np.diff(grams.keys) > 0)


def test_there_are_no_runs_longer_than_the_text():
    assert [grams.size for grams in grams_by_order(np.array([1, 2]), 3, 5)] == [2, 1]


def spelled_out(pairs):
    """Return the counts of all distinct pairs, sorted."""
    return sorted(np.repeat(pairs.counts, pairs.times).tolist())


@pytest.mark.parametrize("tokens", [[], [3], [3, 3], [0, 1, 0, 1, 2]])
def test_pairs_of_short_texts(tokens):
    pairs = pair_counts(np.array(tokens, dtype=np.uint16), 5)
    assert spelled_out(pairs) == sorted(counted(tokens, 2).values())
    assert pairs.firsts.tolist() == [tokens[:-1].count(token) for token in range(5)]


@pytest.mark.parametrize("n_tokens", [0, 1, 100, 101, 5000])
def test_tokens_are_counted_in_blocks(monkeypatch, n_tokens):
    monkeypatch.setattr(counting, "TOKENS_AT_ONCE", 100)
    tokens = np.random.default_rng(0).integers(0, 9, n_tokens).astype(np.uint16)
    assert token_counts(tokens, 10).tolist() == [tokens.tolist().count(token) for token in range(10)]


def test_long_texts_are_counted_by_the_compiled_code(monkeypatch):
    tokens = np.random.default_rng(0).integers(0, 9, 500)
    expected = spelled_out(pair_counts(tokens, 2000))
    monkeypatch.setattr(counting, "COMPILED_FROM", 500)
    called, count = [], compiled_counts.pair_counts
    monkeypatch.setattr(compiled_counts, "pair_counts", lambda *text: called.append(text) or count(*text))
    assert spelled_out(pair_counts(tokens, 2000)) == expected
    assert len(called) == 1


@pytest.mark.parametrize("tokens", [[1, 5, 2], [1, -1, 2], [2, 1, 2**32 + 1]])
def test_an_id_out_of_range_is_refused_by_every_count(tokens):
    tokens = np.array(tokens)
    for count in (
        token_counts, pair_counts, compiled_counts.pair_counts, lambda *a: list(grams_by_order(*a, 3))
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"d_vocab - 1 = 4, but one of them is (5|-1|4294967297)\."):
            count(tokens, 5)
