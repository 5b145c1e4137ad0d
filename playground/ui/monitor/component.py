"""One lasting element of the page. Its own script asks for what is new; nothing is rebuilt.

So zoom, hidden lines and units last. What a page has seen comes back with each request: the server keeps
no state of a page.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import gradio as gr
import orjson

from playground.ui.monitor import polling
from playground.ui.monitor.polling import completions, curve_csv, run_list
from playground.ui.monitor.small_charts import SMALL_CHARTS

STATIC = Path(__file__).parent.parent / "static"
FOLDER = STATIC / "monitor"
UPLOT_JS = STATIC / "uplot" / "uPlot-1.6.32.iife.min.js"
UPLOT_CSS = STATIC / "uplot" / "uPlot-1.6.32.min.css"

SCRIPTS = (
    "words", "units", "series", "view", "look", "furniture", "chart", "hover", "svg", "export",
    "small", "completions", "compare", "panel", "monitor",
)  # fmt: skip
"""The parts of the script, in the order in which they build on one another."""


def poll(request: Any) -> str:
    """Answer a page as polling.poll does, in JSON text: Gradio would go through every number."""
    return orjson.dumps(polling.poll(request)).decode()


class Monitor(gr.HTML):
    """Shows the run whose name is its value, over others named after commas; empty shows how to begin."""

    def __init__(self, value: str = "", **kwargs: Any) -> None:
        gr.set_static_paths([UPLOT_JS])
        super().__init__(
            value,
            html_template=(FOLDER / "monitor.html").read_text(encoding="utf-8"),
            css_template="".join(f.read_text(encoding="utf-8") for f in (UPLOT_CSS, FOLDER / "monitor.css")),
            js_on_load=script(),
            server_functions=[poll, completions, run_list, curve_csv],
            apply_default_css=False,
            uplot_path=str(UPLOT_JS),
            small_charts=[dataclasses.asdict(chart) for chart in SMALL_CHARTS],
            **kwargs,
        )

    def api_info(self) -> dict[str, Any]:
        """Describe the value for the API page."""
        return {"type": "string", "description": "name of the run shown, then of those compared with it"}


def script() -> str:
    """Return the whole script: one function body, in which the parts see one another."""
    return "\n".join((FOLDER / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS)
