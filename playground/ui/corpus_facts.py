"""What the Tokenize tab tells of a corpus, counted in the background while the page asks how far it is."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from playground.corpora import Corpus
from playground.prepare import prepare_corpus, training_texts
from playground.prepared import Prepared
from playground.splits import Report
from playground.tokenizers import Tokenizer
from playground.tokenizers.merge_counts import merge_counts
from playground.ui.chosen_texts import text_of
from playground.ui.tokenizer_choices import Choice, whole_bpe

PATIENCE_SECONDS = 5.0
"""A task that no page has asked about for so long is given up."""

KEPT = 24
"""Results that are kept."""


class GivenUp(Exception):  # noqa: N818
    """Nobody waits for this any more."""


@dataclass
class Task:
    """Something that is being counted."""

    future: Future[Any] | None = None
    asked: float = 0.0
    phase: str = "waiting for its turn"
    share: float = 0.0

    def report(self, phase: str, done: int, total: int) -> None:
        """Note how far it is; raises GivenUp if nobody asks any more."""
        self.phase, self.share = phase, done / total if total else 0.0
        if time.monotonic() - self.asked > PATIENCE_SECONDS:
            raise GivenUp


class Tasks:
    """Tasks by key, two at a time, so that none waits for merges: a page asks again until its own is done."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(2, thread_name_prefix="corpus-facts")
        self.tasks: OrderedDict[Any, Task] = OrderedDict()
        self.lock = threading.Lock()

    def ask(self, key: Any, work: Callable[[Report], Any]) -> Any:
        """Return the result if it is there, else the Task that is under way; raises what the work raised."""
        with self.lock:
            task = self.tasks.get(key)
            if task is None:
                task = self.tasks[key] = Task()
                task.asked = time.monotonic()
                task.future = self.pool.submit(work, task.report)
                while len(self.tasks) > KEPT:
                    self.tasks.popitem(last=False)
            task.asked = time.monotonic()
            self.tasks.move_to_end(key)
            if task.future is None or not task.future.done():
                return task
            if task.future.exception() is not None:
                del self.tasks[key]  # the next to ask begins anew
        try:
            return task.future.result()
        except GivenUp:
            return task

    def forget(self, key: Any) -> None:
        """Do a task anew when it is asked for again."""
        with self.lock:
            self.tasks.pop(key, None)


TASKS = Tasks()


@dataclass(frozen=True)
class Facts:
    """What counting finds in a corpus that is cut in one way."""

    prepared: Prepared
    counts: NDArray[np.int64]
    """How often each token stands in the training text, by id."""
    lossless: bool


def ask_facts(choice: Choice) -> Facts | Task:
    """Return the facts of a choice, or the task that finds them."""

    def work(report: Report) -> Facts:
        corpus = text_of(choice.corpus).text(report)
        prepared = prepare_corpus(corpus, choice.data, report)
        counts = np.bincount(prepared.train, minlength=prepared.tokenizer.d_vocab)
        return Facts(prepared, counts, is_lossless(prepared.tokenizer, corpus))

    return TASKS.ask((choice.corpus, choice.spec), work)


def ask_merge_counts(corpus: str) -> list[int] | Task:
    """Return how many places of a corpus each of its merges joins, or the task that counts them."""

    def work(report: Report) -> list[int]:
        report("counting the merges", 0, 0)
        form, tokenizer = text_of(corpus), whole_bpe(corpus)
        return merge_counts(tokenizer, training_texts(form.config(), form.text(report)))

    return TASKS.ask(("merges", corpus), work)


def is_lossless(tokenizer: Tokenizer, corpus: Corpus) -> bool:
    """Tell whether the first texts of a corpus come back as they were."""
    texts = (text[:5000] for text in islice(corpus.documents, 20))
    return all(tokenizer.decode(tokenizer.encode(text)) == text for text in texts)


def baseline_rows(prepared: Prepared) -> list[dict[str, Any]]:
    """Return the levels of the held-out text in nats per token and in bits per byte."""
    values, held_out = prepared.baselines, prepared.baselines["held_out"]
    strongest = min(held_out, key=held_out.__getitem__)
    levels = [
        ("uniform", values["uniform"], "every token is equally likely"),
        ("unigram", held_out["unigram"], "knows how common each token is"),
        ("bigram", held_out["bigram"], "knows which token follows which"),
        (f"strongest: {strongest}", held_out[strongest], "the best that counting can do"),
    ]
    if values["floor"] is not None:
        levels.append(("floor", values["floor"], "nobody can do better on average"))
    per_byte = math.log(2) * prepared.bytes_per_token
    return [
        {"name": name, "nats": level, "bits": level / per_byte, "meaning": meaning}
        for name, level, meaning in levels
    ]
