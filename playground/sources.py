"""The text that a config names: built in, a file of one's own, or a dataset of the Hub."""

from __future__ import annotations

from pathlib import Path

from playground.config import DataConfig
from playground.corpora import Corpus, corpus_info, file_corpus, load_corpus
from playground.corpora.readers import DocumentFile

PROMPT_CHARACTERS = 12


def corpus_of(config: DataConfig, run: Path | None = None) -> Corpus:
    """Return the text a config names; a relative text_file is looked up in the run folder first.

    Raises the error of the source, in one sentence, where there is no such text.
    """
    if config.corpus == "text":
        return file_corpus(text_file_of(config, run), config.max_documents, config.max_bytes)
    return load_corpus(config.corpus, config.text_seed)


def text_file_of(config: DataConfig, run: Path | None = None) -> DocumentFile:
    """Return the file of one's own text that a config names."""
    path = Path(config.text_file)
    if run is not None and not path.is_absolute() and (run / path).exists():
        path = run / path
    return DocumentFile(path, config.text_column, config.template, config.encoding)


def default_prompts(config: DataConfig, corpus: Corpus) -> tuple[str, ...]:
    """Return the fixed prompts of a corpus; for own text, its first words."""
    if config.corpus != "text":
        return corpus_info(config.corpus).prompts
    return (next(iter(corpus.documents))[:PROMPT_CHARACTERS],)
