"""What a corpus is: a source of documents, and -ln P of each where the law of the source is known."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from playground.corpora.caps import Capped
from playground.corpora.readers import DocumentFile


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


def limited(corpus: Corpus, max_documents: int, max_bytes: int) -> Corpus:
    """Return the first documents of a corpus in memory, up to a limit (0: all).

    Of a document that was cut no law is known.
    """
    if not max_documents and not max_bytes:
        return corpus
    documents = tuple(Capped(corpus.documents, max_documents, max_bytes, corpus.whole_documents))
    is_cut = documents != tuple(corpus.documents)[: len(documents)]
    nats = None if corpus.nats is None or is_cut else corpus.nats[: len(documents)]
    return dataclasses.replace(corpus, documents=documents, nats=nats)


def text_corpus(text: str, name: str = "text") -> Corpus:
    """Make a corpus of one's own text, kept as it is but for line ends, which become "\n".

    Raises CorpusError for text with nothing but blanks.
    """
    return Corpus(name, (text.replace("\r\n", "\n"),), whole_documents=False)


def file_corpus(file: DocumentFile, max_documents: int = 0, max_bytes: int = 0) -> Corpus:
    """Make a corpus of a file or folder of one's own, read as it is asked for, up to a limit (0: all)."""
    file.check()
    documents = Capped(file, max_documents, max_bytes, file.whole_documents)
    return Corpus(file.path.name, documents, whole_documents=file.whole_documents)
