"""The generated text as one lasting element: each token coloured, its alternatives, and a tree of branches.

The server sends the tokens of one branch as they come and keeps nothing of a page; the tree is the script's.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gradio as gr

SCRIPTS = ("branches.js", "written.js")
FOLDER = Path(__file__).parent / "static" / "sample"

ASK = """
(...form) => {
  const holder = [...document.querySelectorAll("#output, #output *")].find((node) => node.__ask);
  form[form.length - 1] = holder?.__ask(MODE) ?? "{}";
  return form;
}
"""
"""Puts what is asked for into the last field of a form, on its way to the server."""


class WrittenText(gr.HTML):
    """Shows the tokens of its value (see writing.py) after the prompt; None shows how to begin."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            None,
            html_template=(FOLDER / "written.html").read_text(encoding="utf-8"),
            css_template=(FOLDER / "written.css").read_text(encoding="utf-8"),
            js_on_load="".join((FOLDER / f).read_text(encoding="utf-8") for f in SCRIPTS),
            apply_default_css=False,
            **kwargs,
        )

    def postprocess(self, value: Any) -> Any:
        """Hand the value to the page."""
        return value or None

    def api_info(self) -> dict[str, Any]:
        """Describe the value for the API page."""
        return {
            "type": "object",
            "description": "prompt, title, kept, tokens, copied, settings, command, python",
        }


def asking(mode: str) -> str:
    """Return the script of a button: generate, regenerate, continue or branch."""
    return ASK.replace("MODE", json.dumps(mode))
