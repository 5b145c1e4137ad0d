"""Where text comes from: corpora by name, and one's own text."""

from playground.corpora.catalogue import (
    CORPORA,
    CorpusInfo,
    Parameter,
    corpus_info,
    load_corpus,
    parse_spec,
)
from playground.corpora.corpus import Corpus, CorpusError, UnknownCorpus, file_corpus, limited, text_corpus

__all__ = [
    "CORPORA",
    "Corpus",
    "CorpusError",
    "CorpusInfo",
    "Parameter",
    "UnknownCorpus",
    "corpus_info",
    "file_corpus",
    "limited",
    "load_corpus",
    "parse_spec",
    "text_corpus",
]
