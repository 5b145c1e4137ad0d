"""How much each of several opinions counts in a mixture: weights chosen on text that none has seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BUCKETS = 12
"""Contexts are weighted by how often they were seen: 0, 1, 2 or 3, 4 to 7 times, and so on by powers of 2."""

PRIOR_TOKENS = 50
"""The weights of a bucket begin as if as many tokens had asked for the weights of all."""

ENOUGH = 25_000
"""Tokens on which the weights of all are chosen, evenly taken from all."""

MAX_STEPS = 50
CLOSE = 0.01
"""Gain in log-likelihood, in nats over all tokens together, that no further step is made for."""

Probabilities = NDArray[np.floating]


def bucket(totals: NDArray[np.floating]) -> NDArray[np.integer]:
    """Return the bucket of contexts seen so often: the number of binary digits, at most the last."""
    return np.minimum(np.frexp(totals)[1], BUCKETS - 1)


def weights_by_bucket(
    opinions: Sequence[Probabilities], buckets: NDArray[np.integer]
) -> tuple[tuple[float, ...], ...]:
    """Return the best weights for the tokens of each bucket, drawn to those of all tokens."""
    of_all = best_weights([opinion[:: 1 + len(opinion) // ENOUGH] for opinion in opinions])
    own = [[opinion[buckets == b] for opinion in opinions] for b in range(BUCKETS)]
    return tuple(best_weights(chosen, PRIOR_TOKENS * np.array(of_all)) for chosen in own)


def best_weights(
    opinions: Sequence[Probabilities], believed: NDArray[np.floating] | None = None
) -> tuple[float, ...]:
    """Return the weights of a mixture that make these tokens most likely.

    `believed`: as if so many more tokens spoke for each opinion alone (without it: a tenth each). By Newton's
    method on the simplex: the log-likelihood is concave, and what is believed keeps weights above 0.
    """
    table = np.stack(opinions)
    believed = np.full(len(table), 0.1) if believed is None else np.maximum(believed, 1e-3)

    def likelihood(weights: NDArray[np.floating]) -> float:
        return float(np.log(weights @ table).sum() + believed @ np.log(weights))

    weights = np.full(len(table), 1.0 / len(table))
    reached = likelihood(weights)
    for _ in range(MAX_STEPS):
        direction, gain = _newton(table / (weights @ table), weights, believed)
        if gain < CLOSE:
            break
        step = min(1.0, 0.9 / max(1e-300, (-direction / weights).max()))  # short of the edge
        while (there := likelihood(weights + step * direction)) < reached:
            step /= 2
        weights, reached = weights + step * direction, there
    return tuple((weights / weights.sum()).tolist())


def _newton(
    shares: NDArray[np.floating], weights: NDArray[np.floating], believed: NDArray[np.floating]
) -> tuple[NDArray[np.floating], float]:
    """Return the step to the top of the parabola that fits here, its sum 0, and about what it gains."""
    gradient = shares.sum(axis=1) + believed / weights
    inverse = np.linalg.inv(shares @ shares.T + np.diag(believed / weights**2))
    level = (inverse @ gradient).sum() / inverse.sum()
    direction = inverse @ (gradient - level)
    return direction, float(direction @ gradient) / 2
