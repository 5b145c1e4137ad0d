"""One lasting element of the page, as the monitor is: its own script asks for rows that have changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from playground import presets
from playground.experiments import EXPERIMENTS
from playground.ui.downloads import downloads_folder
from playground.ui.run_book.actions import act
from playground.ui.run_book.comparing import compare
from playground.ui.run_book.listing import book
from playground.ui.run_book.settings import sweep_settings

STATIC = Path(__file__).parent.parent / "static"
FOLDER = STATIC / "run_book"

SCRIPTS = ("monitor/words", "run_book/rows", "run_book/details", "run_book/launching", "run_book/run_book")
"""The parts of the script, in the order in which they build on one another."""


class RunBook(gr.HTML):
    """The list of runs; it triggers `select` with runs for one chart, and `submit` with one to duplicate."""

    def __init__(self, **kwargs: Any) -> None:
        downloads_folder()
        super().__init__(
            "",
            html_template=(FOLDER / "run_book.html").read_text(encoding="utf-8"),
            css_template=(FOLDER / "run_book.css").read_text(encoding="utf-8"),
            js_on_load=script(),
            server_functions=[book, act, compare],
            apply_default_css=False,
            experiments=[_card(each) for each in EXPERIMENTS.values()],
            presets=[{"name": p.name, "title": p.title} for p in presets.PRESETS.values()],
            settings=sweep_settings(),
            **kwargs,
        )

    def api_info(self) -> dict[str, Any]:
        """Describe the value for the API page."""
        return {"type": "string", "description": "not used: the list asks for what it shows"}


def _card(experiment: Any) -> dict[str, Any]:
    labels = [label for label, _ in experiment.runs]
    return {"name": experiment.name, "title": experiment.title, "text": experiment.look_for, "runs": labels}


def script() -> str:
    """Return the whole script: one function body, in which the parts see one another."""
    return "\n".join((STATIC / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
