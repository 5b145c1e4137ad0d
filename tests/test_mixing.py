import numpy as np
import pytest

from playground.mixing import BUCKETS, PRIOR_TOKENS, best_weights, bucket, weights_by_bucket


def draw(n, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.uniform(0, 1, n) for _ in range(2)]


def test_weights_find_the_best_opinion():
    rng = np.random.default_rng(0)
    good, bad = rng.uniform(0.5, 0.9, 500), rng.uniform(0.01, 0.1, 500)
    assert best_weights([bad, good])[1] > 0.99


@pytest.mark.parametrize("seed", range(3))
def test_weights_make_the_best_mixture(seed):
    opinions = draw(20_000, seed)

    def loss(w):
        return -np.log(w * opinions[0] + (1 - w) * opinions[1]).sum()

    best = min(np.linspace(0.001, 0.999, 999), key=loss)
    assert best_weights(opinions)[0] == pytest.approx(best, abs=2e-3)


def test_opinions_that_agree_share_the_weight_and_no_tokens_leave_what_is_believed():
    same = np.full(100, 0.3)
    assert best_weights([same, same, same]) == pytest.approx([1 / 3] * 3, abs=1e-9)
    assert best_weights([np.zeros(0)] * 2, np.array([30.0, 10.0])) == pytest.approx([0.75, 0.25], abs=0.01)


def test_a_context_belongs_to_the_bucket_of_its_binary_digits():
    assert bucket(np.array([0, 1, 2, 3, 4, 7, 8.0, 1e9])).tolist() == [0, 1, 2, 2, 3, 3, 4, BUCKETS - 1]


def test_each_bucket_has_weights_of_its_own_and_few_tokens_leave_those_of_all():
    good, bad = np.full(8000, 0.8), np.full(8000, 0.1)
    buckets = np.repeat([1, 2], 4000)
    first = np.where(buckets == 1, good, bad)
    weights = weights_by_bucket((first, np.where(buckets == 1, bad, good)), buckets)
    assert len(weights) == BUCKETS
    assert weights[1][0] > 0.9 > 0.1 > weights[2][0]
    assert weights[5] == pytest.approx([0.5, 0.5], abs=0.01)
    assert all(sum(own) == pytest.approx(1, abs=1e-12) for own in weights)
    assert PRIOR_TOKENS < 4000
