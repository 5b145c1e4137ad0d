"""Where text comes from: corpora by name, and one's own text.

A corpus is a tuple of documents. A synthetic one also knows -ln P of each document under the law that it was
drawn from, whose mean is the floor that no model can beat.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from playground.corpora.python_text import reference_documents, source_documents
from playground.corpora.toy_stories import generate_stories

N_TOY_STORIES = 5000
"""Stories in the corpus toy-stories: about 2.3 MB."""


class CorpusError(ValueError):
    """Text that can't be a corpus; the message is one sentence."""


class UnknownCorpus(CorpusError):  # noqa: N818
    """A corpus name that is not known; the message lists those that are."""


@dataclass(frozen=True, eq=False)
class Corpus:
    """A named source of documents, which can be read again and again; blank ones are passed over."""

    name: str
    documents: Iterable[str]
    """In memory, or read as they are asked for."""
    nats: np.ndarray | None = None
    """-ln P(document) under the law of the source, float64, shape (n_documents,); None: unknown."""
    empty_dropped: int = 0
    """Documents of the source that were left out already, because there was nothing but blanks in them."""
    whole_documents: bool = True
    """False: they are successive parts of one text, and nothing stands between them."""

    def __post_init__(self) -> None:
        if isinstance(self.documents, tuple) and not any(d.strip() for d in self.documents):
            raise CorpusError(f"{self.name} is empty: there is no text in it.")
        if self.nats is not None:
            n = len(tuple(self.documents))
            if self.nats.shape != (n,) or not all(d.strip() for d in self.documents):
                raise CorpusError(
                    f"nats of {self.name} has shape {self.nats.shape}, but there are {n} documents, "
                    "or one of them is blank."
                )
            self.nats.flags.writeable = False  # corpora are cached and shared


@dataclass(frozen=True)
class CorpusInfo:
    """What is known of a corpus before it is loaded."""

    name: str
    title: str
    summary: str
    """What it is, and what a model must learn to get under the baselines there."""
    prompts: tuple[str, ...]
    """Fixed prompts that fit the text, completed again and again during training."""
    load: Callable[[int], Corpus]
    """Takes the seed; text that is not synthetic is the same for every seed."""


def load_corpus(name: str, seed: int = 0) -> Corpus:
    """Return the corpus of that name; raises UnknownCorpus if there is none."""
    if name not in CORPORA:
        raise UnknownCorpus(f"There is no corpus named {name!r}: choose one of {', '.join(CORPORA)}.")
    return _load(name, seed)


def text_corpus(text: str, name: str = "text") -> Corpus:
    """Make one document of one's own text, kept as it is but for line ends, which become "\\n".

    Raises CorpusError for text with nothing but blanks.
    """
    return Corpus(name, (text.replace("\r\n", "\n"),), whole_documents=False)


@functools.lru_cache(maxsize=4)
def _load(name: str, seed: int) -> Corpus:
    return CORPORA[name].load(seed)


def _from_documents(name: str, documents: Iterable[str]) -> Corpus:
    """Drop and count the documents with nothing but blanks (the library has many empty __init__.py)."""
    read = tuple(documents)
    kept = tuple(document for document in read if document.strip())
    return Corpus(name, kept, empty_dropped=len(read) - len(kept))


def _load_toy_stories(seed: int) -> Corpus:
    stories, nats = generate_stories(N_TOY_STORIES, seed)
    return Corpus("toy-stories", stories, nats)


CORPORA: dict[str, CorpusInfo] = {
    info.name: info
    for info in (
        CorpusInfo(
            name="toy-stories",
            title="Toy Stories",
            summary=(
                "5,000 short English stories drawn from a grammar, so the lowest possible loss is known "
                "exactly. To get under the bigram line and on to that floor, a model must remember who the "
                "story is about and which toy, color, place and friend were named at its start."
            ),
            prompts=(
                "Once upon a time there was a",
                "Lily was a happy little girl. She",
                "One rainy day, Tom looked out of the window.",
            ),
            load=_load_toy_stories,
        ),
        CorpusInfo(
            name="python-reference",
            title="Python language reference",
            summary=(
                "The written English of Python's own reference, about half a megabyte. To get under the "
                "bigram line a model must learn grammar and markup, and bring back the terms of the topic."
            ),
            prompts=("The expression ", "If the object ", "For example, "),
            load=lambda seed: _from_documents("python-reference", reference_documents()),
        ),
        CorpusInfo(
            name="python-source",
            title="Python standard library",
            summary=(
                "The source code of the Python that is running, some 12 MB. To get under the bigram line a "
                "model must indent, close its brackets, and use again the names that a file has defined."
            ),
            prompts=("def ", "import os\nimport ", "class "),
            load=lambda seed: _from_documents("python-source", source_documents()),
        ),
    )
}
"""Built-in corpora by name; none needs a network."""
