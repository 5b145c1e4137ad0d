"""How fast a text is prepared, against the bare `tokenizers` library, and in how much memory."""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from playground.bench.children import in_child

LIBRARY_BATCH = 500
MB = 1_000_000


def bench_preparing(n_bytes: int = 20 * MB, rounds: int = 3) -> None:
    """Preparing a text with GPT-2's tokenizer, against the bare tokenizers library, in turn."""
    documents = some_documents(n_bytes)
    size = sum(len(document.encode()) for document in documents) / MB
    best = [float("inf")] * 3
    for _ in range(rounds):
        best = [min(pair) for pair in zip(best, against_library(documents), strict=True)]
    library, cut, whole = (size / seconds for seconds in best)
    print(f"{size:.0f} MB of Python source, gpt2; MB a second, the best of {rounds} rounds in turn")
    print(f"  the bare library, in batches, in memory       {library:6.2f}")
    print(f"  cut into tokens, and written by split         {cut:6.2f}   {cut / library:.2f} x")
    print(f"  all of it: also hashed, split, and counted    {whole:6.2f}   {whole / library:.2f} x")


def bench_memory(sizes: Sequence[int] = (50 * MB, 1000 * MB)) -> None:
    """Peak memory of preparing a text file of 50 MB and one of 1 GB."""
    with tempfile.TemporaryDirectory() as folder:
        for n_bytes in sizes:
            path = Path(folder) / "text.txt"
            write_text(path, n_bytes)
            measured = in_child(prepare_file, str(path), folder)
            print(
                f"{n_bytes / MB:6.0f} MB: {measured.result:12,} tokens, {measured.seconds:5.0f} s, "
                f"peak memory {measured.peak_bytes / MB:5.0f} MB",
                flush=True,
            )


def some_documents(n_bytes: int) -> list[str]:
    """Return files of the standard library, in a random order and again and again, of about n_bytes."""
    from playground.corpora import load_corpus

    files = list(load_corpus("python-source").documents)
    random.Random(0).shuffle(files)
    documents: list[str] = []
    size = 0
    while size < n_bytes:
        documents.append(files[len(documents) % len(files)])
        size += len(documents[-1].encode())
    return documents


def write_text(path: Path, n_bytes: int) -> None:
    """Write a text of paragraphs of Python source, drawn at random."""
    paragraphs = "\n\n".join(some_documents(10 * MB)).split("\n\n")
    drawn, size = random.Random(1), 0
    with open(path, "wb") as file:
        while size < n_bytes:
            size += file.write(("\n\n".join(drawn.choices(paragraphs, k=1000)) + "\n\n").encode())


def prepare_file(path: str, cache: str) -> int:
    """Prepare a text file afresh and return how many tokens it has."""
    from playground.config import DataConfig
    from playground.prepare import prepare

    with tempfile.TemporaryDirectory(dir=cache) as folder:
        os.environ["PLAYGROUND_CACHE"] = folder
        prepared = prepare(DataConfig(corpus="text", text_file=path, tokenizer="gpt2"))
        return sum(len(tokens) for tokens in prepared.tokens.values())


def against_library(documents: Sequence[str]) -> tuple[float, float, float]:
    """Return the seconds of the bare library, of cutting and writing, and of all of preparing."""
    from playground.config import DataConfig
    from playground.corpora import Corpus
    from playground.prepare import prepare_corpus, write_tokens
    from playground.splits import pieces, scan, split
    from playground.tokenizers import gpt2_tokenizer

    corpus, tokenizer = Corpus("bench", tuple(documents)), gpt2_tokenizer()
    found = scan(corpus)
    chosen = split(found, True, (0.1, 0.1), seed=0)

    def bare() -> None:
        for start in range(0, len(documents), LIBRARY_BATCH):
            tokenizer.library.encode_batch_fast(list(documents[start : start + LIBRARY_BATCH]))

    with tempfile.TemporaryDirectory() as folder:
        os.environ["PLAYGROUND_CACHE"] = folder
        config = DataConfig(corpus="bench", tokenizer="gpt2", test_fraction=0.1)
        cut = Path(folder) / "cut"
        return (
            _seconds(bare),
            _seconds(lambda: write_tokens(cut, pieces(corpus, chosen), tokenizer, int(found.n_chars.sum()))),
            _seconds(lambda: prepare_corpus(corpus, config)),
        )


def _seconds(do: Callable[[], object]) -> float:
    began = time.perf_counter()
    do()
    return time.perf_counter() - began
