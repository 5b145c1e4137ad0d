"""A pretrained model's files: a local folder, or the Hub's, fetched into its cache there also offline.

Only safetensors, tokenizer files and configs are fetched. A download that was cut goes on where it stopped.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from tqdm import tqdm

from playground.config.data import HUB_ID
from playground.hub_errors import UNREACHABLE, first_line, kinds_of
from playground.limits import limits
from playground.pretrained.errors import PretrainedError
from playground.pretrained.headers import INDEX, SINGLE, no_weights

Report = Callable[[str, int, int], None]

TIMEOUT_SECONDS = 15
PHASE = "fetching the model from the Hub"
WANTED = re.compile(
    r"(tokenizer\w*\.(json|model)|special_tokens_map\.json|added_tokens\.json|vocab\.\w+|merges\.txt|"
    r"(spiece|sentencepiece\.bpe)\.model|chat_template\.\w+|(generation_)?config\.json)"
)
"""Files beside the weights: nothing else is fetched, above all no code."""


@dataclass(frozen=True)
class Source:
    """Where the files of a model are: in a folder, or on the Hub at a commit."""

    name: str
    folder: Path | None
    commit: str = ""
    sizes: dict[str, int] | None = None
    """Bytes of the files that are wanted, of a model on the Hub that answers."""


def ignore(phase: str, done: int, total: int) -> None:
    """Report nothing."""


def find_source(name: str, revision: str = "") -> Source:
    """Return where a model is; raises PretrainedError if it is nowhere, LimitError if it is not on the list.

    A name is a folder if there is one; without a network, a model of the Hub must be in its cache.
    """
    name = name.strip()
    limits().check_hub(name)
    folder = Path(name).expanduser()
    if name and folder.is_dir():
        return Source(name, folder.resolve())
    if not re.fullmatch(HUB_ID, name):
        raise PretrainedError(
            f"There is no folder {name!r}: name one with a model in it, or a model of the Hub, as "
            "Qwen/Qwen3-0.6B."
        )
    from huggingface_hub import HfApi

    try:
        info = HfApi().model_info(
            name, revision=revision or None, timeout=TIMEOUT_SECONDS, files_metadata=True
        )
    except Exception as error:
        if kinds_of(error) & UNREACHABLE:
            return _cached(name, revision, error)
        raise PretrainedError(why_not(name, error)) from error
    files = {file.rfilename: file.size or 0 for file in info.siblings or ()}
    return Source(name, None, str(info.sha), _wanted(name, files))


def _wanted(name: str, files: dict[str, int]) -> dict[str, int]:
    """Return the files to fetch with their sizes; raises PretrainedError where there are no weights."""
    chosen = {file: size for file, size in files.items() if WANTED.fullmatch(file)}
    if INDEX in files:
        shards = [file for file in files if re.fullmatch(r"[\w.-]+-of-\d+\.safetensors", file)]
        return chosen | {file: files[file] for file in (INDEX, *shards)}
    if SINGLE not in files:
        raise PretrainedError(no_weights(name, list(files)))
    return chosen | {SINGLE: files[SINGLE]}


def _cached(name: str, revision: str, error: Exception) -> Source:
    """Return the snapshot of the revision that was fetched earlier, the newest one where none is named."""
    from huggingface_hub import CacheNotFound, scan_cache_dir

    try:
        repos = scan_cache_dir().repos
    except (CacheNotFound, OSError):
        repos = frozenset()
    own = [repo.revisions for repo in repos if (repo.repo_type, repo.repo_id) == ("model", name)]
    found = [each for each in chain.from_iterable(own) if any(each.snapshot_path.glob("*.safetensors"))]
    if revision:
        found = [each for each in found if revision in (each.commit_hash, *each.refs)]
    if not found:
        raise PretrainedError(why_not(name, error)) from error
    newest = max(found, key=lambda each: each.last_modified)
    return Source(name, newest.snapshot_path, newest.commit_hash)


def fetch(source: Source, report: Report = ignore) -> Path:
    """Return the folder with a model's files, downloaded where they are not here yet.

    `report` is told the bytes that are here and that there are, and may raise to cancel; what was fetched by
    then is kept. Raises PretrainedError.
    """
    if source.folder is not None:
        return source.folder
    sizes = source.sizes or {}
    total, done, folder = sum(sizes.values()), 0, Path()
    for file, size in sizes.items():
        folder = _fetch_file(source, file, done, total, report).parent
        done += size
        report(PHASE, done, total)
    return folder


def fetch_config(source: Source) -> Path:
    """Return the folder that holds config.json, fetched alone where the model is on the Hub."""
    if source.folder is not None:
        return source.folder
    if "config.json" not in (source.sizes or {}):
        raise PretrainedError(f"{source.name} has no config.json, so it is no model of transformers.")
    return _fetch_file(source, "config.json", 0, 0, ignore).parent


def _fetch_file(source: Source, file: str, before: int, total: int, report: Report) -> Path:
    from huggingface_hub import hf_hub_download

    class Bar(tqdm):
        """Passes on what the library tells its progress bar."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs.pop("name", None)
            kwargs["disable"] = True
            super().__init__(*args, **kwargs)
            self.here = int(kwargs.get("initial") or 0)

        def update(self, n: float | None = 1) -> bool | None:
            self.here += int(n or 0)
            report(PHASE, before + self.here, total)
            return super().update(n)

    try:
        found = hf_hub_download(
            source.name, file, revision=source.commit, etag_timeout=TIMEOUT_SECONDS, tqdm_class=Bar
        )
    except Exception as error:
        is_full_disk_or_cancelled = not isinstance(error, (OSError, ValueError)) or error_number(error)
        if is_full_disk_or_cancelled and not kinds_of(error) & UNREACHABLE:
            raise
        raise PretrainedError(why_not(source.name, error)) from error
    return Path(found)


def error_number(error: Exception) -> int:
    """Return the number of an error of the operating system, 0 of any other."""
    return getattr(error, "errno", None) or 0


def why_not(name: str, error: Exception) -> str:
    """Return the reason in one sentence."""
    kinds = kinds_of(error)
    if "GatedRepoError" in kinds:
        return f"The model {name} is gated: accept its terms on the Hub, and log in with `hf auth login`."
    if "RevisionNotFoundError" in kinds:
        return f"The model {name} has no such revision: leave start_revision empty for the newest."
    if "RepositoryNotFoundError" in kinds:
        return f"There is no model named {name!r} on the Hugging Face Hub, and no such folder here."
    if kinds & UNREACHABLE:
        return (
            f"The Hugging Face Hub can't be reached, and {name} is not in its cache here: check the "
            "connection and try again, or name a folder."
        )
    return f"The model {name} can't be fetched: {first_line(error)}."
