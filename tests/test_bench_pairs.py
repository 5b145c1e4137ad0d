import math

import numpy as np
import pytest

from playground.bench.children import in_child
from playground.bench.pairs import D_VOCAB, against_counter, entropies, random_tokens
from playground.bench.spent import Spent, least


def hold(n_bytes):
    return len(np.ones(n_bytes, np.uint8))


def test_a_child_reports_what_it_returned_and_its_own_peak():
    small, large = in_child(hold, 1000), in_child(hold, 200_000_000)
    assert large.result == 200_000_000
    assert large.peak_bytes - small.peak_bytes == pytest.approx(200_000_000, rel=0.1)


def test_random_tokens_follow_their_law():
    zipf, uniform = random_tokens("zipf", 200_000), random_tokens("uniform", 200_000)
    assert max(zipf.max(), uniform.max()) < D_VOCAB
    assert (zipf == 0).mean() == pytest.approx(math.log(2) / math.log(D_VOCAB), rel=0.05)
    assert uniform.mean() == pytest.approx(D_VOCAB / 2, rel=0.01)
    assert entropies("uniform", 50_000)[0] == pytest.approx(math.log(50_000), abs=0.3)


def test_both_sides_of_the_comparison_are_timed():
    for spent in against_counter(np.arange(3000) % 7, 7, rounds=1):
        assert 0 < spent.cpu < 60
        assert 0 < spent.wall < 60


def test_the_least_of_rounds_is_taken_of_each():
    assert least([Spent(3.0, 1.0), Spent(2.0, 1.5)]) == Spent(2.0, 1.0)
