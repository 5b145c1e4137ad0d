import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.thinning import even_buckets, growing_buckets, thin

VALUES = st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(float("nan")), st.just(float("inf"))), max_size=300)


@given(VALUES, st.integers(4, 60))
def test_bounds_order_and_extremes(values, max_points):
    kept = thin(values, max_points)
    y = np.array(values, dtype=float)
    assert len(kept) <= max(max_points, 0)
    assert (np.diff(kept) > 0).all()
    if len(y):
        assert kept[0] == 0
        assert kept[-1] == len(y) - 1
    finite = y[np.isfinite(y)]
    if len(finite):
        kept_finite = y[kept][np.isfinite(y[kept])]
        assert kept_finite.min() == finite.min()
        assert kept_finite.max() == finite.max()


def test_every_bucket_keeps_its_own_peak_and_dip():
    y = np.sin(np.arange(10_000) / 50)
    y[[1234, 7777]] = 9, -9
    kept = thin(y, 400)
    assert {1234, 7777} <= set(kept.tolist())
    buckets = np.linspace(0, len(y), (400 - 2) // 2 + 1).astype(int)
    for start, end in zip(buckets, buckets[1:], strict=False):
        ours = y[kept[(kept >= start) & (kept < end)]]
        assert (ours.min(), ours.max()) == (y[start:end].min(), y[start:end].max())


def test_a_short_series_is_left_whole_and_a_silly_limit_refused():
    assert thin([3, 1, 2], 4).tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="max_points.*3"):
        thin([1] * 10, 3)


@given(st.integers(0, 5000), st.integers(1, 400))
def test_even_buckets_cover_all_and_are_alike(n, most):
    starts = even_buckets(n, most)
    sizes = np.diff(starts, append=n)
    assert len(starts) == min(n, most)
    if n:
        assert starts[0] == 0
        assert sizes.max() - sizes.min() <= 1


@given(st.integers(0, 300_000), st.integers(100, 1000))
def test_growing_buckets_are_fine_at_the_start_and_never_shrink(n, most):
    starts = growing_buckets(n, most)
    sizes = np.diff(starts, append=n)
    assert len(starts) <= 1.1 * most
    if n > most:
        assert (sizes[: most // 16] == 1).all()
        assert (np.diff(sizes[:-1]) >= 0).all()
    else:
        assert (sizes == 1).all()
