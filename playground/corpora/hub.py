"""Datasets of the Hugging Face Hub: streamed once up to a limit, and kept, so that nothing is fetched twice.

A dataset's own code is never run: of one that is nothing but code, the Hub's conversion to Parquet is read.
What was fetched is kept by commit, configuration, split, columns and limit, and is there without a network.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from playground.cache import cache_root, folder_for, key_of
from playground.config import DataConfig
from playground.corpora.caps import Capped
from playground.corpora.corpus import Corpus
from playground.corpora.hub_access import HubError, open_splits, record_columns, resolved
from playground.corpora.readers import Record
from playground.corpora.templates import FilledTemplate, record_template
from playground.files import read_json, write_json_atomic
from playground.limits import limits

Report = Callable[[str, int, int], None]

FORMAT = 1
MAX_UNLIMITED_BYTES = 2 * 2**30
"""Without a limit, a dataset of more text is refused: some would fill any disk."""

REPORT_EVERY = 1_000_000
PHASE = "fetching from the Hub"
DOCUMENTS, FACTS = "documents.jsonl", "facts.json"


def pinned(config: DataConfig) -> DataConfig:
    """Return a config that names the commit of its dataset, the newest where none is named.

    Without a network it is the one that was used last. Raises HubError if there is none, LimitError for a
    dataset that is not on the list.
    """
    if config.corpus != "hub":
        return config
    limits().check_hub(config.hub)
    if is_commit(config.hub_revision):
        return config
    remembered = (
        cache_root() / ".hub" / f"{key_of({'hub': config.hub, 'revision': config.hub_revision})}.json"
    )
    try:
        commit = resolved(config.hub, config.hub_revision)
    except HubError as error:
        known = read_json(remembered) if error.unreachable else None
        if known is None:
            raise
        commit = known["commit"]
    else:
        remembered.parent.mkdir(parents=True, exist_ok=True)
        write_json_atomic(remembered, {"hub": config.hub, "commit": commit})
    return dataclasses.replace(config, hub_revision=commit)


def is_commit(revision: str) -> bool:
    """Return whether a revision is a whole commit hash, which always means the same."""
    return len(revision) == 40 and set(revision) <= set("0123456789abcdef")


def hub_corpus(config: DataConfig, report: Report = lambda phase, done, total: None) -> Corpus:
    """Return the dataset that a config names, fetched if it is not here yet.

    `report` is told the bytes that were fetched, and may raise to cancel, which leaves nothing behind. Raises
    HubError, or TemplateError where the columns don't fit.
    """
    config = pinned(config)
    names = ("hub", "hub_revision", "hub_config", "hub_split", "text_column", "template")
    limits = ("max_documents", "max_bytes")
    known = {"hub format": FORMAT, **{name: getattr(config, name) for name in (*names, *limits)}}
    key = key_of(known | ({"fields": "last"} if config.loss_on == "answer" else {}))
    folder = folder_for(
        key,
        lambda folder: _fetch(config, folder, report),
        lambda: report("waiting for another process that fetches this dataset", 0, 0),
    )
    facts = read_json(folder / FACTS)
    if facts is None:
        raise HubError(f"What was fetched of {config.hub} is damaged: delete {folder}, and try again.")
    documents = Fetched(folder / DOCUMENTS)
    return Corpus(config.hub, documents, empty_dropped=facts["empty_dropped"])


@dataclasses.dataclass(frozen=True)
class Fetched:
    """Documents as _fetch wrote them down, one a line: a text, or a text and where its last field begins."""

    path: Path

    def __iter__(self) -> Iterator[str]:
        with open(self.path, encoding="utf-8", newline="\n") as file:
            for line in file:
                value = json.loads(line)
                yield value if isinstance(value, str) else FilledTemplate(*value)


def _fetch(config: DataConfig, folder: Path, report: Report) -> None:
    report(PHASE, 0, config.max_bytes)
    documents = Capped(Stream(config), config.max_documents, config.max_bytes)
    kept = empty = size = 0
    with open(folder / DOCUMENTS, "w", encoding="utf-8", newline="\n") as file:
        for document in documents:
            if not document.strip():
                empty += 1
                continue
            line: Any = document
            if config.loss_on == "answer" and isinstance(document, FilledTemplate):
                line = [document, document.last_field_at]
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            before, size, kept = size, size + len(document.encode()), kept + 1
            if before // REPORT_EVERY < size // REPORT_EVERY:
                report(PHASE, size, config.max_bytes)
            if size > MAX_UNLIMITED_BYTES and not (config.max_documents or config.max_bytes):
                raise HubError(f"{config.hub} has more than 2 GiB of text: set max_documents or max_bytes.")
    if not kept:
        raise HubError(f"{config.hub} is empty: there is no text in split {config.hub_split}.")
    write_json_atomic(folder / FACTS, {"documents": kept, "bytes": size, "empty_dropped": empty})


def hub_stream(config: DataConfig) -> Corpus:
    """Return the dataset that a config names, read anew each time, for a look at its beginning.

    Raises HubError, also while it is read.
    """
    return Corpus(config.hub, Capped(Stream(pinned(config)), config.max_documents, config.max_bytes))


@dataclasses.dataclass(frozen=True)
class Stream:
    """The documents of a config's dataset, fetched as they are asked for, each time."""

    config: DataConfig

    def __iter__(self) -> Iterator[str]:
        config = self.config
        with open_splits(config) as splits:
            for split in splits.chosen:
                columns = record_columns(split)
                if columns:
                    template = record_template(columns, config.text_column, config.template, config.hub)
                    for record in split.select_columns(template.fields):
                        yield template.fill(record)


@dataclasses.dataclass(frozen=True)
class HubLook:
    """What a dataset offers, to choose from."""

    configs: list[str]
    config: str
    """The one that was opened."""
    splits: list[str]
    columns: list[str]
    """Of the first split that was asked for."""
    records: list[Record]
    """The first ones, whole."""


def look_at(config: DataConfig, n: int = 5) -> HubLook:
    """Return what the dataset of a config offers, and its first records; only these are fetched.

    Raises HubError.
    """
    with open_splits(pinned(config)) as splits:
        first = splits.chosen[0]
        return HubLook(
            splits.configs, splits.config, splits.names, record_columns(first), list(first.take(n))
        )
