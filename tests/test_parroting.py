import numpy as np
import pytest

from playground import parroting
from playground.parroting import find_copies


def brute_force(text, train, n):
    """Every start's longest match, straight from the definition."""
    text, train = list(text), list(train)

    def longest(start):
        best = 0
        for place in range(len(train)):
            length = 0
            while (
                start + length < len(text)
                and place + length < len(train)
                and text[start + length] == train[place + length]
            ):
                length += 1
            best = max(best, length)
        return best

    lengths = [longest(start) for start in range(len(text))]
    ends = [start + length for start, length in enumerate(lengths)]
    maximal = [
        (start, lengths[start])
        for start in range(len(text))
        if lengths[start] >= n and ends[start] > max(ends[:start], default=0)
    ]
    return sorted(maximal, key=lambda one: -one[1]), sum(length >= n for length in lengths)


@pytest.mark.parametrize("n", [1, 3, 8])
@pytest.mark.parametrize("d_vocab", [2, 5])
def test_it_finds_what_brute_force_finds(n, d_vocab, monkeypatch):
    monkeypatch.setattr(parroting, "BLOCK", 37)  # stretches go over the edges of blocks
    rng = np.random.default_rng(n)
    for _ in range(15):
        train = rng.integers(0, d_vocab, int(rng.integers(1, 200))).astype(np.uint16)
        text = rng.integers(0, d_vocab, int(rng.integers(0, 40)))
        copies = find_copies(text, train, n)
        stretches, n_copied = brute_force(text, train, n)
        assert [(one.start, one.length) for one in copies.stretches] == stretches
        assert (copies.n_copied, copies.n_grams) == (n_copied, max(0, len(text) - n + 1))
        for one in copies.stretches:
            expected = text[one.start : one.start + one.length]
            assert np.array_equal(train[one.source : one.source + one.length], expected)


def test_equal_hashes_are_no_copies(monkeypatch):
    monkeypatch.setattr(parroting, "FACTOR", np.uint64(0))  # only the last token of an n-gram counts
    train = np.array([1, 2, 3, 4] * 5 + [9, 8, 7, 4], dtype=np.uint16)
    assert find_copies(np.array([6, 7, 4, 3, 1]), train, 3).stretches == ()
    assert find_copies(np.array([8, 7, 4]), train, 3).share == 1


def test_a_copied_text_is_one_stretch_with_its_source():
    train = np.random.default_rng(0).integers(0, 60_000, 50_000).astype(np.uint16)
    (one,) = find_copies(train[1234:1300], train).stretches
    assert (one.start, one.length, one.source) == (0, 66, 1234)
