"""The text that a config names: built in, a file of one's own, or a dataset of the Hub."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

from playground import runs
from playground.config import DataConfig, RunConfig
from playground.corpora import Corpus, corpus_info, file_corpus, limited, load_corpus
from playground.corpora.catalogue import string_corpus
from playground.corpora.hub import hub_corpus, hub_stream, pinned
from playground.corpora.hub_catalogue import HUB_PRESETS
from playground.corpora.readers import DocumentFile, files_of

Report = Callable[[str, int, int], None]

PROMPT_CHARACTERS, PROMPT_WORDS = 12, 2

HELD_TEXT = "text"
MAX_HELD_BYTES = 256 * 2**20
"""A run holds a copy of a text file or folder up to this size, so that it alone repeats the run."""


def corpus_of(
    config: DataConfig, run: Path | None = None, report: Report = lambda phase, done, total: None
) -> Corpus:
    """Return the text a config names; a relative text_file is looked up in the run folder first.

    A dataset of the Hub is fetched if it is not here yet; `report` is told how far that is.

    Raises the error of the source, in one sentence, where there is no such text.
    """
    if config.corpus == "text":
        return file_corpus(text_file_of(config, run), config.max_documents, config.max_bytes)
    if config.corpus == "hub":
        return hub_corpus(config, report)
    if config.corpus == "memorise":
        return string_corpus(config.string)
    corpus = load_corpus(config.corpus, config.text_seed)
    return limited(corpus, config.max_documents, config.max_bytes)


def stream_of(config: DataConfig, run: Path | None = None) -> Corpus:
    """Return the text a config names, for a look at its beginning: nothing that isn't read is fetched."""
    return hub_stream(config) if config.corpus == "hub" else corpus_of(config, run)


def settled(config: DataConfig) -> DataConfig:
    """Return the settings of a new run, in which nothing is open: a dataset's newest commit is named.

    Raises the error of the source where its text is seen to be unusable before it is read.
    """
    if config.corpus == "text":
        text_file_of(config).check()
    return pinned(config)


def source_name(config: DataConfig) -> str:
    """Return a short name of a config's text."""
    named = {"text": Path(config.text_file).stem, "hub": config.hub.rpartition("/")[2]}
    return named.get(config.corpus, config.corpus)


def held(config: DataConfig) -> DataConfig:
    """Return the settings of a run that holds its own text, under the name that copy_text gives it.

    What is larger than MAX_HELD_BYTES stays where it is, and so does text that the run holds already.
    """
    path = Path(config.text_file)
    if config.corpus != "text" or not path.is_absolute() or _size(path) > MAX_HELD_BYTES:
        return config
    return dataclasses.replace(
        config, text_file=HELD_TEXT if path.is_dir() else HELD_TEXT + path.suffix.lower()
    )


def copy_text(named: DataConfig, held: DataConfig, run: Path) -> None:
    """Copy into a run the text that its settings hold: a file, or all text files of a folder."""
    source, target = Path(named.text_file), run / held.text_file
    if named == held:
        return
    if source.is_file():
        shutil.copyfile(source, target)
        return
    for path in files_of(source):
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def create_run(root: Path, name: str, config: RunConfig) -> Path:
    """Make a run folder that holds its own text; without a name it is called after that."""
    config = with_whole_start(config)
    named = settled(config.data)
    data = held(named)
    config = dataclasses.replace(config, data=data)
    run = runs.create(root, name or source_name(named), config.to_json())
    copy_text(named, data, run)
    return run


def with_whole_start(config: RunConfig) -> RunConfig:
    """Return a config that names the folder of the model it starts from whole, if it is a folder."""
    folder = Path(config.start_from).expanduser()
    if not config.start_from or not folder.is_dir():
        return config
    return dataclasses.replace(config, start_from=str(folder.resolve()))


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in (files_of(path) if path.is_dir() else [path]))


def text_file_of(config: DataConfig, run: Path | None = None) -> DocumentFile:
    """Return the file of one's own text that a config names."""
    path = Path(config.text_file)
    if run is not None and not path.is_absolute() and (run / path).exists():
        path = run / path
    return DocumentFile(path, config.text_column, config.template, config.encoding)


def default_prompts(config: DataConfig, corpus: Corpus) -> tuple[str, ...]:
    """Return the fixed prompts of a corpus; of any other text, its first words."""
    if config.corpus == "hub" and config.hub in HUB_PRESETS:
        return HUB_PRESETS[config.hub].prompts
    if config.string and config.corpus == "memorise":
        return (" ".join(next(iter(corpus.documents)).split(" ")[:PROMPT_WORDS]),)
    if config.corpus not in ("text", "hub"):
        return corpus_info(config.corpus).prompts
    return (next(iter(corpus.documents))[:PROMPT_CHARACTERS],)
