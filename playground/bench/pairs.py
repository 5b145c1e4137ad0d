"""How fast tokens and pairs are counted, and in how much memory."""

from __future__ import annotations

import os
from collections import Counter
from itertools import pairwise

import numpy as np

from playground.bench.children import in_child
from playground.bench.spent import Spent, least, spend

D_VOCAB = 152_000
BLOCK = 5_000_000
ROUNDS, OURS_A_ROUND = 4, 4


def bench_pairs(n_tokens: int = 100_000_000) -> None:
    """Unigram and bigram entropy of 100 million tokens: time and memory; and against collections.Counter."""
    print(f"{n_tokens:,} tokens, d_vocab {D_VOCAB:,}, in a process of its own (its memory holds the tokens)")
    for law in ("zipf", "uniform"):
        measured = in_child(entropies, law, n_tokens)
        unigram, bigram, spent = measured.result
        print(
            f"  {law:8} unigram {unigram:.4f}, bigram {bigram:.4f}: {spent.wall:.2f} s, "
            f"{spent.cpu:.2f} s of a core, peak memory {measured.peak_bytes / 1e9:.2f} GB",
            flush=True,
        )
    print(
        f"{BLOCK:,} tokens: ms of Counter(pairwise(list)) and of bigram_entropy, on {os.cpu_count()} cores; "
        f"the least of {ROUNDS} rounds in turn, of 1 and of {OURS_A_ROUND}\n"
        f"{'':24}{'by the clock':>26}{'of a core':>26}"
    )
    for name, tokens, d_vocab in _texts(BLOCK):
        counter, ours = against_counter(tokens, d_vocab)
        rows = [(counter.wall, ours.wall), (counter.cpu, ours.cpu)]
        cells = [f"{theirs * 1e3:8.0f}{own * 1e3:8.1f}{theirs / own:8.1f} x" for theirs, own in rows]
        print(f"  {name:22}{''.join(cells)}", flush=True)


def entropies(law: str, n_tokens: int) -> tuple[float, float, Spent]:
    """Return unigram and bigram entropy of random tokens, and what that took, with loading the compiler."""
    from playground.baselines import bigram_entropy, unigram_entropy

    tokens, found = random_tokens(law, n_tokens), []
    spent = spend(lambda: found.extend(count(tokens, D_VOCAB) for count in (unigram_entropy, bigram_entropy)))
    return found[0], found[1], spent


def random_tokens(law: str, n_tokens: int) -> np.ndarray:
    """Draw tokens: p(id) falls as 1 / (id + 1) (zipf), or is the same for all (uniform)."""
    rng, tokens = np.random.default_rng(0), np.empty(n_tokens, np.uint32)
    for start in range(0, n_tokens, BLOCK):
        part = tokens[start : start + BLOCK]
        if law == "zipf":
            part[:] = np.exp(rng.random(len(part)) * np.log(D_VOCAB)) - 1
        else:
            part[:] = rng.integers(0, D_VOCAB, len(part))
    return tokens


def _texts(n_tokens: int) -> list[tuple[str, np.ndarray, int]]:
    from playground.corpora import load_corpus
    from playground.tokenizers import build_tokenizer

    documents = list(load_corpus("python-source").documents)
    texts = []
    for spec in ("char", "bpe:1024", "gpt2"):
        tokenizer = build_tokenizer(spec, documents[:200], end_token=True)
        tokens = np.concatenate(tokenizer.encode_batch(documents)).astype(np.uint16)
        texts.append((f"Python source, {spec}", np.resize(tokens, n_tokens), tokenizer.d_vocab))
    return [*texts, ("zipf draws", random_tokens("zipf", n_tokens), D_VOCAB)]


def against_counter(tokens: np.ndarray, d_vocab: int, rounds: int = ROUNDS) -> tuple[Spent, Spent]:
    """Return what counting pairs in a Counter took, and what bigram_entropy did, which adds up as well."""
    from playground.baselines import bigram_entropy

    as_list = tokens.tolist()
    bigram_entropy(tokens, d_vocab)  # compiles, or loads what was compiled
    theirs, ours = [], []
    for _ in range(rounds):
        theirs.append(spend(lambda: Counter(pairwise(as_list))))
        ours.extend(spend(lambda: bigram_entropy(tokens, d_vocab)) for _ in range(OURS_A_ROUND))
    return least(theirs), least(ours)
