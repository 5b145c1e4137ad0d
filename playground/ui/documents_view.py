"""A document of a text and the spread of all their lengths, as HTML."""

from __future__ import annotations

import html
import math

import numpy as np
from numpy.typing import NDArray

from playground.documents import Document
from playground.text_facts import Lengths
from playground.text_stream import text_of
from playground.tokenizers import Tokenizer
from playground.ui.facts_view import NAMES

MAX_TOKENS = 3000
"""Tokens of a document that are shown; more would make the page slow."""

N_BARS = 24


def render_document(tokenizer: Tokenizer, shown: Document) -> str:
    """Return where a document stands, how long it is, and its text as the tokenizer gives it back."""
    tokens = shown.tokens[:MAX_TOKENS].tolist()
    text = text_of(tokenizer, tokens)
    kind = "Document" if shown.is_document else "Page"
    place = f"{kind} {shown.number + 1:,} of {shown.count:,} · {NAMES[shown.split]}"
    cut = f" · the first {MAX_TOKENS:,} are shown" if len(shown.tokens) > MAX_TOKENS else ""
    size = f"{len(shown.tokens):,} tokens{cut}"
    return (
        f'<div class="pg-document"><p><span class="pg-split pg-split-{shown.split}">{place}</span> '
        f"<span>{size}</span></p><pre>{html.escape(text)}</pre></div>"
    )


def render_lengths(found: Lengths) -> str:
    """Return two histograms: lengths in tokens and in characters."""
    if not found.n_documents:
        return '<p class="pg-note">This text is not made of documents: it is one stream, cut at its end.</p>'
    measured = len(found.tokens)
    some = f", of the first {measured:,}" if measured < found.n_documents else ""
    return (
        '<div class="pg-histograms">'
        f"{_histogram('tokens', found.tokens, some)}{_histogram('characters', found.characters, some)}</div>"
    )


def _histogram(unit: str, values: NDArray[np.int64], some: str) -> str:
    """Return bars of equal ratios, since lengths of documents spread over orders of magnitude."""
    edges = histogram_edges(int(values.min()), int(values.max()))
    counts, _ = np.histogram(values, edges)
    most = max(int(counts.max()), 1)
    bars = "".join(
        f'<i title="{low:,} to {high - 1:,} {unit}: {count:,} documents">'
        f'<b style="height:{100 * count / most:.1f}%"></b></i>'
        for low, high, count in zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True)
    )
    median, longest = int(np.median(values)), int(values.max())
    return (
        f'<figure class="pg-histogram"><figcaption>Length in {unit}{some}</figcaption>'
        f'<div class="pg-histogram-bars">{bars}</div>'
        f'<div class="pg-histogram-axis"><span>{int(values.min()):,}</span>'
        f"<span>median {median:,}</span><span>{longest:,}</span></div></figure>"
    )


def histogram_edges(low: int, high: int) -> NDArray[np.int64]:
    """Return whole, distinct edges of at most N_BARS bars that take in both ends.

    Bars are equally wide, but where the longest is over 20 times the shortest each is so many times the last.
    """
    low = max(low, 0)
    if high > 20 * max(low, 1):
        start = max(low, 1)
        edges = np.exp(np.linspace(math.log(start), math.log(high + 1), N_BARS + 1))
        edges[0] = low
    else:
        edges = np.linspace(low, high + 1, N_BARS + 1)
    whole = np.unique(np.round(edges).astype(np.int64))
    whole[-1] = high + 1
    return whole
