"""Fewer points than pixels, with every peak and every dip still there."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def thin(y: ArrayLike, max_points: int) -> NDArray[np.intp]:
    """Return the indices to keep: first, last, and the lowest and highest of each bucket, in order.

    Values that are not finite are kept only where a bucket holds nothing else. At most max_points
    (4 or more) are kept. Raises ValueError for fewer.
    """
    if max_points < 4:
        raise ValueError(f"max_points must be at least 4, but it is {max_points}.")
    values = np.asarray(y, dtype=np.float64)
    if len(values) <= max_points:
        return np.arange(len(values))
    edges = np.linspace(0, len(values), (max_points - 2) // 2 + 1).astype(np.intp)
    finite = np.isfinite(values)
    lowest = _arg_extreme(np.where(finite, values, np.inf), edges, np.minimum)
    highest = _arg_extreme(np.where(finite, values, -np.inf), edges, np.maximum)
    return np.unique(np.concatenate(([0], lowest, highest, [len(values) - 1])))


def _arg_extreme(values: NDArray[np.float64], edges: NDArray[np.intp], extreme: np.ufunc) -> NDArray[np.intp]:
    """Return the first place of each bucket's extreme value."""
    best = np.repeat(extreme.reduceat(values, edges[:-1]), np.diff(edges))
    places = np.flatnonzero(values == best)
    buckets = np.searchsorted(edges, places, side="right") - 1
    return places[np.unique(buckets, return_index=True)[1]]


def even_buckets(n: int, max_buckets: int) -> NDArray[np.intp]:
    """Return where each of at most max_buckets equal buckets of n values begins."""
    return np.unique(np.linspace(0, n, min(n, max_buckets) + 1).astype(np.intp)[:-1])


def growing_buckets(n: int, max_buckets: int) -> NDArray[np.intp]:
    """Return where each of about max_buckets buckets of n values begins: single values first, then wider.

    The start of a curve is where most happens, and what a logarithmic axis shows: a bucket is no wider than
    a small share of what lies before it, and from there on all are equal.
    """
    if n <= max_buckets:
        return np.arange(n)
    widest, fine = -(-2 * n // max_buckets), max(1, max_buckets // 16)
    starts, place = [], 0
    while place < n:
        starts.append(place)
        place += max(1, min(widest, place // fine))
    return np.array(starts, dtype=np.intp)
