"""How fast tokens and pairs are counted, and in how much memory."""

from __future__ import annotations

import time
from collections import Counter
from itertools import pairwise

import numpy as np

from playground.bench.children import in_child

D_VOCAB = 152_000
BLOCK = 5_000_000


def bench_pairs(n_tokens: int = 100_000_000) -> None:
    """Unigram and bigram entropy of 100 million tokens: time and memory; and against collections.Counter."""
    print(f"{n_tokens:,} tokens, d_vocab {D_VOCAB:,}, in a process of its own (its memory holds the tokens)")
    for law in ("zipf", "uniform"):
        measured = in_child(entropies, law, n_tokens)
        unigram, bigram, seconds = measured.result
        print(
            f"  {law:8} unigram {unigram:.4f}, bigram {bigram:.4f}: {seconds:.2f} s with compiling, "
            f"peak memory {measured.peak_bytes / 1e9:.2f} GB"
        )
    print(f"{BLOCK:,} tokens: seconds of Counter(pairs) and of bigram_entropy, the least of 5 rounds in turn")
    for name, tokens, d_vocab in _texts(BLOCK):
        counter, ours = against_counter(tokens, d_vocab)
        print(f"  {name:22} {counter:6.3f} {ours:7.4f}   {counter / ours:5.1f} x")


def entropies(law: str, n_tokens: int) -> tuple[float, float, float]:
    """Return unigram and bigram entropy of random tokens, and the seconds that took."""
    from playground.baselines import bigram_entropy, unigram_entropy

    tokens = random_tokens(law, n_tokens)
    began = time.perf_counter()
    unigram, bigram = unigram_entropy(tokens, D_VOCAB), bigram_entropy(tokens, D_VOCAB)
    return unigram, bigram, time.perf_counter() - began


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


def against_counter(tokens: np.ndarray, d_vocab: int, rounds: int = 5) -> tuple[float, float]:
    """Return the least seconds of counting pairs in a Counter, and of bigram_entropy."""
    from playground.baselines import bigram_entropy

    as_list = tokens.tolist()
    bigram_entropy(tokens, d_vocab)  # compiles
    best = [float("inf")] * 2
    for _ in range(rounds):
        for place, count in enumerate((
            lambda: Counter(pairwise(as_list)), lambda: bigram_entropy(tokens, d_vocab)
        )):  # fmt: skip
            began = time.perf_counter()
            count()
            best[place] = min(best[place], time.perf_counter() - began)
    return best[0], best[1]
