"""Positions of a context in a few groups, each wider than the one before: the first, the second, 3 to 4, …"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MAX_BUCKETS = 8


def position_buckets(n_ctx: int) -> NDArray[np.int64]:
    """Return where each group begins, and last n_ctx; positions from 0, even on a log scale."""
    edges = np.geomspace(1, n_ctx + 1, MAX_BUCKETS + 1).round().astype(np.int64)
    return np.unique(edges) - 1
