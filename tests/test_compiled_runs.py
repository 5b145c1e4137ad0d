from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground import compiled_runs, counting
from playground.compiled_runs import find, runs_by_length
from playground.counting import grams_by_order, look_up


def compare(tokens, d_vocab, longest=5):
    """Hold the compiled runs against those that are sorted."""
    plain = list(grams_by_order(tokens, d_vocab, longest))
    runs = list(runs_by_length(tokens, d_vocab, longest))
    assert len(runs) == len(plain)
    for length, (grams, (keys, counts, somewhere, at)) in enumerate(zip(plain, runs, strict=True), start=1):
        np.testing.assert_array_equal(keys, grams.keys)
        np.testing.assert_array_equal(counts, grams.counts)
        np.testing.assert_array_equal(at, grams.at)
        np.testing.assert_array_equal(at[somewhere], np.arange(len(keys)))
        spelled = Counter(tuple(tokens[i : i + length].tolist()) for i in range(len(tokens) - length + 1))
        assert sorted(spelled.values()) == sorted(counts.tolist())


@given(st.lists(st.integers(0, 151_999), min_size=1, max_size=80), st.integers(1, 4))
@settings(deadline=None)
def test_runs_of_short_texts(tokens, alphabet):
    compare(np.array([token % (10**alphabet) for token in tokens], np.uint32), 152_000)


@pytest.mark.parametrize("cores", [1, 3])
@pytest.mark.parametrize("few", [1, 24])
def test_runs_of_a_longer_text_whatever_the_cores_and_the_way_of_sorting(monkeypatch, cores, few):
    monkeypatch.setattr(compiled_runs.os, "cpu_count", lambda: cores)
    monkeypatch.setattr(compiled_runs, "SHARES", few)
    tokens = np.minimum(np.random.default_rng(0).zipf(1.2, 20_000), 3000) - 1
    compare(tokens, 3000)
    compare(np.zeros(1000, np.uint16), 3000)


@given(st.lists(st.integers(0, 50)), st.lists(st.tuples(st.integers(-1, 9), st.integers(0, 6)), min_size=1))
@settings(deadline=None)
def test_both_ways_of_looking_up_find_what_is_there(known, wanted):
    keys = np.unique(np.array([key for key in known if key < 70], dtype=np.int64))
    rows = np.searchsorted(keys, np.arange(11) * 7)
    contexts, tokens = (np.array(column, dtype=np.int64) for column in zip(*wanted, strict=True))
    found = np.empty(len(contexts), np.int64)
    find(keys, rows, 7, contexts, tokens, found)
    expected = [np.flatnonzero(keys == (c * 7 + t if c >= 0 else -1)).tolist() for c, t in wanted]
    assert found.tolist() == [place[0] if place else -1 for place in expected]
    if len(keys):
        assert look_up(keys, rows, contexts, tokens, 7).tolist() == found.tolist()
    assert counting.RUNS_COMPILED_FROM > 80
