"""A run's training text, and what counting makes of it, found in the background while the page asks."""

from __future__ import annotations

from pathlib import Path

from playground.run_ngrams import run_ngrams
from playground.run_text import has_text, text_folder
from playground.splits import Report
from playground.ui.corpus_facts import Task, Tasks

COUNTED, TEXTS = Tasks(), Tasks()


def ask_counted(run: Path) -> Path | Task:
    """Return the folder whose n-gram model `run_ngrams` has ready, or the task that counts it.

    Raises RunError in one sentence where its text can't be had again.
    """

    def work(report: Report) -> Path:
        report("counting the training text", 0, 0)
        folder = text_folder(run, report)
        run_ngrams(folder)
        return folder

    return COUNTED.ask(_key(run), work)


def ask_text(run: Path) -> Path | Task:
    """Return the folder of a run's training tokens, or the task that makes them again.

    It is made to the end, whether asked for again or not: the next one who writes with the run wants it.
    Raises RunError in one sentence where its text can't be had again.
    """
    if has_text(run):
        return run
    return TEXTS.ask(_key(run), lambda _: text_folder(run, lambda *_: None))


def _key(run: Path) -> tuple[str, str]:
    """Return what tells a run from a later one of the same name and another text."""
    return str(run), (run / "config.json").read_text(encoding="utf-8")
