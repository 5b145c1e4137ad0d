"""What the Inspect tab shows, packed for its script: each token's label once, numbers as base64."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from playground.baselines import uniform_entropy
from playground.files import read_json
from playground.tokenizers import Tokenizer
from playground.ui.token_view import name_unknown, pack_numbers

if TYPE_CHECKING:
    from playground.loading import LoadedRun

MAX_CHARACTERS, MAX_TOKENS = 100_000, 2_000
"""What is read of a longer text."""

MAX_PATTERN = 128
"""Tokens between which attention is drawn, and that the lens shows."""

MIN_TO_NAME = 16
"""In a shorter text every head looks at the first token or the one before: there is nothing else."""

MAX_PATTERN_VALUES = 1_200_000
"""Of all heads together; a model of many heads is drawn for fewer tokens."""

Answer = dict[str, Any]


def read_text(tokenizer: Tokenizer, text: str) -> tuple[list[int], list[str]]:
    """Return the tokens of a text that are read, and sentences on what is not."""
    notes = []
    if unknown := name_unknown(tokenizer, text[:MAX_CHARACTERS]):
        notes.append(unknown)
    tokens = tokenizer.encode(text[:MAX_CHARACTERS])
    if len(tokens) > MAX_TOKENS or len(text) > MAX_CHARACTERS:
        tokens = tokens[:MAX_TOKENS]
        notes.append(f"Only the first {len(tokens):,} tokens of this text are read.")
    return tokens, notes


def pack_floats(values: ArrayLike) -> str:
    """Return numbers as base64 of little-endian float32."""
    return base64.b64encode(np.asarray(values).astype("<f4").tobytes()).decode("ascii")


def pack_labels(tokenizer: Tokenizer, *arrays: ArrayLike) -> Answer:
    """Return the ids and labels of all tokens in some arrays, and each array as places among them."""
    flat = [np.asarray(array).astype(np.int64).ravel() for array in arrays]
    distinct = np.unique(np.concatenate(flat))
    return {
        "ids": distinct.tolist(),
        "labels": [tokenizer.label(token) for token in distinct.tolist()],
        "places": [pack_numbers(np.searchsorted(distinct, array)) for array in flat],
    }


def pack_scores(loaded: LoadedRun, text: str) -> Answer:
    """Return a text token by token: losses, ranks, entropies, and what was expected at each position."""
    from playground.inspection import predicted_bytes, score_tokens, totals

    tokens, notes = read_text(loaded.tokenizer, text)
    scores = score_tokens(loaded.model, tokens)
    n_bytes, model = predicted_bytes(loaded.tokenizer, tokens), loaded.config.model
    found = totals(scores.loss.numpy(), n_bytes)
    return {
        **pack_labels(loaded.tokenizer, tokens, scores.top.numpy()),
        "run": loaded.run,
        "step": loaded.step,
        "d_vocab": model.d_vocab,
        "n_top": scores.top.shape[1],
        "loss": pack_floats(scores.loss),
        "rank": pack_numbers(scores.rank.numpy()),
        "entropy": pack_floats(scores.entropy),
        "top_probability": pack_floats(scores.top_probability),
        "log_z": pack_floats(scores.log_z),
        "totals": asdict(found) if found else None,
        "uniform": uniform_entropy(model.d_vocab),
        "notes": " ".join([*notes, *_window_notes(len(tokens), model.n_ctx, scores.n_windows)]),
    }


def _window_notes(n_tokens: int, n_ctx: int, n_windows: int) -> list[str]:
    if n_tokens == 1:
        return ["One token: nothing stands before it, so it has no loss. Next token says what is expected."]
    if n_windows == 1:
        return []
    return [
        f"Longer than the context of {n_ctx:,}: read in {n_windows:,} overlapping windows, so that after the "
        f"first of them every token is predicted from at least {max(1, n_ctx // 2):,} before it."
    ]


def pack_counted(folder: Path, loaded: LoadedRun, text: str) -> Answer:
    """Return what the n-gram models of a run's text lose on the same tokens."""
    from playground.inspection import ngram_losses, predicted_bytes, strongest, totals
    from playground.run_ngrams import run_ngrams

    tokens, _ = read_text(loaded.tokenizer, text)
    losses = ngram_losses(run_ngrams(folder), tokens)
    held_out = (read_json(folder / "baselines.json") or {}).get("held_out", {})
    best = strongest(held_out, list(losses))
    n_bytes = predicted_bytes(loaded.tokenizer, tokens)
    rows = []
    for name in dict.fromkeys(("unigram", "bigram", best)):
        found = totals(losses[name], n_bytes)
        loss = pack_floats(losses[name])
        rows.append({"name": name, "loss": loss, "totals": asdict(found) if found else None})
    return {"orders": rows}


def pack_attention(loaded: LoadedRun, text: str) -> Answer:
    """Return the patterns of all heads on the first tokens of a text, and their scores.

    Of each pattern the lower triangle, row by row, in 65535ths.
    """
    from playground.inspection import attention_patterns

    tokens, _ = read_text(loaded.tokenizer, text)
    model = loaded.config.model
    fitting = int((MAX_PATTERN_VALUES / (model.n_layers * model.n_heads)) ** 0.5)
    shown = tokens[: min(MAX_PATTERN, model.n_ctx, max(1, fitting))]
    patterns = attention_patterns(loaded.model, shown)
    rows, columns = np.tril_indices(len(shown))
    in_steps = np.round(patterns.numpy()[..., rows, columns] * 65535).astype("<u2")
    return {
        **pack_labels(loaded.tokenizer, shown),
        "n_layers": model.n_layers,
        "n_heads": model.n_heads,
        "patterns": base64.b64encode(in_steps.tobytes()).decode("ascii"),
        "heads": _pack_heads(loaded, patterns, shown),
        "notes": cut_note("Attention is shown between", shown, tokens),
    }


def _pack_heads(loaded: LoadedRun, patterns: Any, tokens: list[int]) -> list[Answer]:
    """Return each head's scores on the text and on random tokens read twice, and its name where clear."""
    from playground.inspection import head_scores, text_head_scores

    here = text_head_scores(patterns, tokens)
    anywhere = head_scores(loaded.model) if loaded.config.model.n_ctx >= 4 else [None] * len(here)
    packed = []
    for own, random in zip(here, anywhere, strict=True):
        name = own.name if len(tokens) >= MIN_TO_NAME else ""
        name = (random.name if random else "") or name
        packed.append({"name": name, "here": asdict(own), "random": asdict(random) if random else None})
    return packed


def pack_lens(loaded: LoadedRun, text: str) -> Answer:
    """Return what would be predicted after each layer, for the first tokens of a text."""
    from playground.inspection import logit_lens

    tokens, _ = read_text(loaded.tokenizer, text)
    shown = tokens[: min(MAX_PATTERN, loaded.config.model.n_ctx)]
    lens = logit_lens(loaded.model, shown)
    return {
        **pack_labels(loaded.tokenizer, shown, lens.top.numpy()),
        "n_stages": len(lens.top),
        "uniform": uniform_entropy(loaded.config.model.d_vocab),
        "probability": pack_floats(lens.probability),
        "right": pack_floats(lens.right),
        "entropy": pack_floats(lens.entropy),
        "notes": cut_note("The lens shows", shown, tokens),
    }


MAX_BATCH = 24
"""Tokens of each of two texts that are read in one batch."""


def pack_batch(loaded: LoadedRun, text: str, second: str, side: Literal["left", "right"]) -> Answer:
    """Return two texts in one padded batch, and what is made of them alone, with the mask and without.

    Without a second text, the first third of what is read of the first one is it.
    """
    from playground.inspection import read_padded

    tokenizer, longest = loaded.tokenizer, min(MAX_BATCH, loaded.config.model.n_ctx)
    first, notes = read_text(tokenizer, text)
    third = max(1, min(len(first), longest) // 3)
    other, more = read_text(tokenizer, second) if second else (first[:third], [])
    texts = [first[:longest], other[:longest]]
    batch = read_padded(loaded.model, texts, tokenizer.end_id or 0, side)
    ways = {
        "each text alone": batch.alone,
        "in the batch, with the mask": batch.masked,
        "in the batch, mask forgotten": batch.unmasked,
    }
    best = [way.next_log_probs.max(dim=-1) for way in ways.values()]
    packed = pack_labels(tokenizer, batch.tokens.numpy(), *(one.indices.numpy() for one in best))
    place = {token: number for number, token in enumerate(packed["ids"])}
    if max(len(first), len(other)) > longest:
        notes.append(f"The first {longest} tokens of each text are read here.")
    return {
        **packed,
        "rows": [
            {"tokens": [place[token] for token in row.tolist()], "mask": mask.int().tolist()}
            for row, mask in zip(batch.tokens, batch.mask, strict=True)
        ],
        "ways": [
            {
                "name": name,
                "next": [
                    [place[t], p]
                    for t, p in zip(top.indices.tolist(), top.values.exp().tolist(), strict=True)
                ],
                "loss": way.loss,
                "difference": way.difference,
            }
            for (name, way), top in zip(ways.items(), best, strict=True)
        ],
        "notes": " ".join([*notes, *more]),
    }


def cut_note(begin: str, shown: Sequence[int], tokens: Sequence[int]) -> str:
    """Say that only the first tokens are shown, where that is so."""
    return f"{begin} the first {len(shown):,} of {len(tokens):,} tokens." if len(shown) < len(tokens) else ""
