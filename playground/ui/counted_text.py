"""What counting makes of a run's text, found in the background while the page asks how far it is."""

from __future__ import annotations

from pathlib import Path

from playground.config import RunConfig
from playground.corpora import CORPORA
from playground.files import read_json
from playground.prepare import prepare
from playground.run_ngrams import run_ngrams
from playground.runs import RunError
from playground.splits import Report
from playground.ui.corpus_facts import Task, Tasks

TASKS = Tasks()


def ask_counted(run: Path) -> Path | Task:
    """Return the folder whose n-gram model `run_ngrams` has ready, or the task that counts it.

    A run whose training tokens were not kept is counted from its corpus, where that is built in. Raises
    RunError in one sentence where its text can't be had again.
    """

    def work(report: Report) -> Path:
        report("counting the training text", 0, 0)
        folder = run if (run / "tokens" / "train.npy").is_file() else _made_again(run, report)
        run_ngrams(folder)
        return folder

    return TASKS.ask(str(run), work)


def _made_again(run: Path, report: Report) -> Path:
    config = RunConfig.from_json((run / "config.json").read_text(encoding="utf-8"))
    if is_elsewhere(run, config):
        raise RunError(f"{run.name} was trained elsewhere: without its text counting can't be compared.")
    if config.data.corpus.partition(":")[0] not in CORPORA:
        raise RunError(f"The text of {run.name} was not kept with it, so counting can't be compared.")
    folder = prepare(config.data, report=report).folder
    if _files(run / "tokenizer") != _files(folder / "tokenizer"):
        raise RunError(f"The text of {run.name} is cut otherwise today, so counting can't be compared.")
    return folder


def is_elsewhere(run: Path, config: RunConfig) -> bool:
    """Tell whether a run is a pretrained model that was only opened: its config's corpus isn't its text."""
    return bool(config.start_from) and not (run / "tokens").is_dir()


def _files(folder: Path) -> dict[str, object]:
    """Return what the JSON files of a folder hold."""
    return {path.name: read_json(path) for path in folder.glob("*.json")}
