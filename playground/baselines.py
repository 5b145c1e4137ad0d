"""What counting alone can do: the entropies that a learning model's loss falls through.

Two kinds, which must not be mixed:

- *in sample*: the plug-in entropy of the training tokens, for the training loss. On a small text
  with a large vocabulary it is far too low for a fair comparison with unseen text.
- *held out*: what a smoothed n-gram model fitted on the training tokens scores on the validation
  tokens, for the validation loss (see `ngrams`).

All in nats per token.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from playground.counting import grams_by_order, pair_counts, token_counts
from playground.ngram_counts import Counts, Pulse, quiet
from playground.ngrams import MAX_COUNTED, fit_ngrams

ORDER_NAMES = ("unigram", "bigram", "trigram", "4-gram", "5-gram")
"""Names of the orders 1 to 5, as in baselines.json."""


def uniform_entropy(d_vocab: int) -> float:
    """Return ln(d_vocab): the loss of a model that finds all tokens equally likely."""
    return math.log(d_vocab)


def unigram_entropy(tokens: ArrayLike, d_vocab: int) -> float:
    """Return the plug-in entropy of the token frequencies, -sum p ln p, in nats."""
    return _plug_in_entropy(token_counts(_as_tokens(tokens, 1), d_vocab))


def bigram_entropy(tokens: ArrayLike, d_vocab: int) -> float:
    """Return the plug-in entropy of a token given the one before, over all pairs of neighbours, in nats."""
    pairs = pair_counts(_as_tokens(tokens, 2), d_vocab)
    return max(0.0, _plug_in_entropy(pairs.counts, pairs.times) - _plug_in_entropy(pairs.firsts))


def trigram_entropy(tokens: ArrayLike, d_vocab: int) -> float:
    """Return the plug-in entropy of a token given the two before, over all triples, in nats."""
    return conditional_entropy(tokens, d_vocab, order=3)


def conditional_entropy(tokens: ArrayLike, d_vocab: int, order: int) -> float:
    """Return H(runs of `order` tokens) - H(their first order - 1), both over the same positions, in nats."""
    if order <= 2:
        return (unigram_entropy, bigram_entropy)[order - 1](tokens, d_vocab)
    tokens = _as_tokens(tokens, order)
    return counted_entropy(Counts(tokens, d_vocab, order), order)


def _as_tokens(tokens: ArrayLike, at_least: int) -> NDArray[np.integer]:
    array = np.asarray(tokens)
    if array.size < at_least:
        raise ValueError(f"Counting runs of {at_least} tokens needs as many, but there are {array.size}.")
    return array


def _plug_in_entropy(counts: NDArray[Any], times: NDArray[np.integer] | None = None) -> float:
    """Return the entropy of these counts, each of which `times` outcomes have (without it: one)."""
    often = counts > 1  # 0 ln 0 and 1 ln 1 are nothing
    seen = counts[often].astype(np.float64)
    logs = seen * np.log(seen)
    if times is None:
        total, inside = float(counts.sum(dtype=np.float64)), logs.sum()
    else:
        total, inside = float(counts.astype(np.float64) @ times), logs @ times[often]
    return float(math.log(total) - inside / total)


def ngram_log_probs(train: ArrayLike, tokens: ArrayLike, d_vocab: int, order: int) -> NDArray[np.floating]:
    """Return ln p of each token under an n-gram model fitted on `train`, shape (len(tokens),), in nats."""
    *_, log_probs = fit_ngrams(train, d_vocab, order).log_probs_by_order(_as_tokens(tokens, 1))
    return log_probs


def held_out_cross_entropy(train: ArrayLike, held_out: ArrayLike, d_vocab: int, order: int) -> float:
    """Return what an n-gram model fitted on `train` scores on `held_out`, in nats per token.

    Smoothing: a mixture of modified Kneser-Ney, Dirichlet and the order below, weighted on a tenth of
    `train` (see `ngrams`). As for a transformer, the first token of held_out is not predicted.
    """
    *_, score = fit_ngrams(train, d_vocab, order).cross_entropies(_as_tokens(held_out, 2))
    return score


def all_baselines(
    train: ArrayLike, held_out: ArrayLike, d_vocab: int, pulse: Pulse = quiet
) -> dict[str, Any]:
    """Return every baseline under the names of baselines.json; the floor is added where it is known.

    `pulse` is called between its parts, and may raise to give up.

    The n-gram models, and in sample the orders from the trigram up, count the first `counted_tokens` training
    tokens. In sample, long runs are nearly all different: their entropy says how long the text is, and little
    else.
    """
    train, held_out = _as_tokens(train, 3), _as_tokens(held_out, 2)
    model = fit_ngrams(train, d_vocab, len(ORDER_NAMES), pulse)
    longer = range(3, model.counts.max_order + 1)
    return {
        "uniform": uniform_entropy(d_vocab),
        "unigram": unigram_entropy(train, d_vocab),
        "bigram": bigram_entropy(train, d_vocab),
        **{ORDER_NAMES[order - 1]: counted_entropy(model.counts, order) for order in longer},
        "held_out": dict(zip(ORDER_NAMES, model.cross_entropies(held_out, pulse), strict=False)),
        "counted_tokens": min(len(train), MAX_COUNTED),
        "floor": None,
    }


def chosen_baselines(
    train: ArrayLike,
    held_out: ArrayLike,
    d_vocab: int,
    chosen: NDArray[np.bool_],
    held_out_chosen: NDArray[np.bool_],
) -> dict[str, Any]:
    """Return every baseline as all_baselines does, of the chosen tokens alone.

    All tokens are counted and stand in contexts, but only chosen ones are predicted: these are the losses to
    beat where the loss is taken on some tokens only. All orders count the first `counted_tokens` tokens.
    """
    train, held_out = _as_tokens(train, 3), _as_tokens(held_out, 2)
    model = fit_ngrams(train, d_vocab, len(ORDER_NAMES))
    in_sample = chosen_entropies(train[:MAX_COUNTED], d_vocab, chosen[:MAX_COUNTED], model.counts.max_order)
    return {
        "uniform": uniform_entropy(d_vocab),
        **dict(zip(ORDER_NAMES, in_sample, strict=False)),
        "held_out": dict(
            zip(ORDER_NAMES, model.cross_entropies(held_out, chosen=held_out_chosen), strict=False)
        ),
        "counted_tokens": min(len(train), MAX_COUNTED),
        "floor": None,
    }


def chosen_entropies(
    tokens: NDArray[np.integer], d_vocab: int, chosen: NDArray[np.bool_], max_order: int
) -> list[float]:
    """Return the plug-in entropies of the chosen tokens given the 0, 1, ... tokens before them, in nats.

    It is the least loss on these tokens of a predictor that sees no more than those before.
    """
    places = np.flatnonzero(chosen)
    before, entropies = np.zeros(len(tokens), dtype=np.int64), []
    for order, grams in enumerate(grams_by_order(tokens, d_vocab, max_order), start=1):
        begins = places[places >= order - 1] - (order - 1)
        runs, contexts = (np.unique(at[begins], return_counts=True)[1] for at in (grams.at, before))
        entropies.append(max(0.0, _plug_in_entropy(runs) - _plug_in_entropy(contexts)))
        before = grams.at
    return entropies


def counted_entropy(counts: Counts, order: int) -> float:
    """Return the plug-in entropy of a token given those before, from runs counted already, in nats."""
    level = counts.levels[order - 1]
    return max(0.0, _plug_in_entropy(level.counts) - _plug_in_entropy(level.totals))
