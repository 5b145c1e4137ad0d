"""Documents longer than the context: counted, and cut or left out where that is chosen."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from playground.config import ConfigError, RunConfig
from playground.config.data import TooLong
from playground.prepared import Prepared
from playground.token_files import Tokens


@dataclass(frozen=True)
class SplitTokens:
    """The tokens of one split as they are learned."""

    tokens: Tokens
    starts: Tokens | None = None
    """Where each document begins, and last the end; None for a text that is not documents."""
    learned: NDArray[np.bool_] | None = None
    """Which tokens the loss is taken on; None: all but the first."""
    n_long: int = 0
    """Documents that do not fit into a context with the end token after them, as they were prepared."""


def split_tokens(prepared: Prepared, split: str, config: RunConfig) -> SplitTokens:
    """Return a split with its long documents treated as config.data.too_long says.

    Raises ConfigError if no document is left.
    """
    found = SplitTokens(prepared.tokens[split], prepared.starts.get(split), prepared.learned.get(split))
    return fit(found, config.model.n_ctx, config.data.too_long, split)


def n_longer(starts: Tokens | None, n_ctx: int) -> int:
    """Return how many documents have, with the end token after them, more than n_ctx tokens."""
    return 0 if starts is None else int((np.diff(starts.astype(np.int64)) > n_ctx).sum())


def fit(given: SplitTokens, n_ctx: int, too_long: TooLong, split: str = "train") -> SplitTokens:
    """Return tokens whose documents fit into a context, unless they are to be split.

    A document that is cut keeps its first n_ctx tokens; the end token after them is not learned, since it
    did not end there. What remains is copied into memory. Raises ConfigError if no document is left.
    """
    n_long = n_longer(given.starts, n_ctx)
    given = dataclasses.replace(given, n_long=n_long)
    if too_long == "split" or not n_long or given.starts is None:
        return given
    bounds = given.starts.astype(np.int64)
    begins, ends = bounds[:-1], bounds[1:]
    is_long = ends - begins > n_ctx
    if too_long == "skip" and is_long.all():
        raise ConfigError(
            f"All {len(begins):,} documents of the {split} split are longer than n_ctx = {n_ctx:,} tokens, "
            "and too_long leaves them out: choose a longer context, or too_long = cut."
        )
    kept = np.ones(len(given.tokens), dtype=bool)
    learned = kept.copy() if given.learned is None else np.array(given.learned)
    for begin, end in zip(begins[is_long], ends[is_long], strict=True):
        kept[begin if too_long == "skip" else begin + n_ctx : end - (too_long == "cut")] = False
        learned[end - 1] = False
    shift = np.concatenate(([0], (~kept).cumsum()))
    left = np.concatenate((begins[~is_long] if too_long == "skip" else begins, bounds[-1:]))
    cut_learned = None if too_long == "skip" and given.learned is None else learned[kept]
    return SplitTokens(np.asarray(given.tokens)[kept], left - shift[left], cut_learned, n_long)


def said_of_long(prepared: Prepared, config: RunConfig) -> str:
    """Return in a sentence how many documents are longer than the context and what becomes of them; or ""."""
    counts = {name: n_longer(starts, config.model.n_ctx) for name, starts in prepared.starts.items()}
    n_long, n_all = sum(counts.values()), sum(len(starts) - 1 for starts in prepared.starts.values())
    if not n_long:
        return ""
    padded = config.data.batches == "padded"
    becomes = {
        "split": "each is learned in several rows" if padded else "windows begin anywhere in them",
        "cut": "of each the beginning is learned",
        "skip": "they are left out",
    }[config.data.too_long]
    return (
        f"{n_long:,} of {n_all:,} documents are longer than the context of {config.model.n_ctx:,} tokens: "
        f"{becomes}."
    )
