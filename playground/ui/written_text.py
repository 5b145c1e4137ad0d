"""The generated text as one lasting element: each token coloured, its alternatives, and a tree of branches.

The server sends the tokens of one branch as they come and keeps nothing of a page; the tree is the script's.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gradio as gr
import orjson

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
        """Hand the value to the page as two texts: what it is about, and a line for each token.

        Gradio looks through every value of an answer, and sends of a text only what was added.
        """
        if not value:
            return None
        about = {name: each for name, each in value.items() if name != "tokens"}
        lines = [orjson.dumps(token) for token in value["tokens"]]
        return {"about": orjson.dumps(about).decode(), "tokens": b"\n".join(lines).decode()}

    def api_info(self) -> dict[str, Any]:
        """Describe the value for the API page."""
        return {
            "type": "object",
            "description": "about: prompt, title, kept, copied, settings, command, python; tokens: lines",
        }


def asking(mode: str) -> str:
    """Return the script of a button: generate, regenerate, continue or branch."""
    return ASK.replace("MODE", json.dumps(mode))
