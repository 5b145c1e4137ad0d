"""How fast a text is prepared, against the bare `tokenizers` library, and in how much memory."""

from __future__ import annotations

import json
import os
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

from playground.bench.children import PrivateMemory, in_child
from playground.bench.spent import Spent, least, spend

LIBRARY_BATCH = 500
MB = 1_000_000


def bench_preparing(n_bytes: int = 20 * MB, rounds: int = 2) -> None:
    """Preparing a text by gpt2 and bpe:1024, against the bare tokenizers library, in turn."""
    from playground.tokenizers import is_learned

    documents = some_documents(n_bytes)
    size = sum(len(document.encode()) for document in documents) / MB
    print(f"{size:.0f} MB of Python source; MB a second by the clock, and of a core; best of {rounds} rounds")
    for spec in ("gpt2", "bpe:1024"):
        measured = [against_library(documents, spec) for _ in range(rounds)]
        learning, bare, cut, everything = (least(spent) for spent in zip(*measured, strict=True))
        rows = [
            ("the bare library, in batches, in memory", bare, bare),
            ("cut, and written by split", cut, bare),
            ("all, with baselines", everything, bare),
        ]
        if is_learned(spec):
            both = Spent(learning.wall + bare.wall, learning.cpu + bare.cpu)
            rows[2] = ("all, with baselines and learning merges", everything, bare)
            rows.append(("  against the library's learning as well", everything, both))
        for name, spent, against in rows:
            print(
                f"  {spec:9} {name:40} {size / spent.wall:6.2f} {against.wall / spent.wall:6.2f} x"
                f" {size / spent.cpu:8.2f} {against.cpu / spent.cpu:6.2f} x",
                flush=True,
            )


def bench_memory(sizes: Sequence[int] = (50 * MB, 1000 * MB), tokenizer: str = "byte") -> None:
    """Peak memory of preparing 50 MB and 1 GB, .txt and .jsonl, by bytes: the most tokens a text has."""
    print("peak memory is what the process alone held; pages of files that it maps are not counted")
    with tempfile.TemporaryDirectory() as folder:
        for suffix in (".txt", ".jsonl"):
            for n_bytes in sizes:
                path = Path(folder) / f"text{suffix}"
                write_text(path, n_bytes)
                measured = in_child(prepare_file, str(path), folder, tokenizer)
                n_tokens, peak = measured.result
                print(
                    f"{tokenizer:9} {suffix:6} {n_bytes / MB:6.0f} MB: {n_tokens:13,} tokens, "
                    f"{measured.seconds:5.0f} s, peak memory {peak / MB:5.0f} MB; "
                    f"with mapped files {measured.peak_bytes / MB:5.0f} MB",
                    flush=True,
                )


def bench_memory_bpe() -> None:
    """Peak memory of preparing 50 MB and 1 GB, .txt and .jsonl, by bpe:1024, learned from them."""
    bench_memory(tokenizer="bpe:1024")


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
    """Write paragraphs of Python source, drawn at random: one text, or in .jsonl a document each."""
    paragraphs = "\n\n".join(some_documents(10 * MB)).split("\n\n")
    if path.suffix == ".jsonl":
        lines = [json.dumps({"text": paragraph}) + "\n" for paragraph in paragraphs]
    else:
        lines = [paragraph + "\n\n" for paragraph in paragraphs]
    drawn, size = random.Random(1), 0
    with open(path, "wb") as file:
        while size < n_bytes:
            size += file.write("".join(drawn.choices(lines, k=1000)).encode())


def prepare_file(path: str, cache: str, tokenizer: str = "byte") -> tuple[int, int]:
    """Prepare a text file afresh; return how many tokens it has, and the peak of its own memory."""
    from playground.config import DataConfig
    from playground.prepare import prepare

    with tempfile.TemporaryDirectory(dir=cache) as folder, PrivateMemory() as memory:
        os.environ["PLAYGROUND_CACHE"] = folder
        prepared = prepare(DataConfig(corpus="text", text_file=path, tokenizer=tokenizer))
        n_tokens = sum(len(tokens) for tokens in prepared.tokens.values())
    return n_tokens, memory.peak_bytes


def against_library(documents: Sequence[str], spec: str) -> tuple[Spent, Spent, Spent, Spent]:
    """Return what the library's learning and encoding took, cutting and writing, and all of preparing."""
    from playground.config import DataConfig
    from playground.corpora import Corpus
    from playground.prepare import prepare_corpus, write_tokens
    from playground.splits import pieces, scan, split
    from playground.tokenizers import Tokenizer, build_tokenizer
    from playground.tokenizers.bpe import BPETokenizer

    built: list[Tokenizer] = []
    learning = spend(lambda: built.append(build_tokenizer(spec, documents, end_token=True)))
    corpus, tokenizer = Corpus("bench", tuple(documents)), built[0]
    found = scan(corpus)
    chosen = split(found, True, (0.1, 0.1), seed=0)

    assert isinstance(tokenizer, BPETokenizer)
    library = tokenizer.library

    def bare() -> None:
        for start in range(0, len(documents), LIBRARY_BATCH):
            library.encode_batch_fast(list(documents[start : start + LIBRARY_BATCH]))

    with tempfile.TemporaryDirectory() as folder:
        os.environ["PLAYGROUND_CACHE"] = folder
        config = DataConfig(corpus="bench", tokenizer=spec, test_fraction=0.1)
        cut = Path(folder) / "cut"
        return (
            learning,
            spend(bare),
            spend(lambda: write_tokens(cut, pieces(corpus, chosen), tokenizer, int(found.n_chars.sum()))),
            spend(lambda: prepare_corpus(corpus, config)),
        )
