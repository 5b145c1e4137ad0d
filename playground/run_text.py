"""The training text of a run: its own, or, where that was not kept with it, made again from what it names."""

from __future__ import annotations

from pathlib import Path

from playground.config import RunConfig
from playground.corpora import CORPORA
from playground.files import read_json
from playground.prepare import prepare
from playground.runs import RunError
from playground.splits import Report


def has_text(run: Path) -> bool:
    """Tell whether a run's training tokens are with it."""
    return (run / "tokens" / "train.npy").is_file()


def text_folder(run: Path, report: Report) -> Path:
    """Return the folder whose tokens/train.npy a run learned from.

    A run whose training tokens were not kept is read again from its corpus, where that is built in, which
    takes seconds. Raises RunError in one sentence where its text can't be had again.
    """
    return run if has_text(run) else _made_again(run, report)


def is_elsewhere(run: Path, config: RunConfig) -> bool:
    """Tell whether a run is a pretrained model that was only opened: its config's corpus isn't its text."""
    return bool(config.start_from) and not (run / "tokens").is_dir()


def _made_again(run: Path, report: Report) -> Path:
    config = RunConfig.from_json((run / "config.json").read_text(encoding="utf-8"))
    if is_elsewhere(run, config):
        raise RunError(f"{run.name} was trained elsewhere: its training text can't be had here.")
    if config.data.corpus.partition(":")[0] not in CORPORA:
        raise RunError(f"The training text of {run.name} was not kept with it.")
    folder = prepare(config.data, report=report).folder
    if _files(run / "tokenizer") != _files(folder / "tokenizer"):
        raise RunError(f"The text of {run.name} is cut otherwise today: it is not what {run.name} learned.")
    return folder


def _files(folder: Path) -> dict[str, object]:
    """Return what the JSON files of a folder hold."""
    return {path.name: read_json(path) for path in folder.glob("*.json")}
