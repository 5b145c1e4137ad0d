"""The sizes of a text and its commonest tokens, as HTML."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from playground.counting import token_counts
from playground.prepared import Prepared
from playground.text_facts import (
    MAX_PAIRED,
    Lengths,
    SplitFacts,
    lengths,
    split_facts,
    top_pairs,
    top_tokens,
)
from playground.tokenizers import Tokenizer
from playground.ui import messages
from playground.ui.batch_view import N_COLOURS

TOP = 20
NAMES = {"train": "training", "val": "validation", "test": "test"}


@dataclass(frozen=True, eq=False)
class Facts:
    """What is counted once of a prepared text."""

    splits: list[SplitFacts]
    train_counts: NDArray[np.int64]
    pairs: list[tuple[int, int, int]]
    lengths: Lengths

    def bytes_per_token(self, split: str) -> float:
        """Return the mean bytes of a token of a split; end tokens have none, and are counted."""
        found = next(facts for facts in self.splits if facts.name == split)
        return found.bytes / max(1, found.tokens)


def facts_of(prepared: Prepared) -> Facts:
    """Count a prepared text, or return what was counted before."""
    return _facts_of(_ByFolder(prepared))


class _ByFolder:
    """A prepared text as a key: two of the same folder are the same."""

    def __init__(self, prepared: Prepared) -> None:
        self.prepared = prepared

    def __hash__(self) -> int:
        return hash(self.prepared.folder)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByFolder) and self.prepared.folder == other.prepared.folder


@lru_cache(maxsize=16)
def _facts_of(key: _ByFolder) -> Facts:
    prepared = key.prepared
    d_vocab = prepared.tokenizer.d_vocab
    counts = {name: token_counts(tokens, d_vocab) for name, tokens in prepared.tokens.items()}
    return Facts(
        split_facts(prepared, counts),
        counts["train"],
        top_pairs(prepared.train, d_vocab, TOP),
        lengths(prepared),
    )


def render_sizes(prepared: Prepared, facts: Facts) -> str:
    """Return tiles and a table of the splits."""
    baselines = prepared.baselines
    empty = baselines.get("empty_dropped", 0)
    tokens = sum(split.tokens for split in facts.splits)
    n_bytes = sum(split.bytes for split in facts.splits)
    tiles = [
        ("Documents", f"{facts.lengths.n_documents:,}" if facts.lengths.n_documents else "one text"),
        ("Empty, dropped", f"{empty:,}"),
        ("Tokens", f"{tokens:,}"),
        ("Vocabulary", f"{baselines['d_vocab']:,}"),
        ("Bytes per token", f"{n_bytes / max(1, tokens):.2f}"),
    ]
    if learned := baselines.get("learned_tokens"):
        tiles.append(("Tokens of answers", f"{sum(learned.values()):,}"))
        tiles.append(("Without an answer", f"{baselines.get('without_answer', 0):,}"))
    rows = "".join(
        f'<tr><th scope="row">{NAMES[s.name]}</th><td>{f"{s.documents:,}" if s.documents else "–"}</td>'
        f"<td>{s.tokens:,}</td><td>{s.bytes:,}</td><td>{100 * s.bytes / max(1, n_bytes):.1f} %</td></tr>"
        for s in facts.splits
    )
    head = "".join(f'<th scope="col">{name}</th>' for name in ("documents", "tokens", "bytes", "share"))
    return (
        f'{messages.tiles(tiles)}<table class="pg-baselines pg-splits">'
        f"<thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def render_common(tokenizer: Tokenizer, facts: Facts) -> str:
    """Return the commonest tokens and pairs of the training text, each with its count and its share."""
    n_tokens = int(facts.train_counts.sum())
    tokens = [((i,), count) for i, count in top_tokens(facts.train_counts, TOP)]
    pairs = [((first, second), count) for first, second, count in facts.pairs]
    n_pairs = min(n_tokens, MAX_PAIRED) - 1
    some = f", in the first {MAX_PAIRED:,} tokens" if n_tokens > MAX_PAIRED else ""
    return (
        '<div class="pg-common">'
        f"{_table(tokenizer, 'The commonest tokens', tokens, n_tokens)}"
        f"{_table(tokenizer, f'The commonest pairs{some}', pairs, n_pairs)}</div>"
    )


def _table(
    tokenizer: Tokenizer, caption: str, rows: Sequence[tuple[tuple[int, ...], int]], total: int
) -> str:
    most = max((count for _, count in rows), default=1)
    lines = "".join(
        f'<li><span class="pg-common-text">{"".join(_chip(tokenizer, i) for i in ids)}</span>'
        f'<span class="pg-common-track"><i style="width:{100 * count / most:.1f}%"></i></span>'
        f"<span>{count:,}</span><span>{100 * count / total:.2f} %</span></li>"
        for ids, count in rows
    )
    return f"<section><h4>{caption}</h4><ol>{lines}</ol></section>"


def _chip(tokenizer: Tokenizer, token_id: int) -> str:
    label = html.escape(tokenizer.label(token_id))
    return f'<bdi class="pg-chip pg-c{token_id % N_COLOURS}" title="id {token_id}">{label}</bdi>'
