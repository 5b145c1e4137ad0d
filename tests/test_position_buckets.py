import numpy as np
import pytest

from playground.position_buckets import MAX_BUCKETS, position_buckets


@pytest.mark.parametrize("n_ctx", [1, 2, 3, 8, 128, 1024, 5000])
def test_every_position_is_in_one_group_and_groups_widen(n_ctx):
    edges = position_buckets(n_ctx)
    assert (edges[0], edges[-1]) == (0, n_ctx)
    widths = np.diff(edges)
    assert widths.min() >= 1
    assert len(widths) <= MAX_BUCKETS
    assert (np.diff(widths) >= -1).all()
    assert widths[0] == 1 or n_ctx > 3000
