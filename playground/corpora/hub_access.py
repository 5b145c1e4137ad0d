"""The way to the Hub's datasets through the `datasets` library, and its errors in one sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playground.config import DataConfig
from playground.corpora.corpus import CorpusError
from playground.corpora.templates import listed
from playground.corpora.text_files import TextFileError
from playground.hub_errors import UNREACHABLE, first_line, kinds_of

CONVERTED = "refs/convert/parquet"
"""The branch of a dataset in which the Hub keeps its own conversion, as CONFIG/SPLIT/0000.parquet."""

CONVERTED_FILE = re.compile(r"([^/]+)/[^/]+/\d{4}\.parquet")
TIMEOUT_SECONDS = 15


class HubError(CorpusError):
    """A dataset that can't be had; the message is one sentence."""

    def __init__(self, message: str, unreachable: bool = False) -> None:
        super().__init__(message)
        self.unreachable = unreachable
        """Whether there is no connection."""


@dataclass(frozen=True)
class Splits:
    """A dataset that was opened; nothing of it is read yet."""

    configs: list[str]
    config: str
    names: list[str]
    chosen: list[Any]
    """The IterableDataset of each split that was asked for."""


def resolved(hub: str, revision: str = "") -> str:
    """Return the commit of a dataset, the newest if no revision is named; raises HubError.

    Of a dataset that has nothing but code: that of the Hub's conversion.
    """
    with in_one_sentence(hub):
        info = _info(hub, revision or None)
        if not revision and f"{hub.rpartition('/')[2]}.py" in _files(info):
            info = _info(hub, CONVERTED)
    return str(info.sha)


@contextmanager
def open_splits(config: DataConfig) -> Iterator[Splits]:
    """Open the splits that a config with a commit names; errors of reading them become HubErrors too.

    Raises HubError with the configurations or splits there are, where the config names another.
    """
    with in_one_sentence(config.hub):
        builder, configs = _builder(config)
        found = builder.as_streaming_dataset()
        wanted = config.hub_split.split("+")
        missing = [name for name in wanted if name not in found]
        if missing:
            raise HubError(f"{config.hub} has no split {missing[0]!r}: it has {listed(list(found))}.")
        yield Splits(configs, builder.config.name, list(found), [found[name] for name in wanted])


def _builder(config: DataConfig) -> tuple[Any, list[str]]:
    """Return the library's builder and the names of all configurations."""
    from datasets import get_dataset_config_names, load_dataset_builder

    info = _info(config.hub, config.hub_revision)
    path, revision = f"hf://datasets/{info.id}", config.hub_revision
    matches = [CONVERTED_FILE.fullmatch(file) for file in _files(info) if file.endswith(".parquet")]
    if matches and all(matches):
        configs = sorted({match[1] for match in matches if match})
        chosen = _one_of(configs, config)
        return load_dataset_builder(path, data_dir=chosen, revision=revision), configs
    configs = get_dataset_config_names(path, revision=revision)
    name = config.hub_config or None
    if name is not None:
        _one_of(configs, config)
    try:
        return load_dataset_builder(path, name, revision=revision), configs
    except ValueError as error:
        if name is None and len(configs) > 1:
            raise HubError(_choose(configs, config)) from error
        raise


def _one_of(configs: list[str], config: DataConfig) -> str:
    """Return the configuration that is meant; raises HubError if it is not there, or one must be named."""
    named = config.hub_config or ("default" if "default" in configs else "")
    if not named and len(configs) == 1:
        return configs[0]
    if not named:
        raise HubError(_choose(configs, config))
    if named not in configs:
        raise HubError(f"{config.hub} has no configuration {named!r}: it has {listed(configs)}.")
    return named


def _choose(configs: list[str], config: DataConfig) -> str:
    return f"{config.hub} has several configurations, so name one (hub_config): {listed(configs)}."


def record_columns(split: Any) -> list[str]:
    """Return the columns of a split; none if there is no record."""
    return list(split.column_names or next(iter(split), {}))


def _info(hub: str, revision: str | None) -> Any:
    from huggingface_hub import HfApi

    return HfApi().dataset_info(hub, revision=revision, timeout=TIMEOUT_SECONDS)


def _files(info: Any) -> list[str]:
    return [file.rfilename for file in info.siblings or ()]


@contextmanager
def in_one_sentence(hub: str) -> Iterator[None]:
    """Turn what the libraries raise into a HubError that says what to do."""
    try:
        yield
    except (CorpusError, TextFileError):
        raise
    except Exception as error:
        raise _explained(hub, error) from error


def _explained(hub: str, error: Exception) -> HubError:
    kinds = kinds_of(error)
    if "GatedRepoError" in kinds or "is a gated dataset" in str(error):
        return HubError(
            f"The dataset {hub} is gated: accept its terms on the Hub, and log in with `hf auth login`."
        )
    if "RevisionNotFoundError" in kinds:
        return HubError(f"The dataset {hub} has no such revision, or the Hub has not converted it.")
    if "RepositoryNotFoundError" in kinds or "DatasetNotFoundError" in kinds:
        return HubError(f"There is no dataset named {hub!r} on the Hugging Face Hub, or it is private.")
    if "scripts are no longer supported" in str(error):
        return HubError(f"The dataset {hub} is code, which is never run: leave hub_revision empty.")
    if kinds & UNREACHABLE:
        advice = "check the connection, or take a built-in corpus"
        return HubError(f"The Hugging Face Hub can't be reached, and {hub} is not here yet: {advice}.", True)
    return HubError(f"The dataset {hub} can't be read: {first_line(error)}.")
