"""The n-gram model of a run: what counting alone makes of any text, token by token.

`run_ngrams(run).log_probs_by_order(tokens)` yields ln p of each token for orders 1 to 5, in nats.
"""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from playground.baselines import ORDER_NAMES
from playground.ngrams import NgramModel, fit_ngrams
from playground.prepared import load_prepared
from playground.runs import RunError

KEPT = 2
"""Models that stay in memory, those asked for last: one takes up to some hundred MB."""

Key = tuple[int, int, int, int]

_kept: dict[Key, NgramModel] = {}
_one_at_a_time = Lock()


def run_ngrams(run: Path) -> NgramModel:
    """Return the n-gram models of orders 1 to 5 that were fitted for a run's baselines.

    The first call for a text counts it, which takes seconds on a long one: call it where nobody waits, as in
    a thread. Later calls, and those for another run of the same prepared text, return at once. May be called
    by several threads. Raises RunError if the run has no training tokens (none yet, or they were not kept).
    """
    with _one_at_a_time:
        key = _key(run)
        model = _kept.pop(key, None) or _fit(run)
        _kept[key] = model
        while len(_kept) > KEPT:
            del _kept[next(iter(_kept))]
        return model


def _key(run: Path) -> Key:
    """Return what tells the training tokens apart; runs of the same text are links to one file."""
    try:
        found = (run / "tokens" / "train.npy").stat()
    except FileNotFoundError as error:
        raise RunError(
            f"{run.name} has no training tokens, so its text can't be counted: "
            "they come when it is first started, and a copy of a run may lack them."
        ) from error
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _fit(run: Path) -> NgramModel:
    prepared = load_prepared(run)
    if prepared is None:
        raise RunError(f"The text of {run.name} is not whole yet: wait until it is prepared.")
    return fit_ngrams(prepared.train, prepared.tokenizer.d_vocab, len(ORDER_NAMES))
